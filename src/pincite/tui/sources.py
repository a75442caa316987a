"""References to stored words, and the selectable line that stands for one in the conversation."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from pincite.domain.answers import Citation, EvidenceItem
from pincite.domain.assistant import SourceView
from pincite.domain.documents import Span
from pincite.tui.render import line

__all__ = ["Reference", "SourceLine", "from_citation", "from_item"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a stored source that the reader can open.

    Attributes:
        n: the number shown as ``[n]``; 0 if it has none.
        cite: the full pin-cite; `kind` is law or policy in a word.
        document, span, quotes: what to ask the assistant for.
        quote: the words that the answer quotes from here; empty if the answer does not cite this place.
        note: what this place is to the answer, in words.
        status: what a reader must know of the document's dates, in words; empty if it is in force.
        preview: what can be shown before the assistant has been asked; None if nothing is known.
    """

    n: int
    cite: str
    kind: str
    document: str
    span: Span
    quotes: tuple[Span, ...]
    quote: str = ""
    note: str = ""
    status: str = ""
    preview: SourceView | None = None

    def same_place(self, other: Reference) -> bool:
        """Tell whether both point into the same stretch of the same document."""
        overlap = self.span.start < other.span.end and other.span.start < self.span.end
        return self.document == other.document and overlap


def from_citation(citation: Citation) -> Reference:
    """Return the place that a checked citation quotes."""
    span = Span(citation.start, citation.end)
    return Reference(
        citation.n,
        citation.cite,
        citation.kind.value,
        citation.document,
        span,
        (span,),
        quote=citation.quote,
        status=citation.status,
    )


def from_item(item: EvidenceItem, note: str, *, numbered: bool = True) -> Reference:
    """Return the place of a passage that the search found; its words can be shown at once."""
    base = item.passage.start
    marks = tuple(Span(q.start - base, q.end - base) for q in item.quotes if item.passage.contains(q))
    preview = SourceView(
        document=item.document,
        title=item.title,
        short=item.short,
        kind=item.kind,
        label=item.label,
        path=item.path,
        span=item.passage,
        text=item.text,
        lead_in=item.lead_in,
        marks=marks,
        previous=None,
        next=None,
        provenance=(f"Effective {item.effective}",) if item.effective else (),
    )
    number = item.n if numbered else 0
    return Reference(
        number,
        item.cite,
        item.kind.value,
        item.document,
        item.passage,
        item.quotes,
        note=note,
        status=item.status,
        preview=preview,
    )


class SourceLine(Widget, can_focus=True):
    """One source of an answer; Enter or a click opens it, moving the focus onto it selects it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", show=False),
        Binding("up", "screen.citation(-1)", "Up", show=False),
        Binding("down", "screen.citation(1)", "Down", show=False),
    ]

    class Selected(Message):
        """The line has been reached; `opened` if its source shall be opened for reading."""

        def __init__(self, source: SourceLine, *, opened: bool) -> None:
            super().__init__()
            self.source = source
            self.opened = opened

    def __init__(self, reference: Reference) -> None:
        super().__init__(classes="-dated" if reference.status else "")
        self.reference = reference

    def render(self) -> Content:
        """Return ``> [1] GDPR Art. 33(1)    law``, cut to the width; below it what is to be said of its dates."""
        number = f"[{self.reference.n}] " if self.reference.n else ""
        marker = ">" if self.has_class("-selected") else " "
        kind = f" {self.reference.kind}"
        width = max(self.size.width - len(kind), 8)
        head = Content(f"{marker} {number}{line(self.reference.cite)}").truncate(width, ellipsis=True, pad=True)
        head = head.append(Content.styled(kind, "dim"))
        return Content("\n").join([head, *map(Content, self._status_lines(self.size.width))])

    def _status_lines(self, width: int) -> list[str]:
        """Return what is said of the document's dates, wrapped: it is never cut."""
        indent = " " * (len(f"  [{self.reference.n}] ") if self.reference.n else 2)
        return textwrap.wrap(
            line(self.reference.status), max(width, 20), initial_indent=indent, subsequent_indent=indent
        )

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that the cite and the document's dates take."""
        return 1 + len(self._status_lines(width))

    def select(self, *, on: bool) -> None:
        """Show or remove the marker."""
        self.set_class(on, "-selected")
        self.refresh()

    def on_focus(self) -> None:
        """Select the line that the focus reaches."""
        self.post_message(self.Selected(self, opened=False))

    def on_click(self) -> None:
        """Open the source on a click."""
        self.action_open()

    def action_open(self) -> None:
        """Ask for the source to be opened."""
        self.post_message(self.Selected(self, opened=True))
