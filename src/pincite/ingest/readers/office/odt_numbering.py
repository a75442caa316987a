"""Lists and outline numbers of OpenDocument texts, counted as an office program shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pincite.ingest.blocks import Numbering
from pincite.ingest.readers.numerals import Counters, numbering_of, numeral
from pincite.ingest.readers.office.ooxml import children, name, value

__all__ = ["ListState", "Lists"]

_MOST_LEVEL = 10


@dataclass(frozen=True, slots=True)
class _Level:
    style: str  # how it counts; "" for bullets and for levels without a number
    form: str  # "%1.%2"
    start: int
    doubled: bool
    bullet: bool


@dataclass(slots=True)
class ListState:
    """A list while it is read: its counts and the styles that number it."""

    key: str
    style: str
    counters: Counters


class Lists:
    """The list styles of a document and the lists met so far."""

    def __init__(self, *roots: Any) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        for style in (element for root in roots for element in root.iter() if isinstance(element.tag, str)):
            if name(style) == "list-style":
                self._levels[value(style, "name")] = dict(_levels(style))
            elif name(style) == "outline-style":
                self._levels["\noutline"] = dict(_levels(style))
        self._by_id: dict[str, ListState] = {}
        self._by_style: dict[str, ListState] = {}
        self.outline = ListState("outline", "\noutline", Counters())

    def open(self, element: Any) -> ListState:
        """Return the state of a list that begins: its own, or that of the one that it continues."""
        style, key = value(element, "style-name"), value(element, "id")
        state = self._by_id.get(value(element, "continue-list"))
        if state is None and value(element, "continue-numbering") == "true":
            state = self._by_style.get(style)
        if state is None:
            state = ListState(f"list {len(self._by_id)} {key}", style, Counters())
        self._by_id[key or f"\n{len(self._by_id)}"] = state
        self._by_style[style] = state
        return state

    def number(
        self, state: ListState, style: str, level: int, start: str, is_heading: bool
    ) -> tuple[bool, Numbering | None]:
        """Count an entry; return whether it has a bullet, and its number if it has one.

        Args:
            state: of its list.
            style: the list style that numbers this entry.
            level: its depth, 0 the outermost.
            start: the number that it states for itself, "" if none.
            is_heading: whether it is a heading.
        """
        levels = self._levels.get(style, {})
        own = levels.get(level)
        if own is None or not own.style:
            return own is not None and own.bullet, None
        if start.isdigit():
            state.counters.set(level, int(start))
        for above in range(level):
            if above in levels:
                state.counters.begin(above, levels[above].start)
        count = state.counters.count(level, own.start)

        def shown(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            entry = levels.get(at)
            if entry is None or not entry.style:
                return ""
            return numeral(state.counters.at(at, entry.start), entry.style, doubled=entry.doubled)

        text = re.sub(r"%([1-9])", shown, own.form)
        below = levels.get(level + 1)
        numbering = numbering_of(
            text,
            own.form,
            below.form if below else "",
            own=numeral(count, own.style, doubled=own.doubled),
            style=own.style,
            sequence=state.key,
            level=level,
            is_heading=is_heading,
        )
        return False, numbering if text.strip() else None


def _levels(style: Any) -> Iterator[tuple[int, _Level]]:
    for element in children(style, "list-level-style-number", "list-level-style-bullet", "outline-level-style"):
        level = value(element, "level")
        if not level.isdigit() or not 1 <= int(level) <= _MOST_LEVEL:
            continue
        at = int(level)
        counts = value(element, "num-format")
        shown = value(element, "display-levels")
        start = value(element, "start-value")
        form = re.sub(r"%(\d)%", r"%\1", value(element, "num-list-format"))
        if not form:
            first = at - (int(shown) if shown.isdigit() else 1) + 1
            places = ".".join(f"%{place}" for place in range(max(1, first), at + 1))
            form = value(element, "num-prefix") + places + value(element, "num-suffix")
        yield (
            at - 1,
            _Level(
                counts if counts in ("1", "a", "A", "i", "I") else "1" if counts else "",
                form,
                int(start) if start.isdigit() else 1,
                value(element, "num-letter-sync") == "true",
                name(element) == "list-level-style-bullet",
            ),
        )
