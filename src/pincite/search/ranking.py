"""The ranker: a weighted sum of features, with weights fitted to training questions and shifted by how they are put."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

from pincite.search.features import FEATURES

__all__ = ["Ranker"]

_COVERAGE, _LEXICAL, _PAIRS = (FEATURES.index(name) for name in ("coverage", "lexical", "pairs"))
_WITH_AND_WITHOUT = tuple((FEATURES.index(name), FEATURES.index(f"plain_{name}")) for name in ("passage", "sentence"))
"""Similarities with the question adapter, and without."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """Scores candidates; a linear model, so that every order can be explained by its parts.

    Attributes:
        weights: one for each of `FEATURES`.
        second: of the cosine and of the late interaction that the second embedder gives the best candidates.
        own_words: how the weights shift for questions in the rules' own words (see `ranking.toml`).
        sha256: digest of the file that they come from.
    """

    weights: npt.NDArray[np.float32]
    second: tuple[float, float]
    own_words: Mapping[str, float]
    sha256: str

    @classmethod
    @functools.cache
    def load(cls) -> Ranker:
        """Return the weights that ship with the program (`ranking.toml`, made by ``training/ranker.py``)."""
        data = resources.files("pincite.search").joinpath("ranking.toml").read_bytes()
        values = tomllib.loads(data.decode())
        weights = np.array([values["weights"][name] for name in FEATURES], np.float32)
        second = (float(values["reranker"]["cosine"]), float(values["reranker"]["tokens"]))
        return cls(weights, second, values["own_words"], hashlib.sha256(data).hexdigest())

    def scores(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a score for each row of `features`, greater is better, comparable within one question."""
        return np.asarray(features @ self.weights, dtype=np.float32)

    def uses_own_words(self, features: npt.NDArray[np.float32], words: int) -> float:
        """Return how far a question uses the words of the rules, from 0 to 1, by how many of its content words stand
        together in one candidate.

        Args:
            features: of the candidates, shape (candidates, len(FEATURES)).
            words: how many content words the question has.
        """
        if not len(features):
            return 0.0
        together = float(features[:, _COVERAGE].max()) * words
        first, all_ = self.own_words["first"], self.own_words["all"]
        return min(1.0, max(0.0, (together - first) / (all_ - first)))

    def shift(self, features: npt.NDArray[np.float32], own: float) -> npt.NDArray[np.float32]:
        """Return what each candidate gains if a question uses the rules' own words to this degree."""
        lexical = features[:, _LEXICAL]
        spread = float(np.ptp(lexical)) if own else 0.0
        gained = self.own_words["lexical"] * (lexical - lexical.min()) / spread if spread else np.zeros_like(lexical)
        gained = gained + self.own_words["pairs"] * features[:, _PAIRS]
        for adapted, plain in _WITH_AND_WITHOUT:
            moved = self.own_words[FEATURES[adapted]] * self.weights[adapted]
            gained = gained + moved * (features[:, plain] - features[:, adapted])
        return np.asarray(own * gained, dtype=np.float32)
