"""CSV and TSV: separator and encoding are detected; written back with the same separator and line ends."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pincite.batch.grid import Cells, Grid, find_grid, no_question_column
from pincite.batch.result import Result
from pincite.batch.rows import Choice, Form, QuestionFileError, duplicate_ids
from pincite.domain.text import harmless
from pincite.ingest.readers.decode import decode

__all__ = ["DelimitedForm", "inert", "written"]

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NONE = "\x1f"  # separates cells in no file: all of a line is one cell
_SAMPLE = 60  # records by which the separator is chosen
_LONGEST_CELL = 4_000_000
_NUMBER = re.compile(r"[+-]?\d[\d.,]*%?")


def inert(text: str) -> str:
    """Return a cell that no spreadsheet program takes for a formula: an apostrophe goes before = + - @ and tabs.

    Numbers stay numbers. After OWASP's advice on CSV injection.
    """
    start = text.lstrip(" \n\r")[:1]
    if start in ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠") and start and not _NUMBER.fullmatch(text.strip()):
        return "'" + text
    return text


def written(table: Sequence[Sequence[str]], *, separator: str = ",", line_end: str = "\r\n") -> str:
    """Return a table as CSV; no cell is a formula, and none steers a terminal that shows the file."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=separator, lineterminator=line_end)
    for cells in table:
        writer.writerow([inert(harmless(cell)) for cell in cells])
    return target.getvalue()


class DelimitedForm(Form):
    """A CSV or TSV file with a row of headings.

    Raises:
        QuestionFileError: if it cannot be read as a table, or has no column of questions.
    """

    def __init__(self, data: bytes, choice: Choice) -> None:
        text, warnings = decode(data)
        self._mark = data.startswith(b"\xef\xbb\xbf") or bool(warnings) or not data[:2].strip(b"\xff\xfe")
        text = text.removeprefix(_BOM)
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        self._separator = _separator(text)
        self._records = _records(text, self._separator)
        grid, filled = self._find(choice)
        if len(self._records[grid.top]) == 1 and max(map(len, self._records)) > 1:
            # one column of questions: what looked like separators are commas inside their words
            self._records = _records(text, _NONE)
            grid, filled = self._find(choice)
        between = _SEPARATORS[self._separator]
        self.kind = f"{'TSV' if self._separator == chr(9) else 'CSV'} file, {between}s between cells"
        self._grid, self._table = grid, filled
        self.rows = tuple(grid.rows)
        self.mapping = tuple(grid.mapping())
        notes = [*warnings, *grid.notes]
        if warnings:
            notes.append("the output is written as UTF-8")
        width = len(self._records[grid.top])
        wide = [line + 1 for line in grid.lines if any(cell.strip() for cell in self._records[line][width:])]
        if wide:
            notes.append(
                f"row {', '.join(map(str, wide[:6]))} has more cells than there are headings: where a {between} stands "
                "inside words, they need quotation marks"
            )
        if changed := sum(inert(cell) != cell for record in self._records for cell in record):
            notes.append(
                f"{changed} cell(s) begin like a formula; in CSV outputs an apostrophe goes before them, so that no "
                "spreadsheet program runs them"
            )
        if steering := sum(harmless(cell) != cell for record in self._records for cell in record):
            notes.append(f"{steering} cell(s) hold control characters; in CSV outputs U+FFFD stands in their places")
        self.notes = (*notes, *duplicate_ids(self.rows))

    def _find(self, choice: Choice) -> tuple[Grid, list[Cells]]:
        table = [dict(enumerate(record, 1)) for record in self._records]
        filled: list[Cells] = [{c: words for c, words in cells.items() if words.strip()} for cells in table]
        grid = find_grid(filled, choice, "the table")
        if grid is None:
            raise no_question_column(filled, choice, "the table")
        return grid, filled

    def filled(self, results: Mapping[int, Result]) -> bytes:
        """See `Form.filled`."""
        width = max(map(len, self._records))
        places = self._grid.places(self._table, width)
        table = [[*record, *[""] * (width - len(record))] for record in self._records]
        width = max(width, *(column for column, _ in places.values()))
        for record in table:
            record += [""] * (width - len(record))
        for column, words in places.values():
            table[self._grid.top][column - 1] = words
        for row, line in zip(self._grid.rows, self._grid.lines, strict=True):
            for what, words in (results[row.number].cells() if row.number in results else {}).items():
                column = places[what][0]
                if not table[line][column - 1].strip():
                    table[line][column - 1] = words
        text = written(table, separator=self._separator, line_end=self._line_end)
        return ((_BOM if self._mark else "") + text).encode("utf-8", "replace")


def _separator(text: str) -> str:
    """Return the separator by which the first records fall into the most cells, equally many in each."""
    sample = text[:100_000]

    def fitness(separator: str) -> tuple[int, int]:
        try:
            records = [record for _, record in zip(range(_SAMPLE), _reader(sample, separator), strict=False)]
        except csv.Error:
            return 0, 0
        widths = [len(record) for record in records if record]
        width = max(set(widths), key=widths.count, default=1)
        return (widths.count(width), width) if width > 1 else (0, 1)

    return max(_SEPARATORS, key=fitness)


def _reader(text: str, separator: str) -> Any:
    csv.field_size_limit(_LONGEST_CELL)
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _records(text: str, separator: str) -> list[list[str]]:
    reader = _reader(text, separator)
    try:
        return list(reader)
    except csv.Error as error:
        raise QuestionFileError(
            f"line {reader.line_num}: {error}", hint="Mend the line, or save it as XLSX."
        ) from error
