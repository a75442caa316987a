"""Which HTML tables hold data and which only lay a page out, and which of their rows head the columns."""

from __future__ import annotations

from typing import Any

__all__ = ["is_layout", "table_rows"]


def is_layout(table: Any) -> bool:
    """Tell a table without column headings that places words on a page (points of an enumeration, frames)."""
    if table.get("role") in ("presentation", "none"):
        return True
    rows = _rows(table)
    if max((len(row) for row in rows), default=0) < 2 or next(table.iterdescendants("table"), None) is not None:
        return True
    if any(cell.tag == "th" for row in rows for cell in row):
        return False
    heads, _, bold = table_rows(table)
    return not (heads or bold)


def table_rows(table: Any) -> tuple[int, list[list[Any]], bool]:
    """Return how many rows head the columns, the rows' cells, and whether the first row is a heading by being bold."""
    rows = _rows(table)
    heads = 0
    for row in rows:
        in_head = row and row[0].getparent().getparent().tag == "thead"
        if not in_head and not (row and all(cell.tag == "th" for cell in row)):
            break
        heads += 1
    heads = heads if heads < len(rows) else 0
    bold = not heads and len(rows) > 1 and len(rows[0]) > 1 and all(map(_is_bold, rows[0]))
    return heads, rows, bold and not all(map(_is_bold, rows[1]))


def _rows(table: Any) -> list[list[Any]]:
    """Return the cells of the table's own rows; those of tables inside it are not its own."""
    found = []
    for child in table:
        inner = child if child.tag in ("thead", "tbody", "tfoot") else [child]
        found += [[cell for cell in row if cell.tag in ("td", "th")] for row in inner if row.tag == "tr"]
    return [row for row in found if row]


def _is_bold(cell: Any) -> bool:
    words = "".join(cell.itertext()).split()
    strong = [word for inner in cell.iter("b", "strong") for word in "".join(inner.itertext()).split()]
    return bool(words) and len(strong) >= len(words)
