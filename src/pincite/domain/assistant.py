"""What a face may ask of the product; the real one comes from `pincite.assembly`, tests bring their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

from pincite.domain.documents import DocumentKind, Span
from pincite.domain.events import Event
from pincite.domain.labels import Labels

__all__ = ["Assistant", "Exported", "Neighbour", "SourceView", "StatusLine"]

Exported = Callable[[str, Collection[Path], Collection[str]], None]
"""Records an export: what it is, the files, the slugs of documents whose words are in them; raises RecordError."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The passage before or after another one: its pin-cite, heading and range."""

    label: str
    heading: str
    span: Span


@dataclass(frozen=True, slots=True)
class SourceView:
    """A stretch of a stored source, ready to be shown.

    Attributes:
        document: slug; `title` its full title, `short` the name used in pin-cites; `kind` law or policy.
        label: pin-cite inside the document; `path` the headings above.
        text: the stored words of `span`; plain text, never markup.
        lead_in: the words that open the enumeration, shown before `text`; may be empty.
        marks: ranges inside `text` (counted from its first character) that are quoted.
        previous, next: the neighbouring passages, None at the document's ends.
        provenance: lines such as "Effective 2018-05-25" for the reader.
    """

    document: str
    title: str
    short: str
    kind: DocumentKind
    label: str
    path: tuple[str, ...]
    span: Span
    text: str
    lead_in: str
    marks: tuple[Span, ...]
    previous: Neighbour | None
    next: Neighbour | None
    provenance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What the status line says about the parts: model label, context length in tokens, documents, seal state.

    `labels` are those of the home, in whose order exports take the highest.
    """

    model: str
    context: int
    documents: int
    seal: str
    labels: Labels = field(default_factory=Labels)


class Assistant(Protocol):
    """Answers questions from one library with one model; one question at a time, or as many as it was opened for."""

    def status(self) -> StatusLine:
        """Return what is loaded."""
        ...

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        stop: Flag | None = None,
        as_of: date | None = None,
        documents: frozenset[str] | None = None,
    ) -> Iterator[Event]:
        """Yield the events of one answer, ending with Finished, Refused or Cancelled.

        Blocking; call it from a worker thread. `history` holds the conversation's earlier questions, oldest
        first. Setting `stop` ends the answer within a fraction of a second, also while the prompt is read. With
        `as_of`, only texts in force on that day answer, with `documents` only documents with these slugs.

        Raises:
            PinciteError: if the question cannot be asked or a part fails.
        """
        ...

    def source(self, document: str, span: Span, quotes: Sequence[Span] = ()) -> SourceView:
        """Return the passage of `document` that begins at or contains `span.start`, with `quotes` marked."""
        ...

    def close(self) -> None:
        """Free models and files."""
        ...
