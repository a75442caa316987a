"""Screens besides the chat: help, and errors that leave nothing else to show."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from pincite.domain.assistant import StatusLine
from pincite.domain.dates import read_date
from pincite.errors import PinciteError
from pincite.tui.bars import documents
from pincite.tui.keys import COMMANDS
from pincite.tui.render import bold, line, plain

__all__ = ["AsOfScreen", "ErrorScreen", "HelpScreen"]

_INPUT_KEYS = (
    ("Enter", "Send the question"),
    ("Ctrl+J", "New line in the question"),
    ("Up, Down", "Questions asked before; on an empty start, the examples"),
    ("PgUp, PgDn", "Scroll the conversation"),
    ("Tab, Shift+Tab", "Move between input, sources and Evidence"),
    ("Left, Right", "In Evidence: previous and next passage"),
)
_WORDS = (
    ("Loading model", "models and library are being opened and their digests checked"),
    ("Searching", "passages are being looked for"),
    ("Reading N passages", "the model reads them; Evidence already shows them"),
    ("Writing", "a draft appears; it is unchecked until the status says Done"),
    ("Checking quotes", "each sentence is compared with the source"),
    ("Done", "what is shown passed the checks"),
    ("Stopped", "you stopped; what is shown is unchecked and no answer"),
    ("Not found in corpus", "nothing supports an answer; the closest passages are listed"),
)


class HelpScreen(ModalScreen[None]):
    """All keys, the words of the status line, and what is loaded."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss", "Close", show=False)]

    def __init__(self, status: StatusLine | None) -> None:
        super().__init__()
        self._status = status

    def compose(self) -> ComposeResult:
        """Yield one scrolling text."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = Content("Help")
            scroll.border_subtitle = Content("Esc closes")
            yield Static(Content("\n").join(self._lines()))

    def _lines(self) -> list[Content]:
        keys = [(command.shown, f"{command.title}: {command.help}") for command in COMMANDS]
        lines = [bold("Keys"), *_table([*_INPUT_KEYS, *keys]), Content("")]
        lines += [bold("Words in the status line"), *_table(_WORDS), Content("")]
        lines.append(bold("Loaded"))
        if self._status is None:
            return [*lines, plain("Nothing yet")]
        status = self._status
        loaded = (
            ("Model", line(status.model)),
            ("Context", f"{status.context:,} tokens"),
            ("Corpus", documents(status.documents)),
            ("Seal", line(status.seal)),
        )
        return [*lines, *_table(loaded)]


def _table(rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> list[Content]:
    width = max(len(name) for name, _ in rows) + 2
    return [Content.assemble((f"{name:<{width}}", "bold"), text) for name, text in rows]


class AsOfScreen(ModalScreen[tuple[date | None]]):
    """Asks for the day whose texts shall answer; dismissed with a day, with (None,) for today, or with nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Leave", show=False)]

    def __init__(self, as_of: date | None) -> None:
        super().__init__()
        self._as_of = as_of

    def compose(self) -> ComposeResult:
        """Yield the prompt, the input and room for what is wrong with it."""
        with Vertical(id="as-of") as box:
            box.border_title = Content("Answer as of")
            box.border_subtitle = Content("Enter takes it · Esc leaves it")
            yield Static(plain("A day, such as 2025-01-31: texts in force on it answer. Empty: today's."))
            yield Input(str(self._as_of or ""), placeholder="today", id="as-of-day")
            yield Static(id="as-of-problem")

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        try:
            self.dismiss((read_date(message.value) if message.value.strip() else None,))
        except ValueError as error:
            self.query_one("#as-of-problem", Static).update(plain(f"{error}."))


class ErrorScreen(Screen[str]):
    """An error in words with what can be done; dismissed with ``retry``, ``back`` or ``quit``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "choose('retry')", "Retry", show=False),
        Binding("q", "choose('quit')", "Quit", show=False),
        Binding("escape", "choose('back')", "Back", show=False),
    ]

    def __init__(self, error: Exception, *, opening: bool, log: str = "") -> None:
        super().__init__()
        self._opening = opening
        if isinstance(error, PinciteError):
            self._parts = (error.title, error.message, error.hint)
        else:
            hint = f"The traceback is in {log}." if log else "The traceback could not be written to a file."
            self._parts = ("Unexpected error", f"{type(error).__name__}: {error}", hint)

    def compose(self) -> ComposeResult:
        """Yield title, message, hint and keys."""
        title, message, hint = self._parts
        keys = "R Try again · Q Quit" if self._opening else "Esc Back to the conversation · Q Quit"
        with Vertical(id="error"):
            yield Static(bold(title), id="error-title")
            with VerticalScroll(id="error-text"):
                yield Static(plain(message), id="error-message")
                yield Static(plain(hint), id="error-hint")
            yield Static(bold(keys), id="error-keys")

    def action_choose(self, choice: str) -> None:
        """Leave with `choice`, if it makes sense here."""
        if choice == "quit" or (choice == "retry") == self._opening:
            self.dismiss(choice)
