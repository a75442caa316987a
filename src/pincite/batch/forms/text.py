"""Plain text: one question a line; the answer goes below it, indented."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from pincite.batch.result import Result
from pincite.batch.rows import Form, Row, duplicate_ids, make_row, numbered
from pincite.domain.text import harmless
from pincite.ingest.readers.decode import decode

__all__ = ["TextForm", "written_below"]

_INDENT = "    "


def written_below(result: Result) -> list[str]:
    """Return the lines that stand below a question: status, answer, each source with its quotation."""
    cells = result.cells()
    if not cells:
        return []
    lines = [f"{cells['Status']} · confidence {cells['Confidence']} · review: {cells['Needs review']}"]
    lines += (cells["Answer"] or cells["Reason"]).split("\n")
    for cite, quote in zip(cells["Citations"].split("\n"), _quotes(result), strict=False):
        if cite:
            lines += [cite, *(f"  {line}" for line in f"“{quote}”".split("\n"))]
    for what in ("Same as", "Reviewed by", "Answer label"):
        if cells[what]:
            lines.append(f"{what} {cells[what]}")
    return lines


def _quotes(result: Result) -> list[str]:
    return [citation.quote for citation in result.answer.citations] if result.answer else []


class TextForm(Form):
    """A text file; blank lines and lines that begin with ``#`` are no questions, nor are indented ones (answers)."""

    kind = "plain text"

    def __init__(self, data: bytes) -> None:
        text, warnings = decode(data)
        self._lines = text.replace("\r\n", "\n").split("\n")
        rows: list[Row] = []
        self._at: dict[int, int] = {}
        for index, line in enumerate(self._lines):
            if not line.strip() or line.startswith(("#", " ", "\t")):
                continue
            number, question = numbered(line.strip())
            row = make_row(len(rows) + 1, f"line {index + 1}", question, {"id": number})
            rows.append(row)
            self._at[index] = row.number
        self.rows = tuple(rows)
        self.mapping = (("Question", "each line"),)
        self.notes = (*warnings, *duplicate_ids(self.rows))

    def filled(self, results: Mapping[int, Result]) -> bytes:
        """See `Form.filled`."""
        lines: list[str] = []
        for index, line in enumerate(self._lines):
            lines.append(line)
            result = results.get(self._at.get(index, 0))
            for words in written_below(result) if result else []:
                lines += textwrap.wrap(
                    words, 100, initial_indent=_INDENT, subsequent_indent=_INDENT, break_long_words=False,
                    break_on_hyphens=False,
                )  # fmt: skip
        return harmless("\n".join(lines)).encode("utf-8", "replace")
