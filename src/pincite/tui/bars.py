"""The header line and the status line, both fitted to the width by leaving out what matters least."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import Static

from pincite.domain.assistant import StatusLine
from pincite.tui.render import bold, line, shorten

__all__ = ["Header", "Metrics", "StatusBar", "fitted"]

_NOTICE_SECONDS = 8.0


class Header(Horizontal):
    """Name and conversation on the left, seal and size of the corpus on the right."""

    def compose(self) -> ComposeResult:
        """Yield both halves."""
        yield Static(id="where")
        yield Static(id="seal")

    def show(self, title: str, status: StatusLine | None, as_of: date | None = None) -> None:
        """Show the conversation's title, what is loaded, and the day whose texts answer if it is not today."""
        where = bold("Pincite")
        if title:
            where = where.append(Content(f" · {shorten(title, 60)}"))
        self.query_one("#where", Static).update(where)
        seal = f"{line(status.seal)} · {documents(status.documents)}" if status else "not loaded yet"
        day = f"As of {as_of} · " if as_of else ""
        style = "" if status is None or status.seal == "SEALED" else "bold reverse"
        self.query_one("#seal", Static).update(Content.assemble((day, "bold"), (seal, style)))


def documents(count: int) -> str:
    """Return the number of documents in words."""
    return "1 document" if count == 1 else f"{count:,} documents"


@dataclass(frozen=True, slots=True)
class Metrics:
    """The numbers of one answer; zero means not known."""

    tokens: int = 0
    rate: float = 0.0
    seconds: float = 0.0
    used: int = 0


def fitted(word: str, metrics: Metrics, status: StatusLine | None, width: int) -> str:
    """Return the status line's words, leaving out the least important ones until they fit."""
    parts: list[tuple[int, str]] = [(0, word)]  # (rank, words): the highest rank goes first
    if metrics.tokens:
        parts.append((4, f"{metrics.tokens} token{'s' if metrics.tokens != 1 else ''}"))
    if metrics.rate:
        parts.append((2, f"{metrics.rate:.1f} tok/s"))
    if metrics.seconds:
        parts.append((1, f"{metrics.seconds:.1f} s"))
    if status is not None:
        parts.append((5, line(status.model)))
        parts.append((3, f"context {_kilo(metrics.used)}/{status.context // 1000}k"))
    while len(parts) > 1 and sum(cell_len(words) + 3 for _, words in parts) - 3 > width:
        parts.remove(max(parts))
    return " · ".join(words for _, words in parts)


def _kilo(tokens: int) -> str:
    return f"{tokens / 1000:.1f}k" if tokens else "0"


class StatusBar(Horizontal):
    """What the product is doing, in words; for a few seconds also what the last command did."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self.word = ""
        self._metrics = Metrics()
        self._status: StatusLine | None = None
        self._hints = ""
        self._notice = ""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Yield the words and the key hints."""
        yield Static(id="state")
        yield Static(id="hints")

    def show(self, word: str, metrics: Metrics, status: StatusLine | None, hints: str) -> None:
        """Show a state, and the keys that matter in it."""
        self.word, self._metrics, self._status, self._hints = line(word), metrics, status, hints
        self._redraw()

    def notify_of(self, notice: str) -> None:
        """Show `notice` after the state's word for some seconds, in full."""
        self._notice = line(notice)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_NOTICE_SECONDS, self.forget)
        self._redraw()

    def forget(self) -> None:
        """Take the notice away."""
        self._notice = ""
        self._redraw()

    def on_resize(self, _event: Resize) -> None:
        """Fit the words to the new width."""
        self._redraw()

    def _redraw(self) -> None:
        self.query_one("#hints", Static).update(Content(self._hints))
        width = self.size.width - len(self._hints) - 4  # padding of both parts
        text = f"{self.word} · {self._notice}" if self._notice else ""
        self.query_one("#state", Static).update(Content(text or fitted(self.word, self._metrics, self._status, width)))
