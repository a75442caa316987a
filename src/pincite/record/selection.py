"""Which records are meant, and each of them in words for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pincite.domain.text import collapse, printable
from pincite.record.reader import Record

__all__ = ["Selection", "fields", "headline", "in_words"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Records by what they are; what is empty leaves all in.

    Attributes:
        first, last: days (UTC) of the period, both within.
        kinds, users: any of these.
        text: stands in the record, in clear or in its opened payload; case does not matter.
        question: stands in the question that was asked.
        indices: these records only.
    """

    first: date | None = None
    last: date | None = None
    kinds: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    text: str = ""
    question: str = ""
    indices: tuple[int, ...] = ()

    def takes(self, record: Record) -> bool:
        """Tell whether a record is meant."""
        day = record.time[:10]
        return (
            (self.first is None or self.first.isoformat() <= day)
            and (self.last is None or day <= self.last.isoformat())
            and (not self.kinds or record.kind in self.kinds)
            and (not self.users or record.user in self.users)
            and (not self.indices or record.index in self.indices)
            and self.question.casefold() in str((record.secret or {}).get("question", "")).casefold()
            and (not self.text or self.text.casefold() in _words_of(record).casefold())
        )


def _words_of(record: Record) -> str:
    everything = (record.public, record.secret, record.documents, record.files)
    return json.dumps(everything, ensure_ascii=False)


def headline(record: Record) -> str:
    """Return a record in one line: number, time, user, kind and how it ended."""
    ended = record.public.get("status") or record.public.get("action") or record.public.get("what") or ""
    parts = (f"#{record.index}", record.time, record.user, record.kind, str(ended))
    return "  ".join(collapse(printable(part)) for part in parts if part)


def in_words(record: Record, *, whole: bool = False) -> Iterator[str]:
    """Yield a record in lines fit for a terminal, after its headline; with `whole` everything that it holds."""
    if record.erased:
        yield "payload: erased"
    secret = record.secret or {}
    answer: dict[str, Any] = secret.get("answer") or {}
    if "question" in secret:
        yield f"question: {_line(secret['question'])}"
    if answer.get("answer"):
        yield f"answer: {_line(answer['answer'])}"
    elif answer.get("message"):
        yield f"answer: none: {_line(answer['message'])}"
    for cited in answer.get("citations", ()):
        yield f"  [{cited['n']}] {_line(cited['document'])} {_line(cited['label'])}: “{_line(cited['quote'])}”"
    if record.documents:
        yield f"documents: {', '.join(map(_line, record.documents))}"
    if record.files:
        yield f"files: {', '.join(map(_line, record.files))}"
    if whole:
        everything = {"public": record.public, **({"secret": secret} if secret else {})}
        yield from (f"{_line(name)}: {words}" for name, words in fields("", everything))
    else:
        told = {
            "checkpoint",
            "status",
            "action",
            "what",
            "models",
            "digests",
            "timings",
            "passages",
            "citations",
            "seal_self_test",
        }
        brief = {
            name: value for name, value in record.public.items() if name not in told and value not in (None, "", [])
        }
        if brief:
            yield "; ".join(f"{_line(name)}: {_value(value)}" for name, value in brief.items())


def fields(before: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each value inside a JSON value with its path ("digests.model", "passages[0].start"), in words."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from fields(f"{before}.{name}" if before else name, inner)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, inner in enumerate(value):
            yield from fields(f"{before}[{number}]", inner)
    else:
        yield before, _value(value)


def _value(value: Any) -> str:
    return _line(value) if isinstance(value, str) else _line(json.dumps(value, ensure_ascii=False))


def _line(text: Any) -> str:
    return collapse(printable(str(text)))
