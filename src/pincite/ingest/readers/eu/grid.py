"""A table's cells, some of them over several rows or columns, as one line of text for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Cell", "lines_of"]

_MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says and how far it reaches."""

    text: str
    columns: int = 1
    rows: int = 1
    heads: bool = False


def lines_of(table: Iterable[Iterable[Cell]]) -> list[str]:
    """Return the rows; those below column headings read "Tree: Apple; When: March".

    A cell that reaches over several rows is said in each of them, so that each row is complete.
    """
    headings: dict[int, str] = {}
    lines: list[str] = []
    for row, cells in _placed(table):
        columns = {column: text for column, text in sorted(cells.items()) if text}
        if not columns:
            continue
        if row and all(cell.heads for cell in row):
            headings |= columns
        elif headings:
            columns = {at: f"{headings[at]}: {text}" if headings.get(at) else text for at, text in columns.items()}
            lines.append("; ".join(columns.values()))
            continue
        lines.append(" | ".join(columns.values()))
    return lines


def _placed(table: Iterable[Iterable[Cell]]) -> Iterator[tuple[list[Cell], dict[int, str]]]:
    """Yield each row with its texts by column, those of cells that reach down into it included."""
    reaching: dict[int, tuple[int, str]] = {}  # column -> rows that a cell above still covers, and its text
    for given in table:
        row = list(given)
        texts: dict[int, str] = {}
        waiting, at = iter(row), 0
        cell = next(waiting, None)
        while at < _MOST_COLUMNS and (cell or any(column >= at for column in reaching)):
            if at in reaching:
                left, texts[at] = reaching.pop(at)
                if left > 1:
                    reaching[at] = (left - 1, texts[at])
                at += 1
            elif cell is None:
                at += 1
            else:
                texts[at] = cell.text
                for column in range(at, min(at + max(1, cell.columns), _MOST_COLUMNS)):
                    if cell.rows > 1:
                        reaching[column] = (cell.rows - 1, cell.text if column == at else "")
                at += max(1, cell.columns)
                cell = next(waiting, None)
        yield row, texts
