"""Tables to rows that can be cited alone: each cell carries its column heading; control tables to metadata."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pincite.ingest.blocks import Block

__all__ = ["Cell", "captions", "control_pairs", "expand", "head_rows", "table_blocks"]

_MOST_SPAN = 1000

# What the cells of a control table are called; in a history of versions they head columns instead.
_CONTROL = {
    "owner", "policy owner", "document owner", "version", "revision", "effective", "effective date", "effective from",
    "date", "author", "approved by", "approver", "approval date", "change", "changes", "description", "status",
    "classification", "reviewer", "reviewed by", "next review", "review date", "document id", "title",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A cell as the source has it; two cells with the same words are still two.

    Attributes:
        text: its words on one line.
        columns, rows: how far it reaches.
        head: true if the source marks it as a heading.
    """

    text: str
    columns: int = 1
    rows: int = 1
    head: bool = False


Row = Sequence[Cell]


def expand(rows: Sequence[Row]) -> list[list[Cell]]:
    """Return the grid: merged cells stand at every place that they cover."""
    grid: list[list[Cell]] = []
    hanging: dict[int, tuple[int, Cell]] = {}  # column -> rows still to cover, cell
    for row in rows:
        line: list[Cell] = []
        for cell in row:
            _hang(line, hanging)
            for _ in range(max(1, min(cell.columns, _MOST_SPAN))):
                if cell.rows > 1:
                    hanging[len(line)] = (cell.rows - 1, cell)
                line.append(cell)
        _hang(line, hanging)
        grid.append(line)
    return grid


def _hang(line: list[Cell], hanging: dict[int, tuple[int, Cell]]) -> None:
    """Put the cells that reach down from rows above into the places that they cover."""
    while len(line) in hanging:
        left, cell = hanging.pop(len(line))
        if left > 1:
            hanging[len(line)] = (left - 1, cell)
        line.append(cell)


def table_blocks(rows: Sequence[Row], heads: int) -> list[Block]:
    """Return a block for each row that holds words.

    Args:
        rows: as the source has them.
        heads: how many rows, after `captions`, head the columns of the others.
    """
    grid = expand(rows)
    first = captions(grid)
    heads += first
    width = max((len(line) for line in grid), default=0)
    columns = [" ".join(_once(line[at] for line in grid[first:heads] if at < len(line))) for at in range(width)]
    texts = [" | ".join(_once(line)) for line in grid[:heads]]
    texts += [_row(columns, line) for line in grid[heads:]]
    return [Block(text, row=True) for text in texts if text]


def captions(grid: Sequence[Row]) -> int:
    """Return how many rows at the top are one cell over the whole width: the table's name, not a column's."""
    width = max((len(line) for line in grid), default=0)
    count = 0
    while count < len(grid) and width > 1 and len(grid[count]) == width and len(set(grid[count])) == 1:
        count += 1
    return count


def head_rows(rows: Sequence[Row], stated: int, *, opening: bool) -> int:
    """Return how many rows, after `captions`, head the columns.

    Args:
        rows: as the source has them.
        stated: how many rows at the top the source marks as repeating on each page.
        opening: whether the table stands above the first section, where tables hold pairs ("Owner | CISO").
    """
    grid = expand(rows)
    first = captions(grid)
    if first < stated < len(grid):
        return stated - first
    grid = grid[first:]
    if opening and grid and _states_pairs([cell.text for cell in grid[0]]):
        return 0
    if len(grid) < 2 or (len(grid[0]) <= 2 and (opening or not grid[0][0].text.istitle())):
        return 0
    return 1


def _once(cells: Iterable[Cell]) -> list[str]:
    """Return the words of cells, of a merged one only once."""
    kept: list[Cell] = []
    for cell in cells:
        if cell.text and cell not in kept[-1:]:
            kept.append(cell)
    return [cell.text for cell in kept]


def _row(columns: Sequence[str], line: Sequence[Cell]) -> str:
    groups: list[tuple[Cell, list[str]]] = []
    for cell, column in zip(line, columns, strict=False):
        if groups and groups[-1][0] is cell:
            groups[-1][1].append(column)
        else:
            groups.append((cell, [column]))
    filled = [(cell.text, headings) for cell, headings in groups if cell.text]
    if not any(columns) or (len(groups) == 1 and len(columns) > 1):
        return " | ".join(text for text, _ in filled)
    named = [(" / ".join(dict.fromkeys(filter(None, headings))), text) for text, headings in filled]
    return "; ".join(f"{heading}: {text}" if heading else text for heading, text in named)


def control_pairs(rows: Sequence[Row]) -> dict[str, str]:
    """Return what a control table states ("Owner | CISO") as metadata, keys in lower case; {} for a history."""
    cells = expand(rows)
    grid = [[cell.text for cell in line] for line in cells[captions(cells) :]]
    if grid and any(_key(a) in _CONTROL and _key(b) in _CONTROL for a, b in itertools.pairwise(grid[0])):
        # headings in a row: one row of values below them, or a history of which no row is the present
        return {_key(key): value for key, value in zip(*grid, strict=False)} if len(grid) == 2 else {}
    pairs = {}
    for line in grid:
        for key, value in zip(line[::2], line[1::2], strict=False):
            pairs[_key(key)] = value
    return pairs


def _states_pairs(row: Sequence[str]) -> bool:
    """Tell "Owner | CISO | Version | 2" from a row of column headings."""
    return len(row) % 2 == 0 and all(
        _key(key) in _CONTROL and _key(value) not in _CONTROL for key, value in zip(row[::2], row[1::2], strict=True)
    )


def _key(text: str) -> str:
    return text.lower().strip().rstrip(":").rstrip()
