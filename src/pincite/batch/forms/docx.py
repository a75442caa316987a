"""Word documents: tables with a column of questions, filled in cell by cell; all other parts stay as they are."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from pincite.batch.forms.office import Archive, editable, repacked, serialised
from pincite.batch.forms.text import written_below
from pincite.batch.grid import Cells, Grid, find_grid, no_question_column
from pincite.batch.result import Result
from pincite.batch.rows import Choice, Form, QuestionFileError, Row, duplicate_ids
from pincite.ingest.readers.office.ooxml import child, children, name, value

__all__ = ["DocxForm"]

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_SHARE = 0.5  # of a table's width that an added column takes


@dataclass(slots=True)
class _Table:
    """A table of the document: where it stands among its tables, its grid of words, its heading and questions."""

    index: int
    words: list[Cells]
    grid: Grid


class DocxForm(Form):
    """All tables of a Word document that have a column of questions.

    The whole result goes into one cell: status, answer, and each source with its quotation. Where a table has no blank
    column headed as an answer, one is added.

    Raises:
        QuestionFileError: if no table has a column of questions.
    """

    kind = "Word document"

    def __init__(self, data: bytes, archive: Archive, main: str, choice: Choice) -> None:
        self._data, self._archive, self._main = data, archive, main
        self._found: list[_Table] = []
        rows: list[Row] = []
        notes: list[str] = []
        error: QuestionFileError | None = None
        for index, table in enumerate(_tables(editable(archive, main))):
            words = [_words_of(row) for row in children(table, "tr")]
            grid = find_grid(words, choice, f"table {index + 1}")
            if grid is None:
                error = error or no_question_column(words, choice, f"table {index + 1}")
                continue
            grid.rows = [_moved(row, len(rows)) for row in grid.rows]
            rows += grid.rows
            notes += grid.notes
            self._found.append(_Table(index, words, grid))
        if not self._found:
            raise error or QuestionFileError(
                "there is no table in it", hint="Put the questions into a table or a list."
            )
        self.rows = tuple(rows)
        first = self._found[0]
        self.mapping = (("Table", ", ".join(str(t.index + 1) for t in self._found)), *first.grid.mapping())
        self.notes = (*notes, *duplicate_ids(self.rows))

    def filled(self, results: Mapping[int, Result]) -> bytes:
        """See `Form.filled`."""
        root = editable(self._archive, self._main)
        tables = list(_tables(root))
        for found in self._found:
            table, grid = tables[found.index], found.grid
            column = grid.roles.get("answer")
            rows = list(children(table, "tr"))
            if column is None:
                column = _add_column(table, grid.top)
            for row, line in zip(grid.rows, grid.lines, strict=True):
                result = results.get(row.number)
                if result is None or not result.cells() or found.words[line].get(column, "").strip():
                    continue
                cell = _cell_at(rows[line], column)
                if cell is not None:
                    _write(cell, written_below(result))
        entry = next(entry for entry in self._archive.names if entry.lower() == self._main.lower())
        return repacked(self._data, {entry: serialised(root)})


def _moved(row: Row, by: int) -> Row:
    given = row.id if row.id != str(row.number) else str(row.number + by)
    return Row(
        row.number + by, row.where, given, row.question, row.documents, row.label, row.as_of, row.problem, row.kept
    )


def _tables(root: Any) -> Iterator[Any]:
    """Yield the tables that stand in no other table, in order."""
    for table in root.iter("{*}tbl"):
        if not any(name(above) == "tbl" for above in table.iterancestors()):
            yield table


def _cells(row: Any) -> Iterator[tuple[int, Any]]:
    """Yield the cells of a row with the column of the table's grid at which each begins, from 1."""
    column = 1 + int(value(child(row, "trPr", "gridBefore")) or 0)
    for cell in row.iter("{*}tc"):
        if next(a for a in cell.iterancestors() if name(a) == "tr") is not row:
            continue  # of a table within
        yield column, cell
        column += int(value(child(cell, "tcPr", "gridSpan")) or 1)


def _words_of(row: Any) -> Cells:
    found = {}
    for column, cell in _cells(row):
        merge = child(cell, "tcPr", "vMerge")
        words = "\n".join(_paragraph(paragraph) for paragraph in children(cell, "p"))
        if words.strip() and (merge is None or value(merge) == "restart"):
            found[column] = words
    return found


def _paragraph(paragraph: Any) -> str:
    """Return a paragraph's words as they are seen: what is deleted in tracked changes is not."""
    parts = []
    for inner in paragraph.iter("{*}t", "{*}tab", "{*}br"):
        if any(name(above) in ("del", "moveFrom") for above in inner.iterancestors()):
            continue
        parts.append(inner.text or "" if name(inner) == "t" else " ")
    return "".join(parts)


def _cell_at(row: Any, column: int) -> Any:
    return next((cell for at, cell in _cells(row) if at == column), None)


def _write(cell: Any, lines: list[str]) -> None:
    """Put paragraphs into a blank cell; the first takes the place of its empty one and hands on its looks."""
    paragraphs = list(children(cell, "p"))
    model = paragraphs[-1]
    for line in lines:
        paragraph = copy.deepcopy(model)
        for inner in list(paragraph):
            if name(inner) != "pPr":
                paragraph.remove(inner)
        space = f"{{{model.nsmap[model.prefix]}}}"
        run = etree.SubElement(paragraph, f"{space}r")
        looks = child(model, "pPr", "rPr")
        if looks is not None:
            run.append(copy.deepcopy(looks))
        text = etree.SubElement(run, f"{space}t")
        text.text = line.strip()
        text.set(_SPACE, "preserve")
        model.addprevious(paragraph)
    cell.remove(model)


def _add_column(table: Any, top: int) -> int:
    """Add a column “Answer” on the right, half as wide as the table; return its place."""
    space = f"{{{table.nsmap[table.prefix]}}}"
    widths = child(table, "tblGrid")
    total = 0
    if widths is not None:
        entries = list(children(widths, "gridCol"))
        total = sum(int(value(entry, "w") or 0) for entry in entries)
        for entry in entries:
            entry.set(f"{space}w", str(round(int(value(entry, "w") or 0) * (1 - _SHARE))))
        etree.SubElement(widths, f"{space}gridCol").set(f"{space}w", str(round(total * _SHARE)))
    place = 0
    for index, row in enumerate(children(table, "tr")):
        cells = list(_cells(row))
        if not cells:
            continue
        at, last = cells[-1]
        for _, cell in cells:
            width = child(cell, "tcPr", "tcW")
            if width is not None and value(width, "type") == "dxa":
                width.set(f"{space}w", str(round(int(float(value(width, "w") or 0)) * (1 - _SHARE))))
        fresh = etree.Element(f"{space}tc")
        looks = child(last, "tcPr")
        if looks is not None:
            looks = copy.deepcopy(looks)
            for inner in list(looks):
                if name(inner) in ("gridSpan", "vMerge", "hMerge"):
                    looks.remove(inner)
                elif name(inner) == "tcW" and total:
                    inner.set(f"{space}w", str(round(total * _SHARE)))
            fresh.append(looks)
        model = next(iter(children(last, "p")), None)
        paragraph = copy.deepcopy(model) if model is not None else etree.Element(f"{space}p")
        for inner in list(paragraph):
            if name(inner) != "pPr":
                paragraph.remove(inner)
        fresh.append(paragraph)
        last.addnext(fresh)
        if index == top:
            place = at + int(value(child(last, "tcPr", "gridSpan")) or 1)
            run = etree.SubElement(paragraph, f"{space}r")
            first = next(iter(model.iter("{*}rPr")), None) if model is not None else None
            if first is not None:
                run.append(copy.deepcopy(first))
            etree.SubElement(run, f"{space}t").text = "Answer"
    return place
