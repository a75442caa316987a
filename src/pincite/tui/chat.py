"""The chat screen: hands questions to a worker, its events to the panes, and keys to commands."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from threading import Lock
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Key, Paste, Resize
from textual.screen import Screen

from pincite.answer.report import to_text
from pincite.domain.answers import Answer, Status
from pincite.domain.assistant import Assistant, Exported, StatusLine
from pincite.domain.documents import Span
from pincite.domain.events import (
    Cancelled,
    Checked,
    Checking,
    Event,
    Evidence,
    Finished,
    Loading,
    Reading,
    Refused,
    Searching,
    Token,
)
from pincite.errors import PinciteError, RecordError
from pincite.tui.bars import Header, Metrics, StatusBar
from pincite.tui.composer import Composer
from pincite.tui.conversation import Conversation, Example, Turn
from pincite.tui.evidence import Around, EvidencePane, Passage
from pincite.tui.export import export
from pincite.tui.keys import CommandProvider, bindings
from pincite.tui.running import Run
from pincite.tui.screens import AsOfScreen, HelpScreen
from pincite.tui.sources import Reference, SourceLine, from_item
from pincite.tui.work import Broke, Ended, Found, Progressed, Unexpected, listen

__all__ = ["WIDE", "ChatScreen"]

WIDE = 100  # columns from which Evidence stands beside the conversation


class ChatScreen(Screen[None]):
    """Conversation, Evidence, input and status line."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings())
    COMMANDS: ClassVar = {CommandProvider}
    AUTO_FOCUS = "#composer"

    def __init__(
        self,
        *,
        export_directory: Path,
        title: str,
        clock: Callable[[], float] = time.monotonic,
        as_of: date | None = None,
        exported: Exported | None = None,
    ) -> None:
        super().__init__()
        self._exported = exported
        self._export_directory = export_directory
        self._given_title = title
        self.as_of = as_of
        self._clock = clock
        self._assistant: Assistant | None = None
        self._status: StatusLine | None = None
        self.engine = Lock()  # held by the worker that talks to the assistant
        self._run: Run | None = None
        self._runs = 0
        self._word = "Loading model"
        self._metrics = Metrics()
        self._opening_since = clock()
        self._history: list[str] = []
        self._selected: SourceLine | None = None

    def compose(self) -> ComposeResult:
        """Yield header, both panes, input and status line."""
        yield Header(id="header")
        with Horizontal(id="panes"):
            conversation = Conversation(id="conversation")
            conversation.border_title = Content("Conversation")
            yield conversation
            yield EvidencePane(id="evidence")
        yield Composer(id="composer")
        yield StatusBar(id="status")

    def on_mount(self) -> None:
        """Show the first frame; the seconds of a running answer are counted four times a second."""
        self._show_header()
        self._show_status()
        self.set_interval(0.25, self._tick)

    # ------------------------------------------------------------------ opening

    def opening(self, text: str) -> None:
        """Say how far the opening of models and library has come."""
        self._word = text
        self._show_status()

    def ready(self, assistant: Assistant, status: StatusLine) -> None:
        """Take questions from now on."""
        self._assistant, self._status, self._word = assistant, status, "Ready"
        self._show_header()
        self._show_status()

    # ------------------------------------------------------------------- asking

    @on(Composer.Sent)
    def _sent(self, message: Composer.Sent) -> None:
        if not message.text.strip():
            self._tell("Type a question first")
        elif self._assistant is None:
            self._tell("not ready for questions yet; your text is kept")
        elif self._run is not None:
            self._tell("one question at a time; Esc stops this one. Your text is kept")
        else:
            self.query_one(Composer).take(message.text)
            self._ask(self._assistant, message.text.strip())

    def _ask(self, assistant: Assistant, question: str) -> None:
        self.query_one(Composer).remember(question)
        self.query_one(StatusBar).forget()
        self._runs += 1
        run = Run(self._runs, question, self.query_one(Conversation).begin(question), self._clock())
        self._run, self._word, self._metrics = run, "Searching", Metrics()
        work = partial(
            listen,
            assistant,
            self.engine,
            run.number,
            question,
            tuple(self._history),
            run.stop,
            self.post_message,
            self.as_of,
        )
        self._history.append(question)
        self.run_worker(work, thread=True, exit_on_error=False, group="ask")
        self._show_header()
        self._tick()

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        for event in message.events:
            run = self._run
            if run is None or run.number != message.run:
                return
            self._take(run, event)
        run = self._run
        if run is None:
            return
        if any(isinstance(event, Token) for event in message.events):
            run.turn.show_draft(run.draft)
            self.query_one(Conversation).follow(run.turn)
        self._tick()

    def _take(self, run: Run, event: Event) -> None:
        """Act on one event of the running answer."""
        match event:
            case Loading(what=what):
                self._word = f"Loading model {what}".strip()
            case Searching():
                self._word = "Searching"
            case Evidence(items=items):
                run.passages = len(items)
                self._word = run.reading()
                self._show_evidence(run, event)
            case Reading(done=done, total=total):
                run.prompt = max(done, total)
                self._word = run.reading(done, total)
            case Token(text=text):
                run.first_token = run.first_token or self._clock()
                run.tokens += 1
                run.draft += text
                self._word = "Writing"
            case Checking(sentences=sentences):
                run.sentences = sentences
                self._word = "Checking quotes"
            case Checked():
                run.checked += 1
                self._word = f"Checking quotes {min(run.checked, run.sentences or run.checked)}/{run.sentences}"
            case Finished(answer=answer) | Refused(answer=answer):
                self._finish(run, answer)
            case Cancelled(draft=draft):
                run.draft = draft or run.draft
                self.action_stop()

    def _show_evidence(self, run: Run, event: Evidence) -> None:
        references = [from_item(item, "found by the search, not yet quoted") for item in event.items]
        run.turn.show_evidence(references)
        self.query_one(Conversation).follow(run.turn)
        if run.turn.sources:
            self._select(run.turn.sources[0])

    def _finish(self, run: Run, answer: Answer) -> None:
        self._run = None
        self.query_one(StatusBar).forget()
        before = self._selected
        mine = before in run.turn.sources
        focused = before is not None and before.has_focus
        run.turn.show_answer(answer)
        self._word = "Done" if answer.status in (Status.ANSWERED, Status.PARTIAL) else "Not found in corpus"
        timings = answer.timings
        self._metrics = Metrics(
            tokens=answer.answer_tokens or run.tokens,
            rate=answer.answer_tokens / timings.generation if timings.generation else 0.0,
            seconds=timings.total or self._clock() - run.started,
            used=answer.prompt_tokens + answer.answer_tokens,
        )
        self._show_status()
        self._select_first(run.turn, before if mine else None)
        if focused and self._selected is not None:
            self._selected.focus(scroll_visible=False)
        self.query_one(Conversation).follow(run.turn, force=True)

    def _select_first(self, turn: Turn, before: SourceLine | None) -> None:
        """Select the source that says what the reader was reading, else the first one."""
        if not turn.sources:
            self._selected = None
            self.query_one(EvidencePane).clear()
            return
        same = (s for s in turn.sources if before is not None and s.reference.same_place(before.reference))
        self._select(next(same, turn.sources[0]))

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        if self._run is not None and self._run.number == message.run:
            self._broke(Broke(message.run, PinciteError("The answer ended without a result.", hint="Ask again.")))

    @on(Broke)
    def _broke(self, message: Broke) -> None:
        run, error = self._run, message.error
        if run is None or run.number != message.run:
            return
        self._run, self._word = None, "Error"
        self._history.pop()
        composer = self.query_one(Composer)
        if not composer.text.strip():
            composer.fill(run.question)
        if isinstance(error, PinciteError):
            run.turn.show_error(error.title, error.message, error.hint)
        else:
            run.turn.show_error("unexpected", f"{type(error).__name__}: {error}", "")
        self.query_one(Conversation).follow(run.turn, force=True)
        self._show_header()
        self._show_status()
        if not isinstance(error, PinciteError):
            self.post_message(Unexpected(error))

    # ----------------------------------------------------------------- evidence

    def _select(self, source: SourceLine) -> None:
        if self._selected is not None:
            self._selected.select(on=False)
        self._selected = source
        source.select(on=True)
        turn = self.query_one(Conversation).turn_of(source)
        siblings = [other.reference for other in turn.sources] if turn else [source.reference]
        self.query_one(EvidencePane).present(source.reference, siblings)
        self._look_up(source.reference, source.reference.span, source.reference.quotes)

    def _look_up(self, reference: Reference, span: Span, quotes: tuple[Span, ...]) -> None:
        assistant = self._assistant
        if assistant is None:
            return

        def read() -> None:
            try:
                found = Found(reference, assistant.source(reference.document, span, quotes))
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
            self._open_evidence()

    @on(Around.Asked)
    def _around_asked(self, message: Around.Asked) -> None:
        self.action_passage(message.step)

    def _open_evidence(self) -> None:
        self.add_class("-reading")
        self.query_one(Passage).focus()
        self._show_status()

    def _close_evidence(self) -> None:
        self.remove_class("-reading")
        self.query_one(Composer).focus()
        self._show_status()

    # ----------------------------------------------------------------- commands

    def action_help(self) -> None:
        """Show the help screen."""
        self.app.push_screen(HelpScreen(self._status))

    def action_new(self) -> None:
        """Begin a new conversation."""
        self._halt()
        self._history.clear()
        self._selected = None
        self._given_title = ""
        self.query_one(Conversation).clear()
        self.query_one(EvidencePane).clear()
        self._word, self._metrics = ("Ready" if self._assistant else self._word), Metrics()
        self._close_evidence()
        self._show_header()
        self._show_status()

    def action_stop(self) -> None:
        """Stop the running answer; without one, leave Evidence for the input."""
        run = self._halt()
        if run is None:
            self._close_evidence()
            return
        self.query_one(StatusBar).forget()
        run.turn.show_stopped(run.draft)
        self._word = "Stopped"
        self.query_one(Conversation).follow(run.turn, force=True)
        self._show_status()

    def _halt(self) -> Run | None:
        """Tell the worker to stop and stop listening to it; it may need a moment, the screen does not."""
        run, self._run = self._run, None
        if run is not None:
            run.stop.set()
            self._metrics = run.metrics(self._clock())
        return run

    def halt(self) -> None:
        """Stop the running answer because the program ends."""
        self._halt()

    def action_evidence(self) -> None:
        """Open Evidence and read in it, or go back to the input."""
        if self.query_one(Passage).has_focus:
            self._close_evidence()
        else:
            self._open_evidence()

    def action_citation(self, step: int) -> None:
        """Select the next or previous source of the whole conversation."""
        lines = self.query_one(Conversation).lines()
        if not lines:
            self._tell("no sources yet")
            return
        at = lines.index(self._selected) if self._selected in lines else (-1 if step > 0 else len(lines))
        if not 0 <= at + step < len(lines):
            self._tell("no source below" if step > 0 else "no source above")
            return
        source = lines[at + step]
        # the focus follows only where it already is on a source: typing is never interrupted
        if isinstance(self.focused, SourceLine):
            source.focus()
        self._select(source)
        self.query_one(Conversation).scroll_to_widget(source, animate=False)

    def action_passage(self, step: int) -> None:
        """Show the passage before or after the one in Evidence."""
        pane = self.query_one(EvidencePane)
        neighbour, reference = pane.neighbour(step), pane.reference
        if neighbour is None or reference is None:
            self._tell("no passage after this one" if step > 0 else "no passage before this one")
            return
        here = neighbour.span
        quotes = tuple(quote for quote in reference.quotes if quote.start < here.end and here.start < quote.end)
        self._look_up(reference, here, quotes)

    def action_copy_answer(self) -> None:
        """Copy the selected source's answer, else the newest one, as plain text."""
        conversation = self.query_one(Conversation)
        turn = conversation.turn_of(self._selected)
        answer = turn.answer if turn else None
        answer = answer or next(reversed(list(conversation.answers())), None)
        if answer is None:
            self._tell("no answer to copy yet")
            return
        self.app.copy_to_clipboard(to_text(answer))
        self._tell("copied through the terminal (OSC 52). If pasting gives nothing, it refuses that: Ctrl+S exports")

    def action_as_of(self) -> None:
        """Ask for the day whose texts shall answer from the next question on."""
        self.app.push_screen(AsOfScreen(self.as_of), self._take_as_of)

    def _take_as_of(self, chosen: tuple[date | None] | None) -> None:
        if chosen is None:
            return
        (self.as_of,) = chosen
        self._show_header()
        self._tell(f"answers as of {self.as_of}" if self.as_of else "answers as of today")

    def action_export(self) -> None:
        """Write the conversation's answers to a new Markdown file."""
        answers = list(self.query_one(Conversation).answers())
        if not answers:
            self._tell("no answer to export yet")
            return
        try:
            path = export(answers, self._export_directory, recorded=self._exported)
        except RecordError as error:
            self._tell(f"not exported, because not recorded: {error.message}")
        except OSError as error:
            self._tell(f"export failed: {error.strerror}: {self._export_directory}")
        else:
            self._tell(f"exported to {path}")

    # -------------------------------------------------------------------- input

    @on(Example.Picked)
    def _example_picked(self, message: Example.Picked) -> None:
        composer = self.query_one(Composer)
        composer.fill(message.question)
        composer.focus()

    @on(Composer.LeftUpwards)
    def _left_upwards(self) -> None:
        examples = self.query(Example)
        if examples and not self.query_one(Composer).text:
            examples.last().focus()

    @on(Composer.Scrolled)
    def _scrolled(self, message: Composer.Scrolled) -> None:
        conversation = self.query_one(Conversation)
        scroll = conversation.scroll_page_down if message.step > 0 else conversation.scroll_page_up
        scroll(animate=False)

    def on_key(self, event: Key) -> None:
        """Let typing begin anywhere."""
        composer = self.query_one(Composer)
        if event.is_printable and event.character and not composer.has_focus:
            event.stop()
            self._close_evidence()
            composer.insert(event.character)

    def on_paste(self, event: Paste) -> None:
        """Let pasting begin anywhere; what is pasted into the input does not come here."""
        event.stop()
        self._close_evidence()
        self.query_one(Composer).post_message(Paste(event.text))

    def on_resize(self, event: Resize) -> None:
        """Do not leave the focus in a pane that the new width hides."""
        if event.size.width < WIDE and not self.has_class("-reading") and self.query_one(Passage).has_focus:
            self.query_one(Composer).focus()
        self._show_status()

    # ------------------------------------------------------------------- status

    def _tell(self, notice: str) -> None:
        self.query_one(StatusBar).notify_of(notice)

    def _tick(self) -> None:
        if self._run is not None:
            self._metrics = self._run.metrics(self._clock())
            self._show_status()

    def _show_status(self) -> None:
        self.query_one(StatusBar).show(self._word, self._metrics, self._status, self._hints())

    def _hints(self) -> str:
        """Return the keys that matter most just now."""
        if self._run is not None:
            return "Esc Stop  F1 Help"
        if self.size.width < WIDE and self._selected is not None:
            return "Esc Back  F1 Help" if self.has_class("-reading") else "F4 Evidence  F1 Help"
        return "F1 Help  ^P All"

    def _show_header(self) -> None:
        title = self._given_title or (self._history[0] if self._history else "")
        self.query_one(Header).show(title, self._status, self.as_of)
