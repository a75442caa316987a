"""The ranker: a weighted sum of features, with weights fitted to training questions."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

from pincite.search.features import FEATURES

__all__ = ["Ranker"]


@dataclass(frozen=True, slots=True)
class Ranker:
    """Scores candidates; a linear model, so that every order can be explained by its parts.

    Attributes:
        weights: one for each of `FEATURES`.
        second: of the cosine that the second embedder gives the best candidates.
        sha256: digest of the file that they come from.
    """

    weights: npt.NDArray[np.float32]
    second: float
    sha256: str

    @classmethod
    @functools.cache
    def load(cls) -> Ranker:
        """Return the weights that ship with the program (`ranking.toml`, made by ``training/ranker.py``)."""
        data = resources.files("pincite.search").joinpath("ranking.toml").read_bytes()
        values = tomllib.loads(data.decode())
        weights = np.array([values["weights"][name] for name in FEATURES], np.float32)
        return cls(weights, float(values["reranker"]["weight"]), hashlib.sha256(data).hexdigest())

    def scores(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a score for each row of `features`, greater is better, comparable within one question."""
        return np.asarray(features @ self.weights, dtype=np.float32)
