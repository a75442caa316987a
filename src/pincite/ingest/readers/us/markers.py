"""Paragraph markers of federal regulations: (a), (1), (i), (A), then (1) and (i) in italics; which level one is of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Levels", "Marker", "leading_marker"]

_MARKER = re.compile("(\ue000?)\\((\ue000?)([a-z]{1,5}|[A-Z]{1,3}|\\d{1,3})\ue001?\\)\ue001?\\s*")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_LETTERS, _NUMBERS, _ROMANS, _CAPITALS, _ITALIC_NUMBERS, _ITALIC_ROMANS = range(6)


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker at the beginning of a text: its number, whether it is in italics, its length in characters."""

    number: str
    italic: bool
    length: int

    def readings(self) -> list[tuple[int, int]]:
        """Return (level, value) for each way to read it, the likelier first."""
        number = self.number
        if number.isdigit():
            levels = (_ITALIC_NUMBERS, _NUMBERS) if self.italic else (_NUMBERS, _ITALIC_NUMBERS)
            return [(level, int(number)) for level in levels]
        if number.isupper():
            return [(_CAPITALS, _letters(number.lower()))] if len(set(number)) == 1 else []
        readings = []
        if all(char in _ROMAN for char in number):
            levels = (_ITALIC_ROMANS, _ROMANS) if self.italic else (_ROMANS, _ITALIC_ROMANS)
            readings += [(level, _roman(number)) for level in levels]
        if len(set(number)) == 1:
            readings.append((_LETTERS, _letters(number)))
        return readings


def leading_marker(marked: str) -> Marker | None:
    """Return the marker that a text begins with, its italics between U+E000 and U+E001; None if it has none."""
    match = _MARKER.match(marked)
    if not match:
        return None
    italic = bool(match.group(1) or match.group(2))
    marker = Marker(match.group(3), italic, match.end())
    return marker if marker.readings() else None


class Levels:
    """The paragraphs open in a section or below a definition, and where the next marker belongs."""

    def __init__(self) -> None:
        self._open: list[tuple[int, int, Marker]] = []  # level, value

    def place(self, marker: Marker, coming: Sequence[str] = (), *, chained: bool = False) -> tuple[int, str]:
        """Open the paragraph that `marker` begins; return its level from 0 and its path, "(a)(1)".

        `coming` are the numbers that begin the next paragraphs: they tell "(i)" from the letter after (h).
        `chained` says that another marker stands right before it ("(h)(1)(i) …").
        """
        level, value = self._reading(marker, coming, chained)
        self.close_from(level)
        self._open.append((level, value, marker))
        return level, self.path

    @property
    def path(self) -> str:
        """The numbers of the open paragraphs, "(a)(1)"."""
        return "".join(f"({marker.number})" for _, _, marker in self._open)

    def close_from(self, level: int) -> None:
        """End the open paragraphs of `level` and below."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()

    def begins(self, marker: Marker | None) -> bool:
        """Tell whether `marker` is the first of the level below the one that is open."""
        deepest = self._open[-1][0] if self._open else -1
        return marker is not None and any(level > deepest and value == 1 for level, value in marker.readings())

    def awaits(self, marker: Marker) -> bool:
        """Tell whether `marker` is the next one of an open level."""
        return bool(self._next(marker))

    def _next(self, marker: Marker) -> list[tuple[int, int]]:
        # a series in italics goes on in italics: the plain (2) after an italic (1) is that of a level above
        return [
            (level, value)
            for open_level, open_value, opened in reversed(self._open)
            for level, value in marker.readings()
            if level == open_level and value == open_value + 1 and opened.italic == marker.italic
        ]

    def _reading(self, marker: Marker, coming: Sequence[str], chained: bool) -> tuple[int, int]:
        readings = marker.readings()
        levels = [level for level, _, _ in self._open]
        deepest = levels[-1] if levels else -1
        first = [(level, value) for level, value in readings if level == deepest + 1 and value == 1]
        following = self._next(marker)
        if first and following:
            roman = chained or next((number == "ii" for number in coming if number in ("ii", "j")), False)
            return first[0] if roman else following[0]
        again = [(level, value) for level, value in readings if level in levels and value == 1]
        deeper = [(level, value) for level, value in readings if level > deepest and value == 1]
        later = [(level, value) for level, value in readings if level in levels]
        return (following or first or again or deeper or later or sorted(readings))[0]


def _letters(word: str) -> int:
    return (len(word) - 1) * 26 + ord(word[0]) - 96


def _roman(word: str) -> int:
    total = 0
    for char, following in zip(word, [*word[1:], ""], strict=True):
        value = _ROMAN[char]
        total += -value if following and _ROMAN[following] > value else value
    return total
