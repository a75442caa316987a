"""Decides, before any draft, whether the passages found can answer the question at all."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pincite.answer.evidence import Selected
from pincite.answer.sufficiency import FEATURES, features, probability
from pincite.domain.answers import Reason
from pincite.errors import ConfigError
from pincite.library.current import POLICY, approved_policy
from pincite.search.figures import asked_figure, gives_figure
from pincite.search.search import SearchResult
from pincite.search.terms import names_in

__all__ = ["Policy", "Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds on the probability that the evidence answers (`pincite.answer.sufficiency`).

    Attributes:
        weights: of the model that gives the probability.
        passage: below it nothing in the corpus is about the question.
        sufficient: below it passages were found, but they do not answer.
        missing_name: taken off when the question names a person, place or firm that no passage found mentions.
        missing_figure: taken off when the question plainly asks for a period, a sum, a date or a count and no passage
            found gives one.
        strong: from it on the governing sentence is quoted when the draft fails.
        sha256: digest of the file the thresholds come from.
    """

    passage: float
    sufficient: float
    missing_name: float
    missing_figure: float
    strong: float
    weights: Mapping[str, float]
    sha256: str

    @classmethod
    @functools.cache
    def load(cls) -> Policy:
        """Return the thresholds that ship with the program."""
        return cls._read(resources.files("pincite.answer").joinpath("abstention.toml").read_bytes())

    @classmethod
    def of(cls, library: Path) -> Policy:
        """Return the thresholds calibrated for the library in this directory, else those that ship with the program.

        Raises:
            LibraryDamaged: if its ``abstention.toml`` is not the approved one.
            ConfigError: if it cannot be used.
        """
        data = approved_policy(library)
        if data is None:
            return cls.load()
        try:
            return cls._read(data)
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"{library / POLICY}: {error}", hint="Write it again: pincite evaluate FILE --calibrate"
            ) from error

    @classmethod
    def _read(cls, data: bytes) -> Policy:
        values = tomllib.loads(data.decode())
        weights = {name: float(values["weights"][name]) for name in (*FEATURES, "constant")}
        thresholds = {name: float(value) for name, value in values.items() if name != "weights"}
        thresholds.setdefault("missing_figure", 0.0)  # a library calibrated before there was such a deduction
        return cls(**thresholds, weights=weights, sha256=hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to go on; `reason` is NONE if so, `strong` if the evidence may be quoted without a draft; `score` is the
    probability that was compared."""

    reason: Reason
    strong: bool
    score: float


def judge(result: SearchResult, evidence: Sequence[Selected], policy: Policy) -> Verdict:
    """Judge the evidence of one question."""
    if any(hit.exact for hit in result.hits):
        return Verdict(Reason.NONE, True, 1.0)
    score = probability(policy.weights, features(result, evidence)) if evidence else 0.0
    if _missing_names(result, evidence):
        score -= policy.missing_name
    if score < policy.passage:
        return Verdict(Reason.NO_PASSAGE, False, score)
    if _missing_figure(result, evidence):
        score -= policy.missing_figure
    if score < policy.sufficient:
        return Verdict(Reason.INSUFFICIENT, False, score)
    return Verdict(Reason.NONE, score >= policy.strong, score)


def _missing_figure(result: SearchResult, evidence: Sequence[Selected]) -> bool:
    """Tell whether the question asks for a figure of a kind that no evidence gives, its own figures aside."""
    kind = asked_figure(result.question, plainly=True)
    return bool(kind) and not any(gives_figure(f"{one.item.lead_in} {one.item.text}", kind) for one in evidence)


def _missing_names(result: SearchResult, evidence: Sequence[Selected]) -> list[str]:
    """Return the proper names in the question that the evidence does not mention ("Texas", "Kenya").

    A passage on breaches does not answer a question on breaches in a country that the corpus says nothing about.
    """
    names = names_in(result.question)
    known = " ".join(
        part
        for one in evidence
        for part in (one.item.title, one.item.short, *one.item.path, one.item.lead_in, one.item.text)
    ).lower()
    return [name for name in names if name.lower() not in known]
