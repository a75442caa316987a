"""Screens that the batch screen opens: one row with its evidence, and a question for a name or a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from pincite.batch.result import STATUS_WORDS, Result
from pincite.batch.rows import Row
from pincite.domain.assistant import Assistant, StatusLine
from pincite.domain.documents import Span
from pincite.errors import PinciteError
from pincite.tui.bars import Header, Metrics, StatusBar
from pincite.tui.conversation import Conversation, Turn
from pincite.tui.evidence import Around, EvidencePane, Passage
from pincite.tui.render import line, plain
from pincite.tui.sources import Reference, SourceLine
from pincite.tui.work import Found

__all__ = ["PromptScreen", "RowScreen"]


class PromptScreen(ModalScreen[str]):
    """Asks for one line of text; dismissed with it, or with nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Leave", show=False)]

    def __init__(self, title: str, words: str, value: str = "") -> None:
        super().__init__()
        self._title, self._words, self._value = title, words, value

    def compose(self) -> ComposeResult:
        """Yield the words and the input."""
        with Vertical(id="prompt") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("Enter takes it · Esc leaves it")
            yield Static(plain(self._words))
            yield Input(self._value, id="prompt-value")

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        self.dismiss(message.value.strip())


class RowScreen(Screen[str]):
    """One row's answer beside its evidence; dismissed with ``again``, ``review``, ``next``, ``previous`` or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, priority=True),
        Binding("f4,ctrl+o", "evidence", "Evidence", show=False),
        Binding("f5,ctrl+r", "citation(-1)", "Previous source", show=False),
        Binding("f6,ctrl+n", "citation(1)", "Next source", show=False),
        Binding("f7", "passage(-1)", "Previous passage", show=False),
        Binding("f8", "passage(1)", "Next passage", show=False),
        Binding("a", "leave('again')", "Ask again", show=False),
        Binding("m", "leave('review')", "Mark reviewed", show=False),
        Binding("n", "leave('next')", "Next row", show=False),
        Binding("p", "leave('previous')", "Previous row", show=False),
    ]

    def __init__(
        self, row: Row, result: Result, assistant: Assistant, status: StatusLine, place: str, wide: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._row, self._result, self._assistant = row, result, assistant
        self._status, self._place, self._wide = status, place, wide
        self._selected: SourceLine | None = None

    def compose(self) -> ComposeResult:
        """Yield header, answer and evidence, as in the chat."""
        yield Header(id="header")
        with Horizontal(id="panes"):
            conversation = Conversation(id="conversation")
            conversation.border_title = Content(f"Row {line(self._row.id)}")
            yield conversation
            yield EvidencePane(id="evidence")
        yield StatusBar(id="status")

    def on_mount(self) -> None:
        """Show the answer and select its first source."""
        self.query_one(Header).show(self._place, self._status)
        self._fill(self.query_one(Conversation).begin(self._row.asked))
        self._show_status()

    def _fill(self, turn: Turn) -> None:
        """Show the answer below its question, once the question stands there."""
        if not turn.is_mounted:
            # a timer lets the turn's own task run; calling after every refresh could starve it for good
            self.set_timer(0.01, partial(self._fill, turn))
            return
        result = self._result
        if result.answer is not None:
            turn.show_answer(result.answer)
        else:
            turn.show_error(STATUS_WORDS[result.status], result.error or result.kept, "")
        if turn.sources:
            self.call_after_refresh(self._first, turn.sources[0])

    def _first(self, source: SourceLine) -> None:
        source.focus()
        self._select(source)

    def _show_status(self) -> None:
        result = self._result
        words = [STATUS_WORDS[result.status]]
        if result.answer is not None:
            words.append(f"confidence {result.confidence}")
        if result.review:
            words.append(f"reviewed by {result.review.by}")
        elif result.needs_review:
            words.append(f"review: {result.needs_review}")
        evidence = "" if self._wide() else "F4 Evidence  "
        hints = f"{evidence}N P Rows  A Again  M Mark  Esc"
        self.query_one(StatusBar).show(" · ".join(words), Metrics(), None, hints)

    def on_resize(self) -> None:
        """Name the keys that matter at this width."""
        self._show_status()

    # ----------------------------------------------------------------- evidence

    def _select(self, source: SourceLine) -> None:
        if self._selected is not None:
            self._selected.select(on=False)
        self._selected = source
        source.select(on=True)
        siblings = [other.reference for other in self.query_one(Conversation).lines()]
        self.query_one(EvidencePane).present(source.reference, siblings)
        self._look_up(source.reference, source.reference.span, source.reference.quotes)

    def _look_up(self, reference: Reference, span: Span, quotes: tuple[Span, ...]) -> None:
        def read() -> None:
            try:
                found = Found(reference, self._assistant.source(reference.document, span, quotes))
            except Exception as error:
                found = Found(reference, None, error)
            self.post_message(found)

        self.run_worker(read, thread=True, exit_on_error=False, group="source")

    @on(Found)
    def _found(self, message: Found) -> None:
        pane = self.query_one(EvidencePane)
        if pane.reference is not message.reference:
            return
        if message.view is not None:
            pane.show(message.view)
            return
        error = message.error
        words = error.message if isinstance(error, PinciteError) else f"{type(error).__name__}: {error}"
        pane.show_problem(f"The source cannot be read. {words}")

    @on(SourceLine.Selected)
    def _source_selected(self, message: SourceLine.Selected) -> None:
        if message.source is not self._selected:
            self._select(message.source)
        if message.opened:
            self.action_evidence()

    @on(Around.Asked)
    def _around_asked(self, message: Around.Asked) -> None:
        self.action_passage(message.step)

    def action_evidence(self) -> None:
        """Open Evidence and read in it, or go back to the answer."""
        if self.has_class("-reading"):
            self._close_evidence()
        else:
            self.add_class("-reading")
            self.query_one(Passage).focus()

    def _close_evidence(self) -> None:
        self.remove_class("-reading")
        if self._selected is not None:
            self._selected.focus()

    def action_citation(self, step: int) -> None:
        """Select the next or previous source."""
        lines = self.query_one(Conversation).lines()
        at = lines.index(self._selected) + step if self._selected in lines else 0
        if 0 <= at < len(lines):
            self._select(lines[at])
            if not self.has_class("-reading"):
                lines[at].focus()

    def action_passage(self, step: int) -> None:
        """Show the passage before or after the one in Evidence."""
        pane = self.query_one(EvidencePane)
        neighbour, reference = pane.neighbour(step), pane.reference
        if neighbour is not None and reference is not None:
            here = neighbour.span
            quotes = tuple(q for q in reference.quotes if q.start < here.end and here.start < q.end)
            self._look_up(reference, here, quotes)

    def action_back(self) -> None:
        """Close Evidence, or go back to the table."""
        if self.has_class("-reading"):
            self._close_evidence()
        else:
            self.dismiss("")

    def action_leave(self, choice: str) -> None:
        """Go back to the table with something to do there."""
        self.dismiss(choice)
