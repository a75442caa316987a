"""Numbers of lists as word processors and browsers write them: 4, 04, d, D, iv, IV; and what they are cited by."""

from __future__ import annotations

import re

from pincite.ingest.blocks import Numbering

__all__ = ["Counters", "numbering_of", "numeral"]

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_MOST_ROMAN = 3999
_MOST_LETTERS = 26 * 30


def numeral(value: int, style: str, *, doubled: bool = False) -> str:
    """Return `value` in the style "1", "01", "a", "A", "i" or "I"; in digits where the style has no such number.

    After z comes aa; then ab, or with `doubled` bb, as Word counts.
    """
    if style == "01":
        return f"{value:02}"
    if style in ("i", "I") and 0 < value <= _MOST_ROMAN:
        text = ""
        for worth, letters in _ROMAN:
            count, value = divmod(value, worth)
            text += letters * count
        return text if style == "i" else text.upper()
    if style in ("a", "A") and 0 < value <= _MOST_LETTERS:
        if doubled:
            text = chr(97 + (value - 1) % 26) * ((value - 1) // 26 + 1)
        else:
            text = ""
            while value:
                value, rest = divmod(value - 1, 26)
                text = chr(97 + rest) + text
        return text if style == "a" else text.upper()
    return str(value)


class Counters:
    """The counts of one list, by level."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def count(self, level: int, start: int, keeps: frozenset[int] = frozenset()) -> int:
        """Count one more entry at `level` and return its number; deeper levels not in `keeps` begin anew."""
        self._counts[level] = self._counts[level] + 1 if level in self._counts else start
        for deeper in [known for known in self._counts if known > level and known not in keeps]:
            del self._counts[deeper]
        return self._counts[level]

    def begin(self, level: int, start: int) -> None:
        """Take the first number at `level` if it has none: an entry deeper down stands below one that is not there."""
        self._counts.setdefault(level, start)

    def set(self, level: int, value: int) -> None:
        """Make `value` the next number at `level`."""
        self._counts[level] = value - 1

    def at(self, level: int, start: int) -> int:
        """Return the number that stands at `level` now; its start if nothing has been counted there."""
        return self._counts.get(level, start)


def numbering_of(
    shown: str, form: str, form_below: str, *, own: str, style: str, sequence: str, level: int, is_heading: bool
) -> Numbering:
    """Return the numbering of an entry.

    Args:
        shown: what stands before it.
        form: how its level writes numbers, "%1.%2" or "(%3)": %1 is the number of the outermost level.
        form_below: how the next deeper level does, "" if there is none.
        own: the number of its own level alone.
        style: how that counts, as in `Numbering`.
        sequence: which list it is of.
        level: its depth, 0 the outermost.
        is_heading: whether it is a heading.
    """
    marker = " ".join(shown.split())
    begins = level == 0 and (is_heading or {"%1", "%2"} <= _places(form_below))
    worded = re.search(r"\w", re.sub(r"%[1-9]", "", form)) is not None  # "Step %1", "R-%1"
    whole = (len(_places(form)) > 1 or begins or worded) and not marker.startswith("(")
    number = re.sub(r"^[\s(\[.]+|[\s).\]:;,–—-]+$", "", marker) if whole else own
    return Numbering(marker, number, "1" if style == "01" else style, sequence, level, whole)


def _places(form: str) -> set[str]:
    return set(re.findall(r"%[1-9]", form))
