"""Where an EU act quotes the provisions of another act that it amends, by its quotation marks."""

from __future__ import annotations

import re

__all__ = ["Quotation"]

_OPENERS, _CLOSERS = "‘“„«", "’”»"
_AMENDS = re.compile(r"\b(?:replaced|inserted|added|substituted|amended)\b[^.;]*[:,]$")
_ENDS = re.compile(r"[’”»][.;,:\"]*\s*(?:and|or)?$")


class Quotation:
    """Follows quotation marks over blocks: an amendment's words may go on for many of them.

    Args:
        by_marks: false if only `depth` counts.

    Attributes:
        depth: how many quotations the source itself has marked as open.
    """

    def __init__(self, *, by_marks: bool = True) -> None:
        self.depth = 0
        self._follows_marks = by_marks
        self._by_marks = False
        self._before = ""

    @property
    def open(self) -> bool:
        """True while a quotation goes on."""
        return self._by_marks or self.depth > 0

    def reset(self) -> None:
        """End it: a new annex or the closing formula is never quoted."""
        self.depth, self._by_marks, self._before = 0, False, ""

    def mark(self, marker: str) -> None:
        """Take the number of a point, alone in its cell: "‘12." begins a quotation."""
        if self._follows_marks and marker.startswith(tuple(_OPENERS)):
            self._by_marks = True

    def words(self, text: str) -> None:
        """Take a block's words.

        A block that begins with a quotation mark begins a quotation of several blocks if no mark closes it, or if
        the words before it announce an amendment and it does not end with the closing mark. An apostrophe is no mark.
        """
        if not self._follows_marks:
            return
        begins = not self._by_marks and text.startswith(tuple(_OPENERS))
        unmatched = _unmatched_closers(text[1:] if begins else text)
        ends = _ENDS.search(text) is not None and unmatched > 0
        if self._by_marks:
            self._by_marks = not ends
        elif begins:
            self._by_marks = unmatched == 0 or (not ends and _AMENDS.search(self._before) is not None)
        self._before = text


def _unmatched_closers(text: str) -> int:
    """Return how many closing marks close no quotation that `text` opens."""
    inner = unmatched = 0
    for at, char in enumerate(text):
        if char in _OPENERS:
            inner += 1
        elif char in _CLOSERS and not text[at + 1 : at + 2].isalpha():
            if inner:
                inner -= 1
            else:
                unmatched += 1
    return unmatched
