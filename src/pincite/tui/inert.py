"""The last step before the terminal: no character that could steer it leaves a widget, whatever it was given."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from pincite.domain.text import harmless

__all__ = ["Inert"]


class Inert(LineFilter):
    """Replaces what `harmless` replaces in every line of every widget; Textual's own sequences come after it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, each as wide as it was."""
        if all(text.isprintable() for text, _, _ in segments):
            return segments
        return [Segment(_inert(text), style, control) for text, style, control in segments]


def _inert(text: str) -> str:
    """Return `text` harmless: what takes no place on the screen goes, so that the rest stays where it was laid out."""
    return "".join(char if char.isprintable() else harmless(char) if cell_len(char) else "" for char in text)
