"""The Textual app: opens the assistant behind the first frame, shows errors as screens, leaves in order."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event as Flag
from typing import ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from pincite.batch.ground import Ground
from pincite.domain.assistant import Assistant, Exported, StatusLine
from pincite.errors import PinciteError
from pincite.tui.bars import StatusBar
from pincite.tui.batch import BatchScreen
from pincite.tui.chat import WIDE, ChatScreen
from pincite.tui.inert import Inert
from pincite.tui.screens import ErrorScreen
from pincite.tui.work import Abandoned, Opened, Reported, Unexpected, Unopened

__all__ = ["Batches", "OpenAssistant", "PinciteApp", "run"]

_INERT = Inert()
_HUNG_UP = 129
"""Exit code of a process whose terminal has ended: 128 and the signal's number."""

OpenAssistant = Callable[[Callable[[str], None]], Assistant]


@dataclass(frozen=True)
class Batches:
    """What question files need besides the assistant.

    Attributes:
        ground: gives what answers rest on now; called in a worker thread.
        model: name of the language model.
        folders: where question files are offered from.
        otherwise: where answers go if the seal keeps this process from writing beside the questions.
    """

    ground: Callable[[], Ground]
    model: str
    folders: Sequence[Path] = ()
    otherwise: Path | None = None


class PinciteApp(App[int]):
    """The terminal chat.

    Args:
        open_assistant: called in a worker thread once the screen is up, with a function that takes progress in words.
        export_directory: where exported conversations go; unexpected errors are logged in its parent.
        title: the conversation's title; empty to take the first question.
        clock: seconds from any zero, for the durations shown.
        as_of: the day whose texts answer at first, None for today's.
        batches: what question files need; without it there is no batch screen.
        exported: records exports.
    """

    CSS_PATH = "pincite.tcss"
    TITLE = "Pincite"
    COMMANDS: ClassVar = set()  # the chat screen brings its own
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  declared so by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+p", "command_palette", "All commands", show=False, priority=True),
    ]

    def __init__(
        self,
        open_assistant: OpenAssistant,
        *,
        export_directory: Path,
        title: str = "",
        clock: Callable[[], float] = time.monotonic,
        as_of: date | None = None,
        batches: Batches | None = None,
        exported: Exported | None = None,
    ) -> None:
        super().__init__()
        self.assistant: Assistant | None = None
        self._status: StatusLine | None = None
        self._batches = batches
        self._exported = exported
        self._batch: BatchScreen | None = None
        self._open_assistant = open_assistant
        self._log_file = export_directory.parent / "tui.log"
        self._leaving = Flag()
        self._failed = False  # the last attempt to open the assistant
        self._chat = ChatScreen(
            export_directory=export_directory, title=title, clock=clock, as_of=as_of, exported=exported
        )

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, and ours at the end: whatever stands in a widget cannot steer the terminal."""
        return [*super().get_line_filters(), _INERT]

    def get_default_screen(self) -> Screen[None]:
        """Return the chat screen."""
        return self._chat

    def on_mount(self) -> None:
        """Open the assistant once the first frame is on the screen."""
        self.call_after_refresh(self._open)
        if not self.is_headless:
            threading.Thread(target=_end_with_the_terminal, daemon=True).start()

    def _open(self) -> None:
        self._failed = False
        self._chat.opening("Loading model")
        self.run_worker(self._open_in_thread, thread=True, exit_on_error=False, group="open")

    def _open_in_thread(self) -> None:
        try:
            self.assistant = assistant = self._open_assistant(self._report)
            self.post_message(Opened(assistant, assistant.status()))
        except Abandoned:
            pass
        except Exception as error:
            self.post_message(Unopened(error))

    def _report(self, text: str) -> None:
        if self._leaving.is_set():
            raise Abandoned
        self.post_message(Reported(text))

    @on(Reported)
    def _reported(self, message: Reported) -> None:
        self._chat.opening(message.text)

    @on(Opened)
    def _opened(self, message: Opened) -> None:
        self._chat.ready(message.assistant, message.status)
        self._status = message.status

    def action_batch(self) -> None:
        """Open the screen for question files."""
        if self.screen is not self._chat:
            return
        if self.assistant is None or self._status is None or self._batches is None:
            self._chat.query_one(StatusBar).notify_of("not ready for question files yet")
            return
        self._chat.action_stop()  # one question at a time
        self._batch = BatchScreen(
            self.assistant,
            self._status,
            self._chat.engine,
            self._batches.ground,
            model=self._batches.model,
            as_of=self._chat.as_of,
            folders=self._batches.folders,
            exported=self._exported,
            otherwise=self._batches.otherwise,
        )
        self.push_screen(self._batch)

    @on(Unopened)
    def _unopened(self, message: Unopened) -> None:
        self._failed = True
        self._chat.opening("Not loaded")
        self._show_error(message.error, opening=True)

    @on(Unexpected)
    def _unexpected(self, message: Unexpected) -> None:
        self._show_error(message.error, opening=False)

    def _show_error(self, error: Exception, *, opening: bool) -> None:
        log = "" if isinstance(error, PinciteError) else self._log_traceback(error)
        self.push_screen(ErrorScreen(error, opening=opening, log=log), self._error_answered)

    async def _error_answered(self, choice: str | None) -> None:
        if choice == "retry":
            self._open()
        elif choice == "quit":
            await self.action_quit()

    async def action_quit(self) -> None:
        """Stop a running answer, then leave; the exit code tells whether there was anything to ask."""
        self._leaving.set()
        self._halt()
        self.exit(1 if self._failed else 0)

    def on_unmount(self) -> None:
        """Let no worker outlive the screen, however it was closed."""
        self._leaving.set()
        self._halt()

    def _halt(self) -> None:
        self._chat.halt()
        if self._batch is not None:
            self._batch.halt()

    def _log_traceback(self, error: BaseException) -> str:
        """Append the traceback to the log file, without the values of variables; return its path, or nothing."""
        text = "".join(traceback.format_exception(error))
        with suppress(OSError):
            self._log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n")
            return str(self._log_file)
        return ""

    def _fatal_error(self) -> None:
        # Textual would print a traceback with local variables, that is, with the user's documents
        log = self._log_traceback(self._exception) if self._exception else ""
        self._exit_renderables.append(f"Unexpected error{': see ' + log if log else ''}")
        self._close_messages_no_wait()


def _end_with_the_terminal() -> None:
    """End the process when its terminal has ended, as the signal for that does.

    A process that does not get the signal (its parent ignores it, as `make` does) would read from the terminal without
    end. Textual cannot leave in order then: what it writes goes nowhere, and it waits for that.
    """
    while sys.__stdin__ is not None and sys.__stdin__.isatty():
        time.sleep(1)
    os._exit(_HUNG_UP)


def run(
    open_assistant: OpenAssistant,
    *,
    export_directory: Path,
    title: str = "",
    as_of: date | None = None,
    batches: Batches | None = None,
    exported: Exported | None = None,
) -> int:
    """Run the chat until the user leaves and return the exit code.

    `open_assistant` is called in a worker thread after the first frame is shown; it may raise PinciteError, which
    becomes a screen from which the user can try again. The assistant is closed on the way out.
    """
    app = PinciteApp(
        open_assistant, export_directory=export_directory, title=title, as_of=as_of, batches=batches, exported=exported
    )
    result = app.run()
    if app.assistant is not None:
        app.assistant.close()
    return result if result is not None else app.return_code or 0
