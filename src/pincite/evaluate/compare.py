"""Two runs of the same questions side by side: differences, paired tests, and which questions changed sides."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pincite.domain.text import collapse, printable
from pincite.errors import EvaluationError
from pincite.evaluate.measures import MEASURES, Measure, statistic_of
from pincite.evaluate.statistics import Floats, mcnemar, permutation

__all__ = ["Comparison", "Difference", "compare", "comparison_table"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure in two runs, over the questions that both asked.

    Attributes:
        measure: which.
        first, second: its values.
        p: of the paired test named in `test`.
        questions: on how many it rests.
        lost, won: ids of the questions that went from right to wrong and from wrong to right (yes-no measures).
    """

    measure: Measure
    first: float
    second: float
    p: float
    test: str
    questions: int
    lost: tuple[str, ...] = ()
    won: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "measure": self.measure.name,
            "first": round(self.first, 6),
            "second": round(self.second, 6),
            "difference": round(self.second - self.first, 6),
            "better": self.measure.better,
            "p": round(self.p, 6),
            "test": self.test,
            "questions": self.questions,
            "right_to_wrong": list(self.lost),
            "wrong_to_right": list(self.won),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, the number of common questions, and of those that only one run asked."""

    differences: tuple[Difference, ...]
    common: int
    only_first: int
    only_second: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "common": self.common,
            "only_first": self.only_first,
            "only_second": self.only_second,
            "differences": [difference.to_json() for difference in self.differences],
        }


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> Comparison:
    """Compare two runs over the questions that have the same id and the same words in both.

    Raises:
        EvaluationError: if they have no question in common.
    """
    left, right = _by_question(first), _by_question(second)
    common = [key for key in left if key in right]
    if not common:
        raise EvaluationError("the two runs have no question in common")
    differences = []
    for measure in MEASURES:
        found = _difference(measure, [(left[key], right[key]) for key in common])
        if found:
            differences.append(found)
    return Comparison(tuple(differences), len(common), len(left) - len(common), len(right) - len(common))


def _by_question(run: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(question["id"], question["question"]): question for question in run["questions"]}


def _difference(
    measure: Measure, questions: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> Difference | None:
    pairs = []
    for one, other in questions:
        a, b = _pair(one, measure), _pair(other, measure)
        if a is not None and b is not None:
            pairs.append((one["id"], a, b))
    if not pairs:
        return None
    first = np.array([a for _, a, _ in pairs], np.float64)
    second = np.array([b for _, _, b in pairs], np.float64)
    statistic = statistic_of(measure)
    values = float(statistic(first)), float(statistic(second))
    if np.isnan(values).any():
        return None
    count = len(pairs)
    if measure.form != "yes-no":
        p = permutation(first, second, statistic)
        return Difference(measure, *values, p, "paired permutation", count)
    better = _right(measure, first), _right(measure, second)
    lost = tuple(pairs[i][0] for i in np.flatnonzero(better[0] & ~better[1]))
    won = tuple(pairs[i][0] for i in np.flatnonzero(~better[0] & better[1]))
    return Difference(measure, *values, mcnemar(len(lost), len(won)), "exact McNemar", count, lost, won)


def _right(measure: Measure, sample: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray((sample[:, 0] > 0) == (measure.better == "higher"), dtype=np.bool_)


def _pair(question: Mapping[str, Any], measure: Measure) -> tuple[float, float] | None:
    value = question["measures"].get(measure.key)
    if value is None:
        return None
    return (value[0], value[1]) if isinstance(value, list) else (value, 1.0)


def comparison_table(found: Comparison, first: str, second: str) -> str:
    """Return a comparison as text at 80 columns."""
    lines = [
        f"A {printable(first)}",
        f"B {printable(second)}",
        f"{found.common} common questions; only in A {found.only_first}, only in B {found.only_second}",
        "",
        f"{'':30} {'A':>9} {'B':>9} {'B - A':>9} {'p':>7} {'n':>6}",
    ]
    for one in found.differences:
        mark = " *" if one.p < 0.05 else ""
        lines.append(
            f"{one.measure.title:30} {one.first:9.3f} {one.second:9.3f} {one.second - one.first:+9.3f} "
            f"{one.p:7.4f} {one.questions:6}{mark}"
        )
    lines += [
        "",
        "p: exact McNemar for yes-no measures, paired permutation for others; * p < 0.05,",
        "each test by itself",
    ]
    for one in found.differences:
        for words, ids in (("right to wrong", one.lost), ("wrong to right", one.won)):
            if ids:
                lines += textwrap.wrap(
                    collapse(printable(f"{one.measure.title}, {words} ({len(ids)}): {', '.join(ids)}")),
                    80,
                    subsequent_indent="    ",
                )
    return "\n".join(lines) + "\n"
