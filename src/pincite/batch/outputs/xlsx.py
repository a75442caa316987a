"""A workbook of its own: answers with frozen headings, every quotation, and a summary."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from pincite.batch.forms.xlsx import in_cell, row_height
from pincite.batch.grid import COLUMNS
from pincite.batch.result import STATUS_WORDS, Result, cite_line
from pincite.batch.rows import Row
from pincite.batch.summary import Summary

__all__ = ["to_xlsx", "undated"]

_WRAP = Alignment(wrap_text=True, vertical="top")
_HEAD = PatternFill("solid", fgColor="DDE3EA")
_LOOK = PatternFill("solid", fgColor="FFF4CC")
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def to_xlsx(rows: Sequence[Row], results: Mapping[int, Result], summary: Summary) -> bytes:
    """Return the workbook; every cell is a string, so that no formula is run. Equal runs give equal bytes."""
    book = Workbook()
    answers = book.active
    assert isinstance(answers, Worksheet)
    answers.title = "Answers"
    _table(answers, ("Id", "Question", *COLUMNS), (10, 48, 60, 18, 24, 36, 64, 12, 30, 10, 22, 14))
    for line, row in enumerate(rows, 2):
        result = results[row.number]
        cells = result.cells() or {"Answer": row.kept, "Status": STATUS_WORDS[result.status]}
        _write(answers, line, (row.id, row.question, *(cells.get(name, "") for name in COLUMNS)))
        if result.needs_review:
            answers.cell(line, 9).fill = _LOOK
    quotes = book.create_sheet("Quotations")
    _table(
        quotes,
        ("Id", "No.", "Pin-cite", "Quotation", "Document", "From", "To", "SHA-256 of the text"),
        (10, 6, 40, 90, 30, 10, 10, 30),
    )
    line = 1
    for row in rows:
        answer = results[row.number].answer
        for one in answer.citations if answer else ():
            line += 1
            place = (one.document, str(one.start), str(one.end), one.text_sha256)
            _write(quotes, line, (row.id, str(one.n), cite_line(one), one.quote, *place))
    facts = book.create_sheet("Summary")
    _table(facts, ("What", "Value"), (46, 90))
    for line, (what, value) in enumerate([*summary.facts(), *(("Note", note) for note in summary.notes)], 2):
        _write(facts, line, (what, value))
    for sheet in (answers, quotes):
        sheet.auto_filter.ref = sheet.dimensions
    target = io.BytesIO()
    book.save(target)
    return undated(target.getvalue())


def _table(sheet: Worksheet, headings: Sequence[str], widths: Sequence[int]) -> None:
    for column, (words, width) in enumerate(zip(headings, widths, strict=True), 1):
        cell = sheet.cell(1, column, words)
        cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, _WRAP
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "C2" if len(headings) > 4 else "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]


def _write(sheet: Worksheet, line: int, values: Sequence[str]) -> None:
    widths = {n: sheet.column_dimensions[get_column_letter(n)].width for n in range(1, len(values) + 1)}
    sheet.row_dimensions[line].height = row_height(dict(enumerate(values, 1)), widths)
    for column, words in enumerate(values, 1):
        if words:
            cell = sheet.cell(line, column)
            assert isinstance(cell, Cell)
            cell.value = in_cell(words)
            cell.data_type = "s"  # also where the words begin with "="
            cell.alignment = _WRAP


def undated(data: bytes) -> bytes:
    """Return a workbook without the times at which it was written."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as output:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>", b"", content)
            output.writestr(zipfile.ZipInfo(entry.filename, _NO_DATE), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
