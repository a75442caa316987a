"""What the classes and tables of EUR-Lex HTML mean: titles, articles, points, rows of data."""

from __future__ import annotations

import re
from typing import Any

from pincite.domain.text import collapse
from pincite.ingest.readers.eu.act import MARKER
from pincite.ingest.readers.trees import local_name

__all__ = [
    "INLINE",
    "LEFT_OUT",
    "heads",
    "is_grid",
    "is_number_column",
    "own_rows",
    "point_number",
    "role_of",
    "span",
]

INLINE = {
    "a", "abbr", "b", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small", "span",
    "strong", "sub", "sup", "tt", "u", "var", "wbr",
}  # fmt: skip
"""Elements that divide no words."""
LEFT_OUT = {"running head", "editorial note", "amendment mark"}
"""Roles of lines that are no part of the act."""
# What a line's class says it is.
_ROLES = {
    "doc-ti": "title",
    "title-doc-first": "title",
    "title-doc-last": "title",
    "title-annex-1": "annex",
    "title-annex-2": "annex-heading",
    "ti-art": "article",
    "title-article-norm": "article",
    "sti-art": "heading",
    "stitle-article-norm": "heading",
    "ti-section-1": "division",
    "ti-section-2": "heading",
    "title-division-1": "division",
    "title-division-2": "heading",
    "signatory": "final",
    "final": "final",
    "note": "note",
    "footnote": "note",
    "hd-date": "running head",
    "hd-lg": "running head",
    "hd-ti": "running head",
    "hd-oj": "running head",
    "hd-coll": "running head",
    "hd-uniq": "running head",
    "reference": "running head",
    "disclaimer": "editorial note",
    "hd-modifiers": "editorial note",
    "modref": "amendment mark",
    "arrow": "amendment mark",
    "title-fam-member": "editorial note",
    "title-fam-member-ref": "editorial note",
    "title-doc-oj-reference": "editorial note",
}
_GROUP = re.compile(r"(?:ti-grseq|title-gr-seq-level)-(\d)")
_POINT_CLASSES = {"grid-row", "enumeration-spacing"}
_NUMBER_COLUMN, _WORDS_COLUMN = "grid-list-column-1", "grid-list-column-2"


def point_number(element: Any) -> tuple[Any, str]:
    """Return the element that holds the number or dash of the point that `element` is, and the number; or none."""
    classes = classes_of(element)
    if _WORDS_COLUMN in classes and is_number_column(element.getprevious()):
        return element.getprevious(), beginning(element.getprevious())
    if local_name(element) != "tr" and not _POINT_CLASSES & classes:
        return None, ""
    filled = [child for child in element if isinstance(child.tag, str) and beginning(child)]
    if len(filled) < 2 or not MARKER.match(beginning(filled[0])):
        return None, ""
    return filled[0], beginning(filled[0])


def classes_of(element: Any) -> set[str]:
    """Return an element's classes; those of the Official Journal and of consolidated texts without their prefix."""
    names = (element.get("class") or "").split() if isinstance(element.tag, str) else []
    return {name.removeprefix("oj-").removeprefix("clg-") for name in names}


def is_number_column(element: Any) -> bool:
    """Tell whether an element is the column of a point's number in a consolidated text."""
    return (
        element is not None and _NUMBER_COLUMN in classes_of(element) and MARKER.match(beginning(element)) is not None
    )


def role_of(element: Any) -> str:
    """Return what an element's class says it is."""
    for name in sorted(classes_of(element)):
        if group := _GROUP.fullmatch(name):
            return f"group{group.group(1)}"
        if name in _ROLES:
            return _ROLES[name]
    return ""


def beginning(element: Any, most: int = 24) -> str:
    """Return an element's words if they are few, else their beginning."""
    found = ""
    for part in element.itertext():
        found = f"{found}{part}".lstrip() if part.strip() or found else ""
        if len(found) > most:
            break
    return collapse(found)


def own_rows(table: Any) -> list[Any]:
    """Return the rows of a table, without those of tables inside it."""
    rows = []
    for child in table:
        if local_name(child) == "tr":
            rows.append(child)
        elif local_name(child) in ("tbody", "thead", "tfoot"):
            rows += [row for row in child if local_name(row) == "tr"]
    return rows


def is_grid(table: Any) -> bool:
    """Tell a table of data from those that only set the number of a point before its words."""
    if "table" in classes_of(table):
        return True
    rows = [[cell for cell in row if isinstance(cell.tag, str) and beginning(cell)] for row in own_rows(table)]
    laid_out = all(len(row) < 2 or (len(row) == 2 and MARKER.match(beginning(row[0]))) for row in rows)
    return not laid_out and not any(role_of(part) in LEFT_OUT for part in table.iter("p"))


def heads(cell: Any) -> bool:
    """Tell whether a cell holds a column's heading."""
    if local_name(cell) == "th":
        return True
    lines = [line for line in cell.iter("p") if beginning(line)]
    return bool(lines) and all("tbl-hdr" in (line.get("class") or "") for line in lines)


def span(cell: Any, name: str) -> int:
    """Return over how many rows or columns a cell reaches."""
    value = (cell.get(name) or "1").strip()
    return int(value) if re.fullmatch(r"\d{1,4}", value) else 1
