"""JSON lines: an object with a question on each line, or just the question as a string."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pincite.batch.grid import heading
from pincite.batch.result import Result
from pincite.batch.rows import Choice, Form, QuestionFileError, Row, duplicate_ids, make_row
from pincite.ingest.readers.decode import decode

__all__ = ["JsonlForm"]

_QUESTION = ("question", "query", "text", "prompt")
_RESULT = "pincite"
"""The member under which the result is written."""


class JsonlForm(Form):
    """A file of JSON lines; a line that cannot be read becomes a row that failed, and stays as it is.

    Members: ``question`` (or the one named as column), ``id``, ``documents`` (a list, or names with ``;`` between),
    ``label``, ``as_of``, ``answer``. An object that has ``pincite`` already is an earlier output and is asked anew.

    Raises:
        QuestionFileError: if no line has a question.
    """

    kind = "JSON lines"

    def __init__(self, data: bytes, choice: Choice) -> None:
        text, warnings = decode(data)
        self._lines = text.split("\n")
        if self._lines and not self._lines[-1]:
            self._lines.pop()
        self._values: dict[int, Any] = {}  # by row number: where the result goes
        self._line_of: dict[int, int] = {}
        names = (choice.column,) if choice.column else _QUESTION
        rows: list[Row] = []
        members: set[str] = set()
        for index, line in enumerate(self._lines):
            if not line.strip():
                continue
            row, value = _row(len(rows) + 1, index + 1, line, names)
            rows.append(row)
            self._line_of[row.number] = index
            if value is not None:
                self._values[row.number] = value
                members |= set(value)
        if rows and not self._values:
            raise QuestionFileError(f"{rows[0].where}: {rows[0].problem}", hint="Each line holds one JSON object.")
        if rows and all(row.problem.startswith("no member") for row in rows):
            known = ", ".join(sorted(members)[:12])
            raise QuestionFileError(
                f"no line has a member {names[0]!r}; they have: {known}", hint="Name the member: --column NAME."
            )
        self.rows = tuple(rows)
        self.mapping = (("Question", f"“{next((n for n in names if n in members), names[0])}”"),)
        self.notes = (*warnings, *duplicate_ids(self.rows))

    def filled(self, results: Mapping[int, Result]) -> bytes:
        """See `Form.filled`; a result goes into the member ``pincite``."""
        lines = list(self._lines)
        for row in self.rows:
            result, value = results.get(row.number), self._values.get(row.number)
            if result is None or value is None or result.status in ("not_asked", "kept"):
                continue
            lines[self._line_of[row.number]] = json.dumps({**value, _RESULT: result.to_json()}, ensure_ascii=False)
        return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _row(number: int, line_number: int, line: str, names: tuple[str, ...]) -> tuple[Row, dict[str, Any] | None]:
    where = f"line {line_number}"
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return make_row(number, where, line[:200], {}, f"not JSON: {error}"), None
    if isinstance(value, str):
        value = {"question": value}
        names = ("question",)
    if not isinstance(value, dict):
        return make_row(number, where, line[:200], {}, "neither an object nor a string"), None
    question = next((value[name] for name in names if isinstance(value.get(name), str)), None)
    given = {
        role: _words(member)
        for name, member in value.items()
        if (role := heading(name).replace("-", "_").replace(" ", "_"))
        in ("id", "documents", "label", "as_of", "answer")
    }
    if question is None or not question.strip():
        problem = f"no member {names[0]!r} with a question" if question is None else "the question is empty"
        return make_row(number, where, line[:200], given, problem), value
    return make_row(number, where, question, given), value


def _words(member: Any) -> str:
    if member is None:
        return ""
    return "; ".join(map(str, member)) if isinstance(member, list) else str(member)
