"""Ruled tables of a PDF page: where upright and level rules cross, and which words stand in which cell."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pincite.ingest.readers.pdf.rows import Row
from pincite.ingest.readers.pdf.words import Rule, Word

__all__ = ["Grid", "cells_of", "find_grids"]

_SAME = 3.0  # points within which rules are one rule drawn twice, or the two edges of a thick one


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table: its upright rules from left to right, and the level ones that divide each column."""

    xs: tuple[float, ...]
    top: float
    bottom: float
    levels: tuple[tuple[float, ...], ...]
    uprights: tuple[Rule, ...]

    @property
    def edges(self) -> list[float]:
        """Where its columns meet."""
        return list(self.xs[1:-1])


def find_grids(rules: Sequence[Rule]) -> list[Grid]:
    """Return the ruled tables of at least two columns and two rows, from top to bottom."""
    uprights = sorted((rule for rule in rules if not rule.level and rule.y1 - rule.y0 >= 6), key=lambda rule: rule.y0)
    levels = [rule for rule in rules if rule.level]
    grids = []
    for span in _spans(uprights):
        top, bottom = min(rule.y0 for rule in span), max(rule.y1 for rule in span)
        xs = _places(rule.x0 for rule in span)
        near = [rule for rule in levels if top - _SAME <= rule.y0 <= bottom + _SAME]
        near = [rule for rule in near if rule.x1 > xs[0] + _SAME and rule.x0 < xs[-1] - _SAME]
        if len(xs) < 3 or len(_places(rule.y0 for rule in near)) < 3:
            continue
        divided = tuple(_levels(near, left, right) for left, right in pairwise(xs))
        grids.append(Grid(tuple(xs), top, bottom, divided, tuple(span)))
    return grids


def _spans(uprights: Sequence[Rule]) -> list[list[Rule]]:
    """Gather upright rules that follow one another without a gap."""
    spans: list[list[Rule]] = []
    end = 0.0
    for rule in uprights:
        if not spans or rule.y0 > end + 4:
            spans.append([])
            end = rule.y1
        spans[-1].append(rule)
        end = max(end, rule.y1)
    return spans


def _places(values: Iterable[float]) -> list[float]:
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _SAME:
            places.append(value)
    return places


def _levels(rules: Iterable[Rule], left: float, right: float) -> tuple[float, ...]:
    """Return the heights at which level rules, drawn whole or in pieces, cross most of a column."""
    lengths: dict[float, float] = {}
    for rule in sorted(rules, key=lambda rule: rule.y0):
        length = min(rule.x1, right) - max(rule.x0, left)
        if length > 0:
            place = next((place for place in reversed(lengths) if rule.y0 - place <= _SAME), rule.y0)
            lengths[place] = lengths.get(place, 0.0) + length
    return tuple(place for place, length in lengths.items() if length >= 0.6 * (right - left))


def cells_of(grid: Grid, rows: Sequence[Row]) -> list[list[list[Word]]]:
    """Return the words of each cell, row by row; a cell that spans rows of its neighbours gets a row before them."""
    found: dict[tuple[int, float], list[Word]] = {}
    for row in rows:
        for column, word in _columns(grid, row):
            levels = grid.levels[column]
            at = bisect_right(levels, word.y - 0.3 * word.size)
            found.setdefault((column, levels[at - 1] if at else grid.top), []).append(word)
    tops = _places(top for _, top in found)
    result: list[list[list[Word]]] = []
    width = len(grid.levels)
    for at, top in enumerate(tops):
        below = tops[at + 1] if at + 1 < len(tops) else grid.bottom
        whole: list[list[Word]] = [[] for _ in range(width)]
        spanning: list[list[Word]] = [[] for _ in range(width)]
        for (column, start), words in found.items():
            if abs(start - top) <= _SAME:
                end = next((level for level in grid.levels[column] if level > start + _SAME), grid.bottom)
                divided = any(top + _SAME < other < end - _SAME for other in tops)
                (spanning if divided and end > below + _SAME else whole)[column] += words
        result += [cells for cells in (spanning, whole) if any(cells)]
    return result


def _columns(grid: Grid, row: Row) -> Iterable[tuple[int, Word]]:
    """Yield the column of each word; words that no rule parts stay in the column where the first of them stands."""
    middle = row.y - 0.3 * row.size
    walls = _places(rule.x0 for rule in grid.uprights if rule.y0 - 1 <= middle <= rule.y1 + 1)
    last = len(grid.levels) - 1
    for word in row.words:
        centre = (word.x0 + word.x1) / 2
        wall = bisect_right(walls, centre)
        start = walls[wall - 1] if wall else grid.xs[0]
        yield min(last, max(0, bisect_right(grid.xs, start + _SAME) - 1)), word
