"""Markdown: tables with a column of questions, and lists whose items are questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pincite.answer.report import escape
from pincite.batch.forms.text import written_below
from pincite.batch.grid import COLUMNS, Cells, Grid, find_grid
from pincite.batch.result import Result
from pincite.batch.rows import Choice, Form, QuestionFileError, Row, duplicate_ids, make_row, numbered
from pincite.domain.text import harmless
from pincite.ingest.readers.decode import decode

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["MarkdownForm", "cell"]

_ENDS_OPEN = re.compile(r"[:：]\s*$")
_TASK = re.compile(r"\[[ xX]\]\s+")


def cell(text: str) -> str:
    """Return text for a cell of a Markdown table."""
    return escape(text).replace("\n", "<br>")


class MarkdownForm(Form):
    """A Markdown file: its tables with a column of questions if it has any, else the items of its lists.

    Raises:
        QuestionFileError: if it has neither.
    """

    kind = "Markdown"

    def __init__(self, data: bytes, choice: Choice) -> None:
        from markdown_it import MarkdownIt

        text, warnings = decode(data)
        self._lines = text.replace("\r\n", "\n").split("\n")
        tokens = MarkdownIt("commonmark").enable("table").parse("\n".join(self._lines))
        self._tables: list[tuple[Grid, list[Cells], list[int]]] = []  # with the file's line of each of its rows
        self._below: dict[int, tuple[int, int]] = {}  # last line of a list item: row number, indentation
        rows: list[Row] = []
        notes: list[str] = []
        for table, at in _tables(tokens):
            grid = find_grid(table, choice, "the table")
            if grid is None:
                continue
            found = [
                _renumbered(row, len(rows) + order, f"line {at[index] + 1}")
                for order, (row, index) in enumerate(zip(grid.rows, grid.lines, strict=True), 1)
            ]
            grid.rows = found
            rows += found
            notes += grid.notes
            self._tables.append((grid, table, at))
        self.mapping = tuple(self._tables[0][0].mapping()) if self._tables else (("Question", "each item of a list"),)
        if not rows and not choice.column:
            for words, first, last, indent in _items(tokens):
                number, question = numbered(_TASK.sub("", words, count=1))
                if _ENDS_OPEN.search(words):
                    continue  # it opens a list below it
                rows.append(make_row(len(rows) + 1, f"line {first + 1}", question, {"id": number}))
                self._below[last] = len(rows), indent
        if not rows:
            wanted = f"a column headed “{choice.column or 'Question'}”"
            raise QuestionFileError(f"no table with {wanted}" + ("" if choice.column else ", and no list"))
        self.rows = tuple(rows)
        self.notes = (*warnings, *notes, *duplicate_ids(self.rows))

    def filled(self, results: Mapping[int, Result]) -> bytes:
        """See `Form.filled`; tables get columns, the items of a list an answer below them."""
        lines = list(self._lines)
        for grid, table, at in self._tables:
            _fill(lines, grid, table, at, results)
        written: list[str] = []
        for index, line in enumerate(lines):
            written.append(line)
            number, indent = self._below.get(index, (0, 0))
            if number in results:
                written += _below(results[number], " " * indent)
        return harmless("\n".join(written)).encode("utf-8", "replace")


def _renumbered(row: Row, number: int, where: str) -> Row:
    given = {"id": row.id if row.id != str(row.number) else "", "documents": "; ".join(row.documents)}
    given |= {"label": row.label, "answer": row.kept, "as_of": row.as_of.isoformat() if row.as_of else ""}
    return make_row(number, where, row.question, given, row.problem)


def _tables(tokens: Sequence[Token]) -> Iterator[tuple[list[Cells], list[int]]]:
    """Yield each table as words by column, with the line of each of its rows."""
    table: list[dict[int, str]] = []
    at: list[int] = []
    for index, token in enumerate(tokens):
        if token.type == "table_open":
            table, at = [], []
        elif token.type == "tr_open" and token.map:
            table.append({})
            at.append(token.map[0])
        elif token.type in ("th_open", "td_open"):
            column = table[-1].__len__() + 1
            table[-1][column] = _plain(tokens[index + 1])
        elif token.type == "table_close":
            yield [{c: words for c, words in cells.items() if words.strip()} for cells in table], at


def _items(tokens: Sequence[Token]) -> Iterator[tuple[str, int, int, int]]:
    """Yield the first paragraph of each list item: its words, first and last line, indentation of its content."""
    marker = ""
    for index, token in enumerate(tokens):
        if token.type == "list_item_open":
            marker = f"{token.info}{token.markup}"
            inner = tokens[index + 1 : index + 3]
            if len(inner) == 2 and inner[0].type == "paragraph_open" and inner[1].map:
                first, end = inner[1].map
                yield _plain(inner[1]), first, end - 1, len(marker) + 1 + (token.level // 2) * 2
    return


def _plain(token: Token) -> str:
    """Return the words of an inline token, without its markup."""
    parts = []
    for inner in token.children or []:
        if inner.type in ("text", "code_inline", "html_inline"):
            parts.append(inner.content)
        elif inner.type in ("softbreak", "hardbreak"):
            parts.append("\n" if inner.type == "hardbreak" else " ")
    return "".join(parts)


def _fill(lines: list[str], grid: Grid, table: list[Cells], at: list[int], results: Mapping[int, Result]) -> None:
    """Write results into a table's lines: blank cells of its own columns, then columns added behind."""
    width = max(max(cells, default=0) for cells in table)
    places = grid.places(table, width)
    numbers = {index: row.number for row, index in zip(grid.rows, grid.lines, strict=True)}
    added = [places[name][1] for name in COLUMNS if places[name][0] > width]
    delimiter = at[grid.top] + 1
    lines[delimiter] = _open_row(lines[delimiter]) + "".join(" --- |" for _ in added)
    for index, line in enumerate(at):
        result = results.get(numbers.get(index, 0))
        cells = result.cells() if result else {}
        parts = _split(lines[line])
        for name in COLUMNS:
            column = places[name][0]
            if column <= width:
                parts += [""] * (column - len(parts))
                if cells.get(name) and not parts[column - 1].strip():
                    parts[column - 1] = f" {cell(cells[name])} "
        if index == grid.top:
            parts += [""] * (width - len(parts)) + [f" {words} " for words in added]
        else:
            parts += [""] * (width - len(parts))
            parts += [f" {cell(cells.get(name, ''))} " for name in COLUMNS if places[name][0] > width]
        lines[line] = "|" + "|".join(parts) + "|"


def _open_row(line: str) -> str:
    line = line.strip()
    return ("" if line.startswith("|") else "| ") + line + ("" if line.endswith("|") else " |")


def _split(line: str) -> list[str]:
    """Return the cells of a table's line as they are written."""
    line = line.strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return re.split(r"(?<!\\)\|", line)


def _below(result: Result, indent: str) -> Iterator[str]:
    for order, words in enumerate(written_below(result)):
        lead = "> " if words.startswith("  ") else ""
        if order == 0 or lead or words.startswith("["):
            yield ""
        yield f"{indent}{lead}{escape(words.strip())}"
    if result.cells():
        yield ""
