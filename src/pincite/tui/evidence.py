"""The Evidence pane: stored words with the quote marked, and the way to the passages around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, Resize
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from pincite.domain.assistant import Neighbour, SourceView
from pincite.tui.render import bold, dim, line, lines_before, marked, plain
from pincite.tui.sources import Reference

__all__ = ["EvidencePane"]

_EMPTY = "The stored words behind an answer appear here as soon as the search has found them."


class Passage(VerticalScroll, can_focus=True):
    """The scrolling text; left and right go to the passages around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.passage(-1)", "Previous passage", show=False),
        Binding("right", "screen.passage(1)", "Next passage", show=False),
    ]


class Around(Widget):
    """The names of the passages before and after; a click on a half goes there."""

    class Asked(Message):
        """The reader wants the passage before (-1) or after (1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    previous: Neighbour | None = None
    next: Neighbour | None = None

    def render(self) -> Content:
        """Return ``‹ 6.1 Scope    6.3 Destruction ›``, each cut to half the width."""
        width = self.size.width
        left = Content(f"‹ {_name(self.previous)}" if self.previous else "").truncate(width // 2 - 1, ellipsis=True)
        name = Content(_name(self.next)).truncate(width // 2 - 3, ellipsis=True)
        right = name.append(" ›") if self.next else Content("")
        return left.pad_right(max(width - left.cell_length - right.cell_length, 0)).append(right)

    def on_click(self, event: Click) -> None:
        """Go to the half that was clicked."""
        self.post_message(self.Asked(-1 if event.x < self.size.width // 2 else 1))


def _name(neighbour: Neighbour | None) -> str:
    return line(f"{neighbour.label} {neighbour.heading}") if neighbour else ""


def _comparison(view: SourceView, reference: Reference) -> str:
    """Compare a quotation with the stored words; a view may hold only part of it, because a lead-in stands apart."""
    start = reference.span.start
    for mark in view.marks:
        shown, at = mark.of(view.text), view.span.start + mark.start - start
        if shown and at >= 0 and reference.quote[at : at + len(shown)] == shown:
            return "quote verified" if shown == reference.quote else "quote verified; it begins or ends outside"
    return "WARNING: the quote was not found in the stored source"


class EvidencePane(Vertical):
    """Shows one reference of a list, or a passage near it."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self.reference: Reference | None = None
        self.view: SourceView | None = None
        self._cite = Static(id="cite")
        self._path = Static(id="path")
        self._state = Static(id="state-of-quote")
        self._words = Static(id="words")
        self._around = Around()

    def compose(self) -> ComposeResult:
        """Yield the pane's parts, top to bottom."""
        yield self._cite
        yield self._path
        yield self._state
        with Passage(id="passage"):
            yield self._words
        yield self._around

    def on_mount(self) -> None:
        """Start empty."""
        self.clear()

    def clear(self) -> None:
        """Show nothing but what will stand here."""
        self.reference = self.view = None
        self.border_title = Content("Evidence")
        self._head(Content(""), Content(""), Content(""))
        self._words.update(dim(_EMPTY))
        self._set_around(None, None)

    def present(self, reference: Reference, siblings: Sequence[Reference]) -> None:
        """Show `reference`, one of `siblings`, with what is known of it before the source has been read."""
        self.reference = reference
        position = f"[{reference.n}]" if reference.n else str(list(siblings).index(reference) + 1)
        self.border_title = Content(f"Evidence {position} of {len(siblings)}")
        if reference.preview is not None:
            self.show(reference.preview)
            return
        self.view = None
        self._head(bold(line(f"{reference.cite} · {reference.kind}")), Content(""), dim("Reading the source"))
        self._words.update(Content(""))
        self._set_around(None, None)

    def show(self, view: SourceView) -> None:
        """Show a stretch of a source and scroll to its first mark."""
        self.view = view
        self._head(
            bold(line(f"{view.short} {view.label} · {view.kind.value}")),
            dim("\n".join([" › ".join(map(line, (view.title, *view.path))), " · ".join(map(line, view.provenance))])),
            plain("\n".join(filter(None, (self._status_of(view), self._state_of(view))))),
        )
        self._words.update(marked(view.text, view.marks, view.lead_in))
        self._set_around(view.previous, view.next)
        self.call_after_refresh(self._scroll_to_mark)

    def show_problem(self, message: str) -> None:
        """Say why the source cannot be shown."""
        self._state.update(plain(message))

    def neighbour(self, step: int) -> Neighbour | None:
        """Return the passage before (-1) or after (1) the one shown."""
        if self.view is None:
            return None
        return self.view.previous if step < 0 else self.view.next

    def on_resize(self, _event: Resize) -> None:
        """Keep the mark in view when the text wraps anew."""
        self.call_after_refresh(self._scroll_to_mark)

    def _status_of(self, view: SourceView) -> str:
        """Say what is to be known of the document's dates."""
        reference = self.reference
        return line(reference.status) if reference is not None and reference.document == view.document else ""

    def _state_of(self, view: SourceView) -> str:
        """Say what the words shown are to the answer; a quotation is compared with the source once more."""
        reference = self.reference
        if reference is None:
            return ""
        inside = view.document == reference.document and (
            view.span.contains(reference.span) or reference.span.contains(view.span)
        )
        if not inside and not view.marks:
            return "neighbouring passage, not cited"
        if not reference.quote:
            return reference.note
        return _comparison(view, reference)

    def _head(self, cite: Content, path: Content, state: Content) -> None:
        for part, content in ((self._cite, cite), (self._path, path), (self._state, state)):
            part.update(content)
            part.display = bool(content.plain)

    def _set_around(self, previous: Neighbour | None, following: Neighbour | None) -> None:
        self._around.previous, self._around.next = previous, following
        self._around.refresh()

    def _scroll_to_mark(self) -> None:
        scroll = self.query_one(Passage)
        view, width = self.view, self._words.size.width
        above = lines_before(view.text, view.marks, view.lead_in, width) if view else 0
        # two lines of context stay above the mark
        scroll.scroll_to(y=max(above - 2, 0), animate=False)
