"""Gutters: the white space between columns of text or of a table, found by following gaps down a PDF page's rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pincite.ingest.readers.pdf.rows import Row, joined
from pincite.ingest.readers.pdf.words import Rule, Word

__all__ = ["MARKER", "Band", "find_bands"]

MARKER = re.compile(
    r"(?:(?:§+|Art(?:icle|\.)|Sec(?:tion|\.)|Note:?) ?)?"
    r"(?:(?:[(\[]?(?:[A-Za-z]|[ivxIVX]{1,6}|\d{1,3})[)\]])+|(?:[A-Z]\.)?\d{1,4}(?:\.\d{1,4})*[.:)]?|[A-Za-z]\.|[ivxIVX]{1,5}\.)"
    r"|[^\w\s]|[o§]|[\ue000-\uf8ff]"
)
_CAPTION = re.compile(r"(?:Table|Tab\.|Figure|Fig\.|Exhibit) [\dA-Z.-]+[:.]")
_COLUMN_ROWS = 8  # supporting rows from which white space divides columns of text rather than a table


IsTable = Callable[[Sequence[Row], list[float]], bool]


@dataclass(frozen=True, slots=True)
class Band:
    """Rows `first` to `last`, to be divided at `edges`: columns of text, or a table."""

    first: int
    last: int
    edges: list[float]
    table: bool


@dataclass(slots=True)
class _Gutter:
    """White space from row `first` to row `last`; the heights are of the last row with words on that side."""

    x0: float
    x1: float
    first: int
    last: int
    left_y: float
    right_y: float
    support: int = 0


def find_bands(rows: Sequence[Row], rules: Sequence[Rule], is_table: IsTable) -> list[Band]:
    """Return the runs of rows that stand in columns."""
    gutters = sorted(_gutters(rows, rules), key=lambda gutter: gutter.first)
    groups: list[list[_Gutter]] = []
    ends: list[int] = []
    for gutter in gutters:
        if groups and gutter.first <= ends[-1]:
            groups[-1].append(gutter)
            ends[-1] = max(ends[-1], gutter.last)
        else:
            groups.append([gutter])
            ends.append(gutter.last)
    bands: list[Band] = []
    for at, (group, last) in enumerate(zip(groups, ends, strict=True)):
        first = group[0].first
        while first < last and _CAPTION.match(rows[first].text):
            first += 1
        edges = _grid(rows[first : last + 1], rules) or _edges(group)
        least = bands[-1].last + 1 if bands else 0
        if first < least:
            continue
        most = groups[at + 1][0].first if at + 1 < len(groups) else len(rows)
        table = is_table(rows[first : last + 1], edges)
        reach = _reach_of_table if table else _reach_of_columns
        first, last = reach(group, rows, rules, first, last, least, most)
        bands.append(Band(first, last, edges, table))
    return bands


def _gutters(rows: Sequence[Row], rules: Sequence[Rule]) -> list[_Gutter]:
    open_: list[_Gutter] = []
    done: list[_Gutter] = []
    for at, row in enumerate(rows):
        still = []
        for gutter in open_:
            narrowed = _white(row, gutter.x0, gutter.x1)
            if narrowed is None or row.y - max(gutter.left_y, gutter.right_y) > 5 * row.size:
                done.append(gutter)
                continue
            gutter.x0, gutter.x1 = narrowed
            _follow(gutter, row, at)
            still.append(gutter)
        open_ = still
        for word, following in zip(row.words, row.words[1:], strict=False):
            x0, x1 = word.x1, following.x0
            # a clearly wider gap at the place of a known one may be what the narrow one was by chance
            known = any(gutter.x0 < x1 and x0 < gutter.x1 and x1 - x0 < 2 * (gutter.x1 - gutter.x0) for gutter in open_)
            if x1 - x0 >= 0.5 * row.size and not known:
                open_.append(_Gutter(x0, x1, at, at, row.y, row.y))
    accepted = [gutter for gutter in done + open_ if _is_gutter(gutter, rows, rules)]
    accepted.sort(key=lambda gutter: -gutter.support)
    kept: list[_Gutter] = []
    for gutter in accepted:  # of several at one place the best supported is meant
        if not any(
            gutter.x0 < other.x1 and other.x0 < gutter.x1 and gutter.first <= other.last and other.first <= gutter.last
            for other in kept
        ):
            kept.append(gutter)
    return kept


def _white(row: Row, x0: float, x1: float) -> tuple[float, float] | None:
    """Return the widest part of `x0` to `x1` that no word of the row covers, if it is wide enough."""
    best = (0.0, 0.0)
    at = x0
    for word in row.words:
        if word.x1 > x0:
            if min(word.x0, x1) - at > best[1] - best[0]:
                best = (at, min(word.x0, x1))
            at = max(at, word.x1)
            if at >= x1:
                break
    if x1 - at > best[1] - best[0]:
        best = (at, x1)
    return best if best[1] - best[0] >= 0.4 * row.size else None


def _follow(gutter: _Gutter, row: Row, at: int) -> None:
    if row.x0 < gutter.x0:
        gutter.left_y = row.y
    if row.x1 > gutter.x1:
        gutter.right_y = row.y
    # columns of unequal base lines: a line on one side less than a size below one on the other
    if abs(gutter.left_y - gutter.right_y) < row.size:
        gutter.last = at


def _is_gutter(gutter: _Gutter, rows: Sequence[Row], rules: Sequence[Rule]) -> bool:
    """Accept white space that a rule runs through, or at whose right enough rows begin or end at the same place."""
    band = rows[gutter.first : gutter.last + 1]
    size = sorted(row.size for row in band)[len(band) // 2]
    sides = [(_left(row, gutter), _right(row, gutter)) for row in band]
    both = [(left, right) for left, right in sides if left and right]
    starts = [right[0].x0 for _, right in sides if right]
    ends = [right[-1].x1 for _, right in both]
    middles = [(right[0].x0 + right[-1].x1) / 2 for _, right in both]
    gutter.support = max(_most_alike(places) for places in (starts, ends, middles))
    if not both and gutter.support < _COLUMN_ROWS:
        return False
    top, bottom = band[0].y - band[0].size, band[-1].y
    if len(both) >= 2 and any(
        not rule.level
        and gutter.x0 - 2 <= rule.x0 <= gutter.x1 + 2
        and min(rule.y1, bottom) - max(rule.y0, top) > 0.5 * size
        for rule in rules
    ):
        return True
    marked = sum(MARKER.fullmatch(joined(left)) is not None for left, _ in both)
    if both and marked >= 0.7 * len(both):  # numbers and bullets that hang before their text
        return False
    ems = (gutter.x1 - gutter.x0) / size
    support = min(gutter.support, len(both)) if gutter.support < _COLUMN_ROWS else gutter.support
    return support >= (2 if ems >= 1.5 else 3 if ems >= 0.8 else 4)


def _left(row: Row, gutter: _Gutter) -> list[Word]:
    """Return the words that end at the gutter, back to the gap before them."""
    found: list[Word] = []
    for word in reversed([word for word in row.words if word.x1 <= gutter.x0 + 0.1]):
        if found and found[-1].x0 - word.x1 > 0.9 * row.size:
            break
        found.append(word)
    return found[::-1]


def _right(row: Row, gutter: _Gutter) -> list[Word]:
    """Return the words that begin at the gutter, on to the gap after them."""
    found: list[Word] = []
    for word in row.words:
        if word.x0 >= gutter.x1 - 0.1:
            if found and word.x0 - found[-1].x1 > 0.9 * row.size:
                break
            found.append(word)
    return found


def _most_alike(places: list[float]) -> int:
    """Return how many places lie within three points of one another."""
    places = sorted(places)
    best = at = 0
    for index, place in enumerate(places):
        while place - places[at] > 3:
            at += 1
        best = max(best, index - at + 1)
    return best


def _reach_of_columns(
    group: list[_Gutter], rows: Sequence[Row], rules: Sequence[Rule], first: int, last: int, least: int, most: int
) -> tuple[int, int]:
    """Let columns begin and end with the longest of them."""

    def goes_on(at: int, beside: int) -> bool:
        return _clear(rows[at], group) and abs(rows[at].y - rows[beside].y) <= 3.0 * rows[at].size

    while last + 1 < most and goes_on(last + 1, last):
        last += 1
    while first > least and goes_on(first - 1, first):
        first -= 1
    return first, last


def _reach_of_table(
    group: list[_Gutter], rows: Sequence[Row], rules: Sequence[Rule], first: int, last: int, least: int, most: int
) -> tuple[int, int]:
    """Let a table begin and end where its upright rules do, or end with the last lines of its last row."""
    upright = [rule for rule in rules if not rule.level and rule.y1 - rule.y0 > 6]
    top, bottom = rows[first].y, rows[last].y
    grown = True
    while grown:  # rules drawn cell by cell follow one another
        near = [rule for rule in upright if rule.y0 <= bottom + 4 and rule.y1 >= top - 4]
        reach = min([top, *(rule.y0 for rule in near)]), max([bottom, *(rule.y1 for rule in near)])
        grown = reach[0] < top - 0.5 or reach[1] > bottom + 0.5
        top, bottom = reach
    while first > least and rows[first - 1].y - 0.5 * rows[first - 1].size > top:
        first -= 1
    while first > least and _heads_table(rows[first - 1], rows[first], group):
        first -= 1
    bottom = max(bottom, _closing_rule(group, rows, rules, last, most))
    while last + 1 < most:
        row = rows[last + 1]
        if row.y > bottom and (not _clear(row, group) or row.y - rows[last].y > 1.25 * row.size):
            break
        last += 1
    return first, last


def _heads_table(row: Row, below: Row, group: list[_Gutter]) -> bool:
    """Tell the upper lines of column headings, which may stand above one column only."""
    near = below.y - row.y <= 1.3 * row.size
    return near and _clear(row, group) and all(word.bold for word in row.words) and any(w.bold for w in below.words)


def _closing_rule(group: list[_Gutter], rows: Sequence[Row], rules: Sequence[Rule], last: int, most: int) -> float:
    """Return the height of the level rule that ends a table below its row `last`, 0 if there is none."""
    left, right = min(gutter.x0 for gutter in group), max(gutter.x1 for gutter in group)
    across = sorted(
        rule.y0
        for rule in rules
        if rule.level and rule.x0 < left - 6 and right + 6 < rule.x1 and rule.y0 > rows[last].y
    ) or sorted(
        rule.y0 for rule in rules if rule.level and rule.x1 - 3 <= right < rule.x1 + 30 and rule.y0 > rows[last].y
    )
    end = last
    while end + 1 < most and _clear(rows[end + 1], group) and rows[end + 1].y - rows[end].y < 3 * rows[end].size:
        end += 1
    return max((y for y in across if y < rows[end].y + 2.5 * rows[end].size), default=0.0)


def _clear(row: Row, band: list[_Gutter]) -> bool:
    return all(word.x1 <= gutter.x1 or word.x0 >= gutter.x0 for word in row.words for gutter in band)


def _edges(band: list[_Gutter]) -> list[float]:
    """Return the middles of the gutters of one band, those at the same place once."""
    places: list[tuple[float, float]] = []
    for gutter in sorted(band, key=lambda gutter: gutter.x0):
        if places and gutter.x0 < places[-1][1]:
            places[-1] = max(places[-1][0], gutter.x0), min(places[-1][1], gutter.x1)
        else:
            places.append((gutter.x0, gutter.x1))
    return [(x0 + x1) / 2 for x0, x1 in places]


def _grid(rows: Sequence[Row], rules: Sequence[Rule]) -> list[float]:
    """Return where upright rules along most of the rows divide their words."""
    top, bottom = rows[0].y - rows[0].size, rows[-1].y
    lengths: dict[float, float] = {}
    for rule in sorted((rule for rule in rules if not rule.level), key=lambda rule: rule.x0):
        place = next((place for place in lengths if abs(place - rule.x0) <= 4), rule.x0)
        lengths[place] = lengths.get(place, 0.0) + max(0.0, min(rule.y1, bottom) - max(rule.y0, top))
    left, right = min(row.x0 for row in rows), max(row.x1 for row in rows)
    return [place for place, length in lengths.items() if length >= 0.5 * (bottom - top) and left < place < right]
