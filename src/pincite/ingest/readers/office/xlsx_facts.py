"""What a sheet's XML says beside its values: hidden rows and columns, merged cells, formulas without a result."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from pincite.errors import DocumentError
from pincite.ingest.readers.office.archive import Archive
from pincite.ingest.readers.office.ooxml import name, value

__all__ = ["SheetFacts", "sheet_facts"]

_LAST_COLUMN = 16_384
_MOST_CELLS = 300_000  # a register has far fewer; what has more is a data dump
_WANTED = (
    "c", "row", "col", "mergeCell", "filterColumn", "oddHeader", "oddFooter", "firstHeader", "firstFooter"
)  # fmt: skip


@dataclass(slots=True)
class SheetFacts:
    """Attributes:
    hidden_rows: numbers of the rows that are not shown.
    hidden_columns: numbers of the columns that are not shown.
    merged: top left cell (row, column) to the bottom right one of each merged range.
    pending: formulas whose result is not stored.
    errors: cells whose value is an error such as #REF!.
    filtered: true if rows are hidden by a filter.
    margins: its printed header and footer.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    pending: int = 0
    errors: int = 0
    filtered: bool = False
    margins: list[str] = field(default_factory=list)


def sheet_facts(archive: Archive, part: str) -> SheetFacts:
    """Read a sheet's part in one pass that keeps none of it in memory.

    Raises:
        DocumentError: if it is not well-formed or holds more cells than a register has.
    """
    facts = SheetFacts()
    cells = 0
    try:
        with archive.file.open(part) as stream:
            tags = tuple(f"{{*}}{tag}" for tag in _WANTED)
            element: Any
            for _, element in etree.iterparse(stream, tag=tags, resolve_entities=False, no_network=True):
                kind = name(element)
                if kind == "c":
                    cells += 1
                    _note_cell(element, facts)
                elif kind == "row":
                    if element.get("hidden") in ("1", "true") and element.get("r", "").isdigit():
                        facts.hidden_rows.add(int(element.get("r")))
                    _forget(element)
                else:
                    _note(kind, element, facts)
                if cells > _MOST_CELLS:
                    raise DocumentError(f"more than {_MOST_CELLS:,} cells on a sheet", hint="Split the workbook.")
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"part {part!r} is not well-formed: {error}") from error
    return facts


def _note_cell(cell: Any, facts: SheetFacts) -> None:
    kind = cell.get("t")
    facts.errors += kind == "e"
    if kind != "str" and name(cell[0] if len(cell) else cell) == "f" and not any(inner.text for inner in cell[1:]):
        facts.pending += 1


def _note(kind: str, element: Any, facts: SheetFacts) -> None:
    if kind == "col" and value(element, "hidden") in ("1", "true"):
        first, last = value(element, "min"), value(element, "max")
        if first.isdigit() and last.isdigit():
            facts.hidden_columns.update(range(int(first), min(int(last), _LAST_COLUMN) + 1))
    elif kind == "mergeCell":
        corners = re.fullmatch(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})", value(element, "ref"))
        if corners:
            left, top, right, bottom = corners.groups()
            facts.merged[int(top), column_number(left)] = (int(bottom), column_number(right))
    elif kind == "filterColumn":
        facts.filtered = True
    elif kind in ("oddHeader", "oddFooter", "firstHeader", "firstFooter"):
        facts.margins += re.split(r"&[LCR]", re.sub(r'&"[^"]*"|&\d+|&[A-KM-QS-Z]', "", element.text or ""))


def _forget(row: Any) -> None:
    row.clear()
    while row.getprevious() is not None:
        del row.getparent()[0]


def column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
