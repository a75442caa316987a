"""Word's styles and automatic numbering: which heading a paragraph is, and which number Word shows before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pincite.ingest.blocks import Numbering
from pincite.ingest.readers.numerals import Counters, numbering_of, numeral
from pincite.ingest.readers.office.ooxml import child, children, is_on, name, value

__all__ = ["Label", "Numberer", "Styles"]

_STYLES = {
    "decimal": "1", "decimalZero": "01", "lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I",
    "ordinal": "1", "numberInDash": "1", "decimalEnclosedParen": "1", "decimalFullWidth": "1",
}  # fmt: skip
_SILENT = ("none", "bullet")
_BODY_LEVEL = 9


class Styles:
    """The styles of a document; what a style does not say, the one that it is based on says."""

    def __init__(self, root: Any) -> None:
        self._styles = {value(style, "styleId"): style for style in children(root, "style")}
        self._default = next(
            (
                key
                for key, style in self._styles.items()
                if value(style, "type") == "paragraph" and value(style, "default") in ("1", "true", "on")
            ),
            "",
        )

    def chain(self, key: str) -> Iterator[Any]:
        """Yield the style of this id and those that it is based on, nearest first."""
        seen = set()
        key = key or self._default
        while key in self._styles and key not in seen:
            seen.add(key)
            yield self._styles[key]
            key = value(child(self._styles[key], "basedOn"))

    def names(self, key: str) -> list[str]:
        """Return the names of the style and its bases; those that Word ships are English in every language."""
        return [value(child(style, "name")).lower() for style in self.chain(key)]

    def is_hidden(self, key: str) -> bool:
        """Tell whether the style hides its text."""
        for style in self.chain(key) if key else ():
            vanish = child(style, "rPr", "vanish")
            if vanish is not None:
                return is_on(vanish)
        return False

    def level(self, key: str, own: Any) -> int:
        """Return 1 to 6 for a heading, by its outline level or its style's name, 0 for body text.

        Args:
            key: the paragraph's style id.
            own: its properties.
        """
        outline = value(child(own, "outlineLvl"))
        if outline.isdigit():
            return min(int(outline) + 1, 6) if int(outline) < _BODY_LEVEL else 0
        for style in self.chain(key):
            named = re.fullmatch(r"heading (\d)", value(child(style, "name")).lower())
            outline = value(child(style, "pPr", "outlineLvl"))
            if outline.isdigit() and not named:
                return min(int(outline) + 1, 6) if int(outline) < _BODY_LEVEL else 0
            if named:
                return max(1, min(int(named.group(1)), 6))
            if value(child(style, "name")).lower() == "title":
                return 1
        return 0

    def numbering(self, key: str, own: Any) -> tuple[str, str, str]:
        """Return numId, ilvl and the style that states the numId; each found on its own, as Word does."""
        number = value(child(own, "numPr", "numId"))
        level = value(child(own, "numPr", "ilvl"))
        stated_by = ""
        for style in self.chain(key):
            if number and level:
                break
            properties = child(style, "pPr", "numPr")
            if not number:
                number = value(child(properties, "numId"))
                stated_by = value(style, "styleId") if number else ""
            level = level or value(child(properties, "ilvl"))
        return number, level, stated_by

    def list_style(self, key: str) -> str:
        """Return the numId that a numbering style states."""
        return value(child(self._styles.get(key), "pPr", "numPr", "numId"))


@dataclass(slots=True)
class _Level:
    start: int
    form: str
    text: str
    legal: bool
    restart: int | None
    style: str

    @classmethod
    def read(cls, element: Any) -> _Level:
        start, restart = value(child(element, "start")), value(child(element, "lvlRestart"))
        form = child(element, "numFmt")
        if form is None:  # formats of later versions stand beside one that all understand
            form = next((e for e in element.iter() if name(e) == "numFmt" and value(e) != "custom"), None)
        return cls(
            int(start) if start.isdigit() else 0,
            value(form) or "decimal",
            value(child(element, "lvlText")),
            is_on(child(element, "isLgl")),
            int(restart) if restart.isdigit() else None,
            value(child(element, "pStyle")),
        )


@dataclass(slots=True)
class _List:
    """A numbering instance: its abstract definition with its own overrides."""

    abstract: str
    levels: dict[int, _Level]
    starts: dict[int, int] = field(default_factory=dict)
    pending: set[int] = field(default_factory=set)  # levels that begin anew at their first use in this instance


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before a paragraph: a number, or a bullet if `numbering` is None."""

    numbering: Numbering | None


class Numberer:
    """Counts through a document's numbered paragraphs in reading order."""

    def __init__(self, root: Any, styles: Styles) -> None:
        self._styles = styles
        abstracts = {value(entry, "abstractNumId"): entry for entry in children(root, "abstractNum")}
        self._links = {value(child(entry, "styleLink")): key for key, entry in abstracts.items()}
        self._abstracts = abstracts
        self._nums = {value(entry, "numId"): entry for entry in children(root, "num")}
        self._lists: dict[str, _List | None] = {}
        self._counters: dict[str, Counters] = {}
        self.unknown: set[str] = set()

    def label(self, style: str, own: Any, is_heading: bool) -> Label | None:
        """Count a paragraph and return what Word shows before it; None if it is not numbered.

        Args:
            style: its style id.
            own: its properties.
            is_heading: whether it is a heading.
        """
        number, stated, stated_by = self._styles.numbering(style, own)
        made = self._list(number)
        if made is None:
            return None
        level = int(stated) if stated.isdigit() else self._level_of(made, stated_by or style)
        if level not in made.levels:
            return None
        definition = made.levels[level]
        if definition.form == "bullet":
            return Label(None)
        counters = self._counters.setdefault(made.abstract, Counters())
        if level in made.pending:
            made.pending.discard(level)
            counters.set(level, made.starts[level])
        for above in range(level):
            if above in made.levels:
                counters.begin(above, made.starts.get(above, made.levels[above].start))
        keeps = frozenset(
            deeper
            for deeper, other in made.levels.items()
            if other.restart is not None and (other.restart == 0 or level >= other.restart)
        )
        value_here = counters.count(level, made.starts.get(level, definition.start), keeps)
        text = self._text(made, level, counters)
        if not text.strip():
            return None
        return Label(self._numbering(made, level, text, value_here, is_heading))

    def _level_of(self, made: _List, style: str) -> int:
        return next((level for level, entry in made.levels.items() if entry.style and entry.style == style), 0)

    def _list(self, number: str) -> _List | None:
        if number not in self._lists:
            self._lists[number] = self._make(number) if number not in ("", "0") else None
        return self._lists[number]

    def _make(self, number: str) -> _List | None:
        entry = self._nums.get(number)
        abstract = value(child(entry, "abstractNumId"))
        seen: set[str] = set()
        while abstract in self._abstracts and abstract not in seen:  # a link to a numbering style leads to another
            seen.add(abstract)
            link = value(child(self._abstracts[abstract], "numStyleLink"))
            if not link:
                break
            target = self._nums.get(self._styles.list_style(link))
            abstract = value(child(target, "abstractNumId")) or self._links.get(link, "")
        if abstract not in self._abstracts:
            return None
        levels = {
            int(value(level, "ilvl") or 0): _Level.read(level) for level in children(self._abstracts[abstract], "lvl")
        }
        made = _List(abstract, levels)
        for override in children(entry, "lvlOverride"):
            at = int(value(override, "ilvl") or 0)
            own = child(override, "lvl")
            if own is not None:
                levels[at] = _Level.read(own)
            start = value(child(override, "startOverride"))
            if start.isdigit():
                made.starts[at] = int(start)
                made.pending.add(at)
        return made

    def _text(self, made: _List, level: int, counters: Counters) -> str:
        definition = made.levels[level]

        def shown(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            entry = made.levels.get(at)
            if entry is None or entry.form == "none":
                return ""
            return self._numeral(counters.at(at, made.starts.get(at, entry.start)), entry.form, definition.legal)

        return re.sub(r"%([1-9])", shown, definition.text) if definition.form not in _SILENT else definition.text

    def _numeral(self, count: int, form: str, legal: bool) -> str:
        if legal:
            return str(count)
        if form in _WORDS:
            return _WORDS[form](count)
        if form not in _STYLES:
            self.unknown.add(form)
        return numeral(count, _STYLES.get(form, "1"), doubled=True) + (_suffix(count) if form == "ordinal" else "")

    def _numbering(self, made: _List, level: int, text: str, count: int, is_heading: bool) -> Numbering:
        definition = made.levels[level]
        below = made.levels.get(level + 1)
        return numbering_of(
            text,
            definition.text,
            below.text if below else "",
            own=self._numeral(count, definition.form, definition.legal),
            style="1" if definition.legal else _STYLES.get(definition.form, "1"),
            sequence=made.abstract,
            level=level,
            is_heading=is_heading,
        )


def _suffix(count: int) -> str:
    if count % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}  # fmt: skip


def _cardinal(count: int) -> str:
    if not 0 < count < 100:
        return str(count)
    tens, ones = divmod(count, 10)
    words = _ONES[count] if count < 20 else _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    return words.capitalize()


def _ordinal(count: int) -> str:
    if not 0 < count < 100:
        return f"{count}{_suffix(count)}"
    head, dash, last = _cardinal(count).lower().rpartition("-")
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return (head + dash + last).capitalize()


_WORDS: dict[str, Callable[[int], str]] = {"cardinalText": _cardinal, "ordinalText": _ordinal}
