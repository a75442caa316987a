"""Rows of a question file, the form they stand in, and how to choose what to read from it."""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pincite.domain.dates import read_date
from pincite.domain.text import collapse, normalise
from pincite.errors import PinciteError

if TYPE_CHECKING:
    from pincite.batch.result import Result

__all__ = ["Choice", "Form", "QuestionFileError", "Row", "duplicate_ids", "make_row", "numbered"]

_SEVERAL = re.compile(r"[;\n]")
# "3.", "Q12:", "(4)", "A-1.2)" before a question
_NUMBER = re.compile(r"(?:\((\w{1,6})\)|([A-Za-z]{0,3}-?\d{1,4}(?:\.\d{1,3})*)[.):])\s+(?=\S)")


class QuestionFileError(PinciteError):
    """A question file that cannot be read or filled in as asked."""

    title = "Question file cannot be used"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sheet of a workbook and which column hold the questions; empty means: find them by their headings."""

    sheet: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a form.

    Attributes:
        number: position among the form's questions, from 1.
        where: where it stands, for messages: ``row 12 of sheet “Vendor”``.
        id: as the form gives it, else `number` in digits.
        question: as the form gives it.
        documents, label, as_of: what the row restricts the search to: names of documents, their classification,
            the day whose texts answer; empty for no restriction.
        problem: why it cannot be asked, in words; empty if it can.
        kept: the answer that somebody has already filled in; such a row is left alone.
    """

    number: int
    where: str
    id: str
    question: str
    documents: tuple[str, ...] = ()
    label: str = ""
    as_of: date | None = None
    problem: str = ""
    kept: str = ""

    @property
    def asked(self) -> str:
        """The question as it is put: normalised, on one line."""
        return collapse(normalise(self.question))

    def key(self, as_of: date | None = None) -> str:
        """Return the digest under which its answer is kept: the question and all that restricts the search.

        Args:
            as_of: the day for rows that name none.
        """
        day = self.as_of or as_of
        parts = [self.asked, sorted(self.documents), self.label, day.isoformat() if day else ""]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


class Form(ABC):
    """A question file that was read and can be filled in.

    Attributes:
        kind: what it is, in words: ``XLSX workbook``.
        rows: its questions in order.
        mapping: pairs of what was taken and where it was found, for the reader.
        notes: what a reader should know: rows left out, encodings assumed, ids given twice.
    """

    kind: str
    rows: tuple[Row, ...]
    mapping: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @abstractmethod
    def filled(self, results: Mapping[int, Result]) -> bytes:
        """Return the file with the results, by row number, written into it; rows without one stay as they are.

        Nothing that stands in the file is overwritten.
        """


def make_row(number: int, where: str, question: str, given: Mapping[str, str], problem: str = "") -> Row:
    """Return a row from the words of its cells.

    Args:
        number: position among the questions.
        where: for messages.
        question: its words.
        given: words by role: ``id``, ``documents``, ``label``, ``as_of``, ``answer``; any may be missing.
        problem: what is already known to be wrong with it.
    """
    day = None
    if written := given.get("as_of", "").strip():
        try:
            day = read_date(written)
        except ValueError as error:
            problem = problem or f"as-of date: {error}; write it as 2026-01-31"
    names = (collapse(normalise(name)) for name in _SEVERAL.split(given.get("documents", "")))
    return Row(
        number,
        where,
        collapse(normalise(given.get("id", ""))) or str(number),
        question,
        documents=tuple(name for name in names if name),
        label=collapse(normalise(given.get("label", ""))),
        as_of=day,
        problem=problem,
        kept=given.get("answer", "").strip(),
    )


def numbered(text: str) -> tuple[str, str]:
    """Return the number before a question and the question without it: ``("3.2", "Who …?")``."""
    match = _NUMBER.match(text)
    return ((match[1] or match[2]), text[match.end() :]) if match else ("", text)


def duplicate_ids(rows: Sequence[Row]) -> list[str]:
    """Return a note for every id that stands at more than one row."""
    places: dict[str, list[str]] = {}
    for row in rows:
        places.setdefault(row.id, []).append(row.where)
    return [
        f"the id {name!r} stands more than once ({', '.join(found[:4])}{', …' if len(found) > 4 else ''}); "
        "each row is answered on its own and keeps its id"
        for name, found in places.items()
        if len(found) > 1
    ]
