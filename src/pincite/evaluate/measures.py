"""The measures: what each question contributes, and their values with 95% intervals, overall and by group.

A question contributes to a measure a pair (numerator, denominator), or nothing where the measure does not apply to it.
How the pairs are summed up is told by the measure's form:

- ``yes-no``: one 0 or 1 a question; the share of ones with Wilson's interval.
- ``share``: several counts a question (citations, claims); sum over sum, bootstrap over questions. Where every count
  is right or every one wrong the bootstrap says nothing, and Wilson's interval with the number of questions is given.
- ``mean``: one number a question; bootstrap.
- ``median``, ``p95``: one number a question; bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pincite.evaluate.statistics import Floats, Statistic, bootstrap, quantile, ratio, wilson

__all__ = ["CUTS", "MEASURES", "Measure", "Value", "by_group", "evaluate", "ranking", "sample", "statistic_of"]

CUTS = (1, 5, 10, 50)
"""Ranks at which recall is measured; as many passages are searched for as the last one says."""
_NEAR = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its name in JSON, its title in tables, its form, which direction is better, what it says.

    `value` is the name of what questions contribute; two measures may sum up the same numbers differently.
    """

    name: str
    title: str
    form: str
    better: str
    definition: str
    value: str = ""

    @property
    def key(self) -> str:
        """The name under which questions contribute."""
        return self.value or self.name


MEASURES: tuple[Measure, ...] = (
    Measure("facts", "answer has the facts", "yes-no", "higher",
            "of questions with an answer and facts to look for: every `must` matches and no `must_not` does, in the "
            "text that is shown: sentences, pin-cites and quotations"),
    Measure("facts_strict", "the same in sentences only", "yes-no", "higher",
            "as `facts`, in the sentences of the answer without the list of sources"),
    Measure("evidence_cited", "all gold evidence quoted", "yes-no", "higher",
            "of questions with gold: for every group a citation quotes one of its snippets whole, or words of one of "
            "its provisions"),
    Measure("success", "facts and evidence", "yes-no", "higher",
            "of questions with facts and gold: `facts` and `evidence_cited` both"),
    Measure("citation_precision", "citations of gold passages", "share", "higher",
            "of the citations given to questions with gold: the quote shares a character with a passage, or its lead-"
            "in, that holds a gold snippet, or with a gold provision"),
    Measure("verbatim", "quotes verbatim", "share", "higher",
            "of all citations: the quote's UTF-8 bytes are those of the stored text between its offsets, and the "
            "text's digest is the stored one"),
    Measure("support", "claims supported by quotes", "share", "higher",
            "of all claims: pincite.answer.checks passes against one of the quotes cited alone, or against all of them "
            "together; a claim that only introduces a quotation contains it word for word"),
    Measure("abstention_precision", "abstention: precision", "share", "higher",
            "of the questions not answered (not found, refused): the corpus does not answer them"),
    Measure("abstention_recall", "abstention: recall", "yes-no", "higher",
            "of the questions that the corpus does not answer: not answered"),
    Measure("abstention_f1", "abstention: F1", "share", "higher",
            "harmonic mean of precision and recall of abstention"),
    Measure("false_abstention", "false abstention", "yes-no", "lower",
            "of the questions that the corpus answers: not answered"),
    Measure("answered_unanswerable", "unanswerable answered", "yes-no", "lower",
            "of the questions that the corpus does not answer: answered, in part too"),
    Measure("absent_refused", "absent provisions refused", "yes-no", "higher",
            "of the questions of kind absent-provision: refused because the provision does not exist"),
    Measure("evidence_in_10", "gold evidence in first 10", "yes-no", "higher",
            "of questions with gold: every group is in one of the first ten passages found"),
    *(
        Measure(f"recall_{cut}", f"R@{cut}", "mean", "higher",
                f"of questions with gold: share of groups in the first {cut} passages found, mean over questions")
        for cut in CUTS
    ),
    Measure("map_10", "MAP@10", "mean", "higher",
            "mean average precision: for each group that is in the first ten, the share of passages up to its rank "
            "that brought a new group, summed and divided by all groups (trec_eval's map_cut_10)"),
    Measure("ndcg_10", "nDCG@10", "mean", "higher",
            "normalised discounted cumulative gain: 1 / log2(1 + rank) of each group's first passage, over its highest "
            "possible value (Järvelin and Kekäläinen 2002)"),
    Measure("prompt_tokens_median", "prompt tokens, median", "median", "lower",
            "tokens read by the model, of the questions that reached it", "prompt_tokens"),
    Measure("prompt_tokens_p95", "prompt tokens, p95", "p95", "lower",
            "the same, 95th percentile", "prompt_tokens"),
    Measure("seconds_median", "seconds, median", "median", "lower",
            "from the question to the whole answer, of the questions that reached the model", "seconds"),
    Measure("seconds_p95", "seconds, p95", "p95", "lower", "the same, 95th percentile", "seconds"),
    Measure("search_median", "search seconds, median", "median", "lower",
            "searching only, all questions", "search_seconds"),
    Measure("search_p95", "search seconds, p95", "p95", "lower", "the same, 95th percentile", "search_seconds"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """A measure's value, its 95% interval and the number of questions it rests on."""

    value: float
    low: float
    high: float
    questions: int

    def to_json(self) -> dict[str, float | int]:
        """Return plain values, rounded to six digits."""
        return {
            "value": round(self.value, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "questions": self.questions,
        }


def statistic_of(measure: Measure) -> Statistic:
    """Return how a measure sums up its questions."""
    if measure.form == "median":
        return quantile(0.5)
    return quantile(0.95) if measure.form == "p95" else ratio


def sample(measure: Measure, questions: Iterable[Mapping[str, Any]]) -> Floats:
    """Return what questions contribute to a measure, shape (n, 2); those to which it does not apply are left out."""
    pairs = [question["measures"].get(measure.key) for question in questions]
    kept = [pair if isinstance(pair, list) else (pair, 1) for pair in pairs if pair is not None]
    return np.array(kept, np.float64).reshape(-1, 2)


def evaluate(questions: Sequence[Mapping[str, Any]]) -> dict[str, Value]:
    """Return the measures that apply to these questions (as `examine` describes them), by name."""
    values = {}
    for measure in MEASURES:
        pairs = sample(measure, questions)
        if len(pairs) and pairs[:, 1].sum() > 0:
            values[measure.name] = _value(measure, pairs)
    return values


def _value(measure: Measure, pairs: Floats) -> Value:
    statistic = statistic_of(measure)
    value = float(statistic(pairs))
    # for a share, a question without a citation says nothing
    count = int((pairs[:, 1] > 0).sum())
    if measure.form == "yes-no":
        low, high = wilson(int(pairs[:, 0].sum()), count)
    elif measure.form == "share" and value in (0.0, 1.0):
        low, high = wilson(round(value) * count, count)
    else:
        low, high = bootstrap(pairs, statistic)
    return Value(value, low, high, count)


def by_group(questions: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, Value]]]:
    """Return the measures for each kind, source and tag that occurs."""
    groups: dict[str, dict[str, dict[str, Value]]] = {}
    for dimension in ("kind", "source", "tags"):
        names = sorted({name for question in questions for name in _names(question, dimension)})
        groups[dimension] = {
            name: evaluate([question for question in questions if name in _names(question, dimension)])
            for name in names
        }
    return groups


def _names(question: Mapping[str, Any], dimension: str) -> Sequence[str]:
    value = question[dimension]
    names = [value] if isinstance(value, str) else list(value)
    return [name for name in names if name]


def ranking(ranks: Sequence[int | None]) -> dict[str, float]:
    """Return a question's measures of retrieval from the rank (from 1) at which each gold group was first covered.

    One passage may cover several groups; in the usual case of one passage a group these are the usual definitions.
    """
    groups = len(ranks)
    near = sorted(rank for rank in ranks if rank is not None and rank <= _NEAR)
    bringing = sorted(set(near))  # the passages that brought a new group
    precision = sum((bringing.index(rank) + 1) / rank for rank in near)
    gain = sum(1 / math.log2(1 + rank) for rank in near)
    ideal = sum(1 / math.log2(1 + rank) for rank in range(1, min(groups, _NEAR) + 1))
    values = {f"recall_{cut}": sum(r is not None and r <= cut for r in ranks) / groups for cut in CUTS}
    return {
        "evidence_in_10": float(len(near) == groups),
        **values,
        "map_10": precision / groups,
        "ndcg_10": min(1.0, gain / ideal),
    }
