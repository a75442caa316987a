"""Footnotes of EUR-Lex HTML: their text stands at the end or in place, an anchor leads to each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pincite.domain.text import collapse
from pincite.ingest.readers.trees import words_of

__all__ = ["Notes", "find_notes"]

_CLASSES = {"oj-note", "note", "footnote"}


class Notes:
    """The notes of a document by the id of their anchor.

    Attributes:
        elements: the elements that hold nothing but a note.
    """

    def __init__(self) -> None:
        self.elements: set[Any] = set()
        self._texts: dict[str, tuple[str, str]] = {}
        self._taken: set[str] = set()

    def add(self, key: str, mark: str, text: str) -> None:
        """Add a note, or a further paragraph of the one that has the id already."""
        before = self._texts.get(key, (mark, ""))
        self._texts[key] = (before[0], f"{before[1]} {text}".strip())

    def key(self, anchor: Any) -> str:
        """Return the id of the note that an anchor refers to, "" if it is no reference to a note."""
        target = (anchor.get("href") or "").partition("#")[2]
        if target in self._texts or (anchor.get("id") or "").startswith(("ntc", "src.")):
            return target or str(anchor.get("id"))
        return ""

    def known(self, key: str) -> bool:
        """Tell whether there is such a note."""
        return key in self._texts

    def take(self, key: str) -> tuple[str, str] | None:
        """Return a note's mark and words the first time it is referred to."""
        if key in self._taken or key not in self._texts:
            return None
        self._taken.add(key)
        return self._texts[key]

    def unused(self) -> Iterator[tuple[str, str]]:
        """Yield the notes that nothing referred to."""
        yield from (note for key, note in self._texts.items() if key not in self._taken)


def find_notes(body: Any) -> Notes:
    """Return the footnotes below `body`."""
    notes = Notes()
    last = ""
    for line in body.iter("p", "div", "aside"):
        if not _CLASSES & set((line.get("class") or "").split()):
            continue
        anchor = next((a for a in line.iter("a") if a.get("id")), None)
        if anchor is not None:
            last = str(anchor.get("id"))
            mark = words_of(anchor)
            whole = words_of(line)
            notes.add(last, mark.replace(" ", ""), collapse(whole.removeprefix(mark)))
        elif last:
            notes.add(last, "", words_of(line))
        else:
            continue
        notes.elements.add(line)
    return notes
