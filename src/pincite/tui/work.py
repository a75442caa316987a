"""What runs in worker threads, and the messages by which it reports to the screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from threading import Event as Flag
from threading import Lock

from textual.message import Message

from pincite.domain.assistant import Assistant, SourceView, StatusLine
from pincite.domain.events import Event, Reading, Token
from pincite.tui.sources import Reference

__all__ = [
    "Abandoned",
    "Broke",
    "Ended",
    "Found",
    "Opened",
    "Progressed",
    "Reported",
    "Unexpected",
    "Unopened",
    "listen",
]

_INTERVAL = 0.05  # seconds between two messages of the same kind: 20 updates a second are enough for the eye


class Abandoned(Exception):
    """Ends the opening of an assistant that nobody waits for any more."""


class Reported(Message):
    """Opening goes on; `text` says with what."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Opened(Message):
    """The assistant is ready."""

    def __init__(self, assistant: Assistant, status: StatusLine) -> None:
        super().__init__()
        self.assistant = assistant
        self.status = status


class Unopened(Message):
    """The assistant could not be opened."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _OfRun(Message):
    """Belongs to the question numbered `run`; messages of an earlier one are ignored."""

    def __init__(self, run: int) -> None:
        super().__init__()
        self.run = run


class Progressed(_OfRun):
    """Events of the answer have arrived."""

    def __init__(self, run: int, events: Sequence[Event]) -> None:
        super().__init__(run)
        self.events = events


class Ended(_OfRun):
    """The assistant has nothing more to say."""


class Broke(_OfRun):
    """The assistant failed."""

    def __init__(self, run: int, error: Exception) -> None:
        super().__init__(run)
        self.error = error


class Unexpected(Message):
    """A failure that is a defect of the program; the app shows it on a screen of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Found(Message):
    """A stretch of a source has been read for `reference`, or `error` says why not."""

    def __init__(self, reference: Reference, view: SourceView | None, error: Exception | None = None) -> None:
        super().__init__()
        self.reference = reference
        self.view = view
        self.error = error


def listen(
    assistant: Assistant,
    turn: Lock,
    run: int,
    question: str,
    history: Sequence[str],
    stop: Flag,
    post: Callable[[Message], object],
    as_of: date | None = None,
) -> None:
    """Ask and post the events, many tokens in one message; waits for `turn`: one question is asked at a time."""
    waiting: list[Event] = []
    kind: type[Event] | None = None
    posted = 0.0
    try:
        with turn:
            if stop.is_set():
                return
            for event in assistant.ask(question, history=history, stop=stop, as_of=as_of):
                waiting.append(event)
                now = time.monotonic()
                if isinstance(event, Token | Reading) and type(event) is kind and now - posted < _INTERVAL:
                    continue
                post(Progressed(run, tuple(waiting)))
                waiting.clear()
                kind, posted = type(event), now
    except Exception as error:
        post(Progressed(run, tuple(waiting)))
        post(Broke(run, error))
    else:
        post(Progressed(run, tuple(waiting)))
        post(Ended(run))
