"""The words of a Word paragraph: runs, fields, tracked changes, hidden text, notes, text boxes, symbols."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pincite.ingest.readers.numerals import numeral
from pincite.ingest.readers.office.docx_numbering import Styles
from pincite.ingest.readers.office.ooxml import child, children, is_on, name, value

__all__ = ["Runs"]

_INTO = {
    "ins", "moveTo", "hyperlink", "smartTag", "customXml", "sdt", "sdtContent", "bdo", "dir", "fldSimple", "ruby",
    "rubyBase", "oMath", "oMathPara",
}  # fmt: skip
_CHARACTERS = {
    "tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "separator": "",
}  # fmt: skip
# Symbols of Word's picture fonts that carry meaning in policies; codes as in the fonts, with or without 0xF000.
_SYMBOLS = {
    "wingdings": {0x6C: "●", 0x6E: "■", 0xA7: "▪", 0xA8: "☐", 0x6F: "☐", 0xFC: "✓", 0xFB: "✗", 0xFE: "☑", 0xFD: "☒",
                  0xE0: "→", 0xF0: "⇨", 0xD8: "➢", 0x76: "❖"},
    "symbol": {0xB7: "•", 0xA3: "≤", 0xB3: "≥", 0xB1: "±", 0xB0: "°", 0xB4: "×", 0xB8: "÷", 0xB9: "≠", 0xAE: "→",
               0xDE: "⇒", 0xA5: "∞", 0xBB: "≈", 0x6D: "µ", 0xE5: "∑", 0xD2: "®", 0xD3: "©", 0xD4: "™"},
}  # fmt: skip


class Runs:
    """Reads paragraphs one after the other; fields may reach over several.

    Attributes:
        left_out: characters that are in no text, by what they are.
        seen: how often something to report was met.
        boxes: contents of text boxes met since last taken.
        notes: notes referred to since last taken: (mark, "footnote" or "endnote", id).
    """

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self.left_out: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.boxes: list[Any] = []
        self.notes: list[tuple[str, str, str]] = []
        self._fields: list[list[Any]] = []  # of each open field: whether its result has begun, its instruction

    def text(self, paragraph: Any, style: str) -> str:
        """Return a paragraph's words as they are seen with all changes accepted."""
        parts: list[str] = []
        self._walk(paragraph, parts, self._styles.is_hidden(style))
        return "".join(parts)

    def hides_mark(self, properties: Any) -> bool:
        """Tell whether the paragraph's mark is hidden, so that with all its text it is not there at all."""
        return is_on(child(properties, "rPr", "vanish"))

    @property
    def in_contents(self) -> bool:
        """Whether a table of contents or an index is being generated here."""
        return any(began and instruction.split()[:1] in (["TOC"], ["INDEX"], ["TOA"])
                   for began, instruction in self._fields)  # fmt: skip

    @property
    def open_fields(self) -> int:
        """How many fields have begun and not yet shown a result; at the end there should be none."""
        return sum(not began for began, _ in self._fields)

    def _walk(self, parent: Any, parts: list[str], hidden: bool) -> None:
        for element in parent:
            kind = name(element)
            if kind == "r":
                self._run(element, parts, hidden)
            elif kind in ("del", "moveFrom"):
                self._deleted(element)
            elif kind in _INTO:
                if kind in ("ins", "moveTo"):
                    self.seen["insertion"] += 1
                self._walk(element, parts, hidden)
            elif kind == "t":  # of a formula, which nests its runs in its own ways
                self._add(element.text or "", parts, hidden)
            elif kind in ("AlternateContent", "drawing", "pict", "object"):
                self._picture(element)
            elif _is_formula(element):
                self._walk(element, parts, hidden)

    def _deleted(self, element: Any) -> None:
        words = "".join(inner.text or "" for inner in element.iter() if name(inner) in ("delText", "t"))
        self.seen["deletion"] += 1
        self.left_out["tracked deletions"] += len(words)

    def _run(self, run: Any, parts: list[str], hidden: bool) -> None:
        properties = child(run, "rPr")
        vanish = child(properties, "vanish")
        if vanish is not None:
            hidden = is_on(vanish)
        elif self._styles.is_hidden(value(child(properties, "rStyle"))):
            hidden = True
        for element in run:
            kind = name(element)
            if kind == "t":
                self._add(element.text or "", parts, hidden)
            elif kind in _CHARACTERS:
                self._add(_character(element, kind), parts, hidden)
            elif kind == "sym":
                self._add(self._symbol(element), parts, hidden)
            elif kind == "fldChar":
                self._field(element, parts)
            elif kind == "instrText" and self._fields:
                self._fields[-1][1] += element.text or ""
            elif kind in ("footnoteReference", "endnoteReference") and not hidden:
                self._note(element, kind.removesuffix("Reference"), parts)
            elif kind in ("AlternateContent", "drawing", "pict", "object"):
                self._picture(element)
            elif kind in ("t", "r") or kind in _INTO:
                self._walk(run, parts, hidden)

    def _add(self, words: str, parts: list[str], hidden: bool) -> None:
        if hidden:
            self.left_out["hidden text"] += len(words)
        elif all(began for began, _ in self._fields):
            parts.append(words)
        else:
            self.left_out["field instructions"] += len(words)

    def _field(self, element: Any, parts: list[str]) -> None:
        kind = value(element, "fldCharType")
        if kind == "begin":
            self._fields.append([False, ""])
            box = child(element, "ffData", "checkBox")
            if box is not None:
                checked = child(box, "checked")
                parts.append("☑" if is_on(checked if checked is not None else child(box, "default")) else "☐")
        elif kind == "separate" and self._fields:
            self._fields[-1][0] = True
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _note(self, element: Any, kind: str, parts: list[str]) -> None:
        if is_on(element) and value(element, "customMarkFollows") in ("1", "true", "on"):
            mark = ""  # its mark is the text that follows
        else:
            self.seen[kind] += 1
            mark = numeral(self.seen[kind], "1" if kind == "footnote" else "i")
            parts.append(f"[{mark}]")
        self.notes.append((mark, kind, value(element, "id")))

    def _symbol(self, element: Any) -> str:
        code = int(value(element, "char") or "0", 16)
        font = value(element, "font").lower()
        known = _SYMBOLS.get(next((key for key in _SYMBOLS if font.startswith(key)), ""), {}).get(code & 0xFF)
        if known is None and not 0xE000 <= code <= 0xF8FF:
            return chr(code)
        if known is None:
            self.seen["symbol without a known character"] += 1
        return known or "\N{REPLACEMENT CHARACTER}"

    def _picture(self, element: Any) -> None:
        """Keep the text boxes of a drawing; a picture's words cannot be read and are reported."""
        if name(element) == "AlternateContent":
            choice = child(element, "Choice")
            element = choice if choice is not None else child(element, "Fallback")
        boxes = _outermost(element, "txbxContent") if element is not None else []
        self.boxes += boxes
        if element is not None and not boxes:
            tags = {name(inner) for inner in element.iter()}
            if "OLEObject" in tags:
                self.seen["embedded object"] += 1
            elif tags & {"pic", "imagedata", "blip", "chart"}:
                self.seen["picture"] += 1


def _is_formula(element: Any) -> bool:
    return isinstance(element.tag, str) and "officeDocument" in element.tag and "/math" in element.tag


def _character(element: Any, kind: str) -> str:
    if kind == "br" and value(element, "type") in ("page", "column"):
        return " "
    return _CHARACTERS[kind]


def _outermost(element: Any, wanted: str) -> list[Any]:
    """Return the elements of this name that are not inside another of them or inside a fallback of what was read."""
    found, todo = [], [element]
    while todo:
        at = todo.pop()
        if name(at) == wanted:
            found.append(at)
        elif name(at) == "AlternateContent":
            todo += list(children(at, "Choice"))[:1] or list(children(at, "Fallback"))
        else:
            todo += reversed(list(at))
    return found
