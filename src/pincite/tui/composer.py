"""The input: Enter sends, Ctrl+J breaks the line, Up and Down walk through the questions asked before."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import TextArea

from pincite.domain.text import printable

__all__ = ["Composer"]


class Composer(TextArea):
    """A text area for one question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,shift+enter,alt+enter", "line_break", "New line", show=False),
        Binding("pageup", "scroll_conversation(-1)", "Scroll up", show=False),
        Binding("pagedown", "scroll_conversation(1)", "Scroll down", show=False),
    ]

    class Sent(Message):
        """The user pressed Enter; the text stays until it is cleared."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class LeftUpwards(Message):
        """Up was pressed where there is nothing to go up to."""

    class Scrolled(Message):
        """A page key was pressed: -1 is up, 1 is down."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, placeholder="Ask about the corpus…", compact=True, highlight_cursor_line=False)
        self._asked: list[str] = []
        self._position = 0
        self._unsent = ""

    def remember(self, question: str) -> None:
        """Add a question to those that Up brings back."""
        if self._asked[-1:] != [question]:
            self._asked.append(question)
        self._position = len(self._asked)

    def fill(self, text: str) -> None:
        """Replace the text and put the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def take(self, text: str) -> None:
        """Remove `text`, which has been sent; what was typed since stays."""
        self.fill(self.text.removeprefix(text))

    async def _on_key(self, event: Key) -> None:
        # not a priority binding: that would overtake the characters typed just before it
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent(self.text))

    async def _on_paste(self, event: Paste) -> None:
        # a pasted escape sequence must not reach the terminal through the text area
        event.stop()
        text = event.text
        head, tail = (" " if end.isspace() and end != "\n" else "" for end in (text[:1], text[-1:]))
        event.text = f"{head}{printable(text)}{tail}"
        await super()._on_paste(event)
        event.prevent_default()

    def action_line_break(self) -> None:
        """Insert a line feed at the cursor."""
        self.insert("\n")

    def action_scroll_conversation(self, step: int) -> None:
        """Pass a page key on to the conversation."""
        self.post_message(self.Scrolled(step))

    def action_cursor_up(self, select: bool = False) -> None:
        """Go up a line, on the first line to the question asked before."""
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        elif self._asked:
            self._recall(self._position - 1)
        else:
            self.post_message(self.LeftUpwards())

    def action_cursor_down(self, select: bool = False) -> None:
        """Go down a line, on the last line to the question asked after."""
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        else:
            self._recall(self._position + 1)

    def _recall(self, position: int) -> None:
        if not 0 <= position <= len(self._asked) or position == self._position:
            return
        if self._position == len(self._asked):
            self._unsent = self.text
        self._position = position
        self.fill(self._unsent if position == len(self._asked) else self._asked[position])
