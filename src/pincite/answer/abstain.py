"""Decides, before any draft, whether the passages found can answer the question at all.

First by what the search knows (`pincite.answer.sufficiency`), then by what the language model makes of the best
evidence (`pincite.answer.likelihood`): evidence that makes the question hardly likelier does not answer it, and
evidence that the search doubts is enough if it makes it likelier by more.
"""

from __future__ import annotations

import functools
import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pincite.answer.evidence import Selected
from pincite.answer.happened import only_rules_found
from pincite.answer.sufficiency import FEATURES, features, probability
from pincite.domain.answers import Reason
from pincite.errors import ConfigError
from pincite.library.current import POLICY, approved_policy
from pincite.search.acts import laws_in, speaks_of
from pincite.search.figures import asked_figure, gives_figure
from pincite.search.search import SearchResult
from pincite.search.terms import names_in, products_in

__all__ = ["Policy", "Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds on the probability that the evidence answers (`pincite.answer.sufficiency`).

    Attributes:
        weights: of the model that gives the probability.
        doubtful: below it the model is not asked.
        passage: below it a question that is not answered is one that nothing in the corpus is about; above, passages
            were found, but they do not answer.
        sufficient: from it on the evidence answers, unless it adds less than `least_gain` to the likelihood of the
            question, which from `strong` on is not asked; below it only if it adds `convincing`. Both in nats.
        missing_name: taken off when the question names a person, place or firm that no passage found mentions.
        missing_figure: taken off when the question plainly asks for a period, a sum, a date or a count and no passage
            found gives one.
        strong: from it on the search is sure, and the governing sentence is quoted when the draft fails.
        sha256: digest of the file the thresholds come from.
    """

    doubtful: float
    passage: float
    sufficient: float
    least_gain: float
    convincing: float
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
        # a library calibrated before there was such a deduction, and before the model's reading decided anything
        before = {
            "missing_figure": 0.0,
            "doubtful": thresholds["sufficient"],
            "least_gain": -math.inf,
            "convincing": 0.0,
        }
        thresholds = before | thresholds
        return cls(**thresholds, weights=weights, sha256=hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to go on.

    Attributes:
        reason: why not, NONE if the model is to be asked.
        strong: whether the evidence may be quoted without a draft.
        score: the probability that was compared.
        needed: what the evidence must add to the likelihood of the question, in nats, minus infinity if nothing;
            `otherwise` is the reason if it does not.
    """

    reason: Reason
    strong: bool
    score: float
    needed: float = -math.inf
    otherwise: Reason = Reason.INSUFFICIENT


def judge(result: SearchResult, evidence: Sequence[Selected], policy: Policy) -> Verdict:
    """Judge the evidence of one question."""
    if any(hit.exact for hit in result.hits):
        return Verdict(Reason.NONE, True, 1.0)
    if not evidence:
        return Verdict(Reason.NO_PASSAGE, False, 0.0)
    score = probability(policy.weights, features(result, evidence))
    if _missing_names(result, evidence):
        score -= policy.missing_name
    otherwise = Reason.NO_PASSAGE if score < policy.passage else Reason.INSUFFICIENT
    if only_rules_found(result.question, evidence) or _of_another_law(result, evidence):
        return Verdict(otherwise, False, score)
    if _missing_figure(result, evidence):
        score -= policy.missing_figure
    if score < min(policy.doubtful, policy.sufficient):
        return Verdict(otherwise, False, score)
    strong = score >= policy.strong
    # what the search is sure of always adds enough: of 90 questions of the development sets none adds less than 4.9
    enough = -math.inf if strong else policy.least_gain
    needed = enough if score >= policy.sufficient else policy.convincing
    return Verdict(Reason.NONE, strong, score, needed, otherwise)


def _missing_figure(result: SearchResult, evidence: Sequence[Selected]) -> bool:
    """Tell whether the question asks for a figure of a kind that no evidence gives, its own figures aside."""
    kind = asked_figure(result.question, plainly=True)
    return bool(kind) and not any(gives_figure(f"{one.item.lead_in} {one.item.text}", kind) for one in evidence)


def _missing_names(result: SearchResult, evidence: Sequence[Selected]) -> list[str]:
    """Return the proper names in the question that the evidence does not mention ("Texas", "Kenya").

    A passage on breaches does not answer a question on breaches in a country that the corpus says nothing about; the
    law of California does answer one on Los Angeles, and a rule on AI tools one on ChatGPT, though they name neither.
    """
    documents = {one.hit.passage.document for one in evidence}
    places = [place for place, of_there in result.places.items() if documents & of_there]
    known = " ".join((*places, *products_in(result.question), _said(evidence)))
    cited = [name for name, law in laws_in(result.question).items() if law and speaks_of(known, name, law)]
    known = " ".join((known, *cited)).lower()
    return [name for name in names_in(result.question) if name.lower() not in known]


def _of_another_law(result: SearchResult, evidence: Sequence[Selected]) -> bool:
    """Tell whether the question is about laws alone that the corpus neither holds nor, in the evidence, speaks of: what
    the GDPR says of a breach is no answer to what PIPEDA says of it."""
    absent = result.lookup.absent
    if not absent or result.lookup.named:
        return False
    known, laws = _said(evidence), laws_in(result.question)
    return not any(speaks_of(known, name, laws.get(name)) for name in absent)


def _said(evidence: Sequence[Selected]) -> str:
    """Return all that the evidence says, with its titles and headings."""
    return " ".join(
        part
        for one in evidence
        for part in (one.item.title, one.item.short, *one.item.path, one.item.lead_in, one.item.text)
    )
