"""Choosing the bar for abstention: the trade-off curve, the threshold for a stated bound, and an honest figure for it.

The engine answers only if the strength of its evidence reaches a threshold (`pincite.answer.abstain`). Here the
strengths of questions that the corpus answers and of questions that it does not are set against each other.
A threshold chosen on the questions that it is measured on flatters; the honest figure judges each question by the
threshold that all others give (leave-one-out cross-validation).

A question that the lookup of names refuses, whatever its strength, is left out. What a draft's checks refuse later is
not counted either: the real share of unanswerable questions that are answered is at most the one given here.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from pincite.errors import EvaluationError
from pincite.evaluate.statistics import wilson

__all__ = ["Calibration", "Point", "Rates", "calibrate", "calibration_table", "points_of", "policy_text", "rates"]

MOST_ANSWERED = 0.08
"""Share of unanswerable questions that may be answered, where nothing else is said."""
_FEWEST = 5
_ROWS = 20


@dataclass(frozen=True, slots=True)
class Point:
    """One question: the strength that the threshold is compared with, and whether the corpus answers it."""

    score: float
    answerable: bool


@dataclass(frozen=True, slots=True)
class Rates:
    """What a threshold does: how many of the unanswerable are answered, how many of the answerable are not."""

    threshold: float
    answered: int
    unanswerable: int
    abstained: int
    answerable: int

    @property
    def answered_unanswerable(self) -> float:
        """Share of unanswerable questions that are answered."""
        return self.answered / self.unanswerable

    @property
    def false_abstention(self) -> float:
        """Share of answerable questions that are not answered."""
        return self.abstained / self.answerable

    def to_json(self) -> dict[str, float]:
        """Return plain JSON values."""
        return {
            "threshold": round(self.threshold, 6),
            "answered_unanswerable": round(self.answered_unanswerable, 6),
            "false_abstention": round(self.false_abstention, 6),
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """The rates at the threshold chosen, those of leave-one-out, the whole curve, and the bound that was set."""

    chosen: Rates
    honest: Rates
    curve: tuple[Rates, ...]
    bound: float

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "bound": self.bound,
            "threshold": self.chosen.threshold,
            "on_these": self.chosen.to_json(),
            "leave_one_out": self.honest.to_json(),
            "curve": [one.to_json() for one in self.curve],
        }


def points_of(questions: Iterable[Mapping[str, Any]]) -> list[Point]:
    """Return the questions of a run whose abstention the threshold decides."""
    return [
        Point(question["strength"]["score"], question["answerable"])
        for question in questions
        if question["answerable"] is not None and not question["strength"]["refused"]
    ]


def rates(points: Sequence[Point], threshold: float) -> Rates:
    """Return what a threshold does; a question is answered if its score is at least the threshold."""
    unanswerable = [point for point in points if not point.answerable]
    answerable = [point for point in points if point.answerable]
    return Rates(
        threshold,
        sum(point.score >= threshold for point in unanswerable),
        len(unanswerable),
        sum(point.score < threshold for point in answerable),
        len(answerable),
    )


def calibrate(points: Sequence[Point], bound: float = MOST_ANSWERED) -> Calibration:
    """Choose the threshold with the least false abstention among those that keep the bound.

    Args:
        points: the questions.
        bound: largest share of unanswerable questions that may be answered.

    Raises:
        EvaluationError: if there are fewer than five questions of either sort.
    """
    counts = [sum(point.answerable is wanted for point in points) for wanted in (True, False)]
    if min(counts) < _FEWEST:
        raise EvaluationError(
            f"{counts[0]} questions with an answer and {counts[1]} without are too few to choose a threshold",
            hint=f"At least {_FEWEST} of each are needed, and a hundred are better.",
        )
    chosen = _choose(points, bound)
    answered = abstained = 0
    for i, point in enumerate(points):
        others = [*points[:i], *points[i + 1 :]]
        reached = point.score >= _choose(others, bound)
        answered += reached and not point.answerable
        abstained += not reached and point.answerable
    honest = Rates(chosen, answered, counts[1], abstained, counts[0])
    curve = tuple(rates(points, threshold) for threshold in _candidates(points))
    return Calibration(rates(points, chosen), honest, curve, bound)


def _candidates(points: Sequence[Point]) -> list[float]:
    """Return a threshold below all scores, one between each two that differ, and one above all."""
    scores = sorted({point.score for point in points})
    middles = [(low + high) / 2 for low, high in itertools.pairwise(scores)]
    return [0.0, *middles, scores[-1] + 0.01]


def _choose(points: Sequence[Point], bound: float) -> float:
    """Return the threshold; of those with equal false abstention, the one that answers the fewest wrongly."""
    thresholds = np.array(_candidates(points))
    wrong = np.sort([point.score for point in points if not point.answerable])
    right = np.sort([point.score for point in points if point.answerable])
    answered = len(wrong) - np.searchsorted(wrong, thresholds, side="left")
    abstained = np.searchsorted(right, thresholds, side="left")
    kept = np.flatnonzero(answered <= bound * len(wrong))  # never empty: above all scores nothing is answered
    best = min(kept, key=lambda i: (abstained[i], answered[i], thresholds[i]))
    return float(thresholds[best])


def policy_text(found: Calibration, source: str) -> str:
    """Return the ``abstention.toml`` for a threshold; what it does not decide is as shipped.

    Args:
        found: the calibration.
        source: what it was made on, in words, for a comment.
    """
    shipped = tomllib.loads(resources.files("pincite.answer").joinpath("abstention.toml").read_text("utf-8"))
    sufficient = round(found.chosen.threshold, 4)
    weights = shipped.pop("weights")
    values = {
        **shipped,
        "sufficient": sufficient,
        "passage": min(shipped["passage"], sufficient),
        "doubtful": sufficient,  # what the model's reading lets through below it would not keep the bound
        "strong": max(shipped["strong"], sufficient),
    }
    honest = found.honest
    lines = [
        "# Thresholds of abstention for this library, written by pincite evaluate --calibrate.",
        f"# Chosen on {' '.join(source.split())}: {honest.answerable} questions with an answer, "
        f"{honest.unanswerable} without.",
        f"# By leave-one-out: {honest.answered_unanswerable:.3f} of those without are answered, "
        f"{honest.false_abstention:.3f} of those with one are not.",
        *(f"{name} = {value}" for name, value in values.items()),
        "",
        "[weights]",
        *(f"{name} = {value}" for name, value in weights.items()),
    ]
    return "\n".join(lines) + "\n"


def calibration_table(found: Calibration) -> str:
    """Return the trade-off curve and the choice as text at 80 columns."""
    lines = [f"{'threshold':>9}  {'unanswerable answered':>22}  {'answerable not answered':>24}"]
    step = max(1, len(found.curve) // _ROWS)
    shown = {found.curve[i].threshold: found.curve[i] for i in range(0, len(found.curve), step)}
    shown[found.chosen.threshold] = found.chosen
    for threshold, one in sorted(shown.items()):
        mark = "  <" if threshold == found.chosen.threshold else ""
        lines.append(f"{threshold:9.3f}  {one.answered_unanswerable:22.3f}  {one.false_abstention:24.3f}{mark}")
    lines += [
        "",
        f"bound: at most {found.bound:g} of the unanswerable answered",
        _words("on these questions", found.chosen),
        _words("leave-one-out", found.honest),
    ]
    return "\n".join(lines) + "\n"


def _words(name: str, one: Rates) -> str:
    low, high = wilson(one.answered, one.unanswerable)
    least, most = wilson(one.abstained, one.answerable)
    return (
        f"{name + ':':20} answered {one.answered_unanswerable:.3f} ({low:.3f} to {high:.3f}), "
        f"not {one.false_abstention:.3f} ({least:.3f} to {most:.3f})"
    )
