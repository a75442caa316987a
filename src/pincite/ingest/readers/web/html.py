"""HTML as a browser shows it: lists with their numbers, tables with their headings, nothing that is hidden."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from pincite.ingest.blocks import Block, Numbering, RawDocument
from pincite.ingest.readers.numerals import numeral
from pincite.ingest.readers.tables import Cell, control_pairs, table_blocks
from pincite.ingest.readers.web.tables import is_layout, table_rows

__all__ = ["read_html_tree"]

_NOT_TEXT = {"script", "style", "head", "template", "svg", "iframe", "object", "canvas", "audio", "video", "datalist"}
_LEFT_OUT = {
    "nav": "navigation", "header": "page header", "footer": "page footer", "aside": "asides", "noscript": "scripts off",
    "button": "controls", "select": "controls", "textarea": "controls", "del": "deletions", "s": "deletions",
    "strike": "deletions", "ac:parameter": "controls",
}  # fmt: skip
_ROLES = {"navigation": "navigation", "banner": "page header", "contentinfo": "page footer", "search": "controls",
          "doc-backlink": "navigation"}  # fmt: skip
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i", "img", "input",
    "ins", "kbd", "label", "link", "mark", "math", "meta", "mi", "mn", "mo", "mrow", "nobr", "o:p", "output", "q",
    "rb", "rp", "rt", "ruby", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
_STYLES = {
    "decimal": "1", "decimal-leading-zero": "01", "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A",
    "upper-latin": "A", "lower-roman": "i", "upper-roman": "I",
}  # fmt: skip
_META = {"owner", "version", "classification", "effective", "effective date", "approved_by", "licence", "license"}
# An enumeration's marker alone in its cell or element belongs to the text that follows it.
_MARKER = re.compile(r"(?:\(?(?:[a-z]{1,5}|[A-Z]{1,4}|\d{1,3}[a-z]?)\)|\d{1,3}\.)$")
_DASH = re.compile(r"[—–•-]$")
_NOTE = re.compile(r"#_?(?:ftn|edn|fn|note|footnote|endnote|cite_note)", re.I)


def read_html_tree(root: Any) -> RawDocument:
    """Read a parsed page; what is hidden or no part of its text is counted, and reported where it may matter."""
    walker = _Walker()
    blocks = tuple(walker.walk(root))
    left_out = {what: count for what, count in walker.left_out.items() if count}
    warnings = []
    if left_out.get("hidden text"):
        warnings.append(f"hidden text not read: {left_out['hidden text']} characters")
    if left_out.get("deletions"):
        warnings.append(f"struck-out text not read: {left_out['deletions']} characters")
    metadata = {
        str(meta.get("name")).lower(): str(meta.get("content") or "").strip()
        for meta in root.iter("meta")
        if str(meta.get("name") or "").lower() in _META
    }
    return RawDocument(blocks, _title(root), metadata | walker.control, tuple(warnings), left_out=left_out)


def _title(root: Any) -> str:
    """Return the page's title, without the site's name where a heading shows which part of it is the page's own."""
    headings = [" ".join("".join(heading.itertext()).split()) for heading in root.iter("h1")]
    titles = [" ".join("".join(title.itertext()).split()) for title in root.iter("title")]
    title = next(filter(None, titles), "")
    own = [heading for heading in headings if heading and (heading in title or not title)]
    return own[0] if len(own) == 1 else title


@dataclass(slots=True)
class _List:
    style: str  # of its numbers, "" for bullets
    next: int
    step: int


class _Walker:
    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        self.control: dict[str, str] = {}
        self._buffer: list[str] = []
        self._level = 0
        self._lists: list[_List] = []
        self._pending: Numbering | None = None
        self._items: list[bool] = []
        self._terms: list[str] = []
        self._lead = ""  # the mark of a note, before its first words
        self._notes: list[Any] = []  # open elements that hold notes
        self._pre = 0
        self._headings = 0
        self._begun = False

    def walk(self, root: Any) -> Iterator[Block]:
        """Yield blocks; iterative, so that depth cannot exhaust the stack."""
        skipping: Any = None  # the element whose content is not walked into
        why = ""
        for action, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
            if action in ("comment", "pi") or not isinstance(element.tag, str):
                if skipping is None and action in ("comment", "pi"):
                    self._buffer.append(element.tail or "")
                continue
            tag = element.tag.lower()
            if action == "start" and skipping is None:
                why = _why_left_out(element, tag)
                blocks = self._table(element, tag) if not why else None
                if why or blocks is not None:
                    skipping = element
                    yield from blocks or ()
                    continue
                yield from self._start(element, tag)
            elif action == "end" and (skipping is None or skipping is element):
                if skipping is not None:
                    skipping = None
                    if why and tag not in _NOT_TEXT:
                        self.left_out[why] += len(" ".join("".join(element.itertext()).split()))
                    why = ""
                else:
                    yield from self._end(element, tag)
                if element is not root:
                    self._buffer.append(element.tail or "")
        yield from self._flush(force=True)

    # -- elements ------------------------------------------------------------------------------------------

    def _start(self, element: Any, tag: str) -> Iterator[Block]:
        if tag == "br":
            if self._pre:
                self._buffer.append("\n")
            else:
                yield from self._flush()
        elif tag not in _INLINE:
            yield from self._flush()
        if tag in ("ol", "ul"):
            yield from self._empty_item()
            self._lists.append(_list_of(element, tag))
        elif tag == "li":
            yield from self._empty_item()
            self._begin_item(element)
        elif _level_of(element, tag):
            self._level = _level_of(element, tag)
        elif tag == "pre":
            self._pre += 1
        elif tag == "q":
            self._buffer.append("“")
        if tag not in _INLINE and _holds_notes(element):
            self._notes.append(element)
        self._buffer.append(_bracketed(element, tag, "[") + (element.text or ""))

    def _end(self, element: Any, tag: str) -> Iterator[Block]:
        self._buffer.append(_bracketed(element, tag, "]") + ("”" if tag == "q" else ""))
        if tag in _INLINE or tag == "br":
            return
        if tag == "dt":
            self._terms.append(" ".join("".join(self._buffer).split()))
            self._buffer.clear()
            return
        yield from self._flush(force=tag in ("li", "dd"))
        if tag == "li":
            yield from self._empty_item()
            self._items = self._items[:-1]
        elif tag in ("ol", "ul") and self._lists:
            self._lists.pop()
        elif tag == "dl":
            yield from (Block(term) for term in self._terms if term)
            self._terms.clear()
        elif tag == "pre":
            self._pre -= 1
        if _level_of(element, tag):
            self._level = 0
        if self._notes and self._notes[-1] is element:
            self._notes.pop()

    def _begin_item(self, element: Any) -> None:
        current = self._lists[-1] if self._lists else _List("", 0, 0)
        self._items.append(not current.style)
        if not current.style:
            return
        stated = str(element.get("value") or "")
        count = int(stated) if re.fullmatch(r"-?\d{1,9}", stated) else current.next
        current.next = count + current.step
        style = _css_style(element) or current.style
        number = numeral(count, style)
        if self._notes:  # a note is no provision
            self._lead = f"[{number}]"
            return
        self._pending = Numbering(
            f"{number}.", number, "1" if style == "01" else style, "html", len(self._lists) - 1, False
        )

    def _empty_item(self) -> Iterator[Block]:
        """Yield the number of an entry that begins with another list, or holds nothing."""
        if self._pending is not None:
            numbering, self._pending = self._pending, None
            yield Block(numbering.marker, numbering=numbering)

    def _table(self, element: Any, tag: str) -> list[Block] | None:
        """Return the rows of a table of data; None for other elements and for tables that only lay a page out."""
        if tag == "table" and not is_layout(element):
            blocks = list(self._flush(force=True))
            heads, rows, bold = table_rows(element)
            cells = [
                [Cell(self._words(cell), _span(cell, "colspan"), _span(cell, "rowspan")) for cell in row]
                for row in rows
            ]
            caption = next((self._words(inner) for inner in element if inner.tag == "caption"), "")
            if not self._headings and not self.control and (len(cells) == 2 or not (heads or bold)):
                self.control = control_pairs(cells)
            blocks += [Block(caption)] if caption else []
            return blocks + table_blocks(cells, heads or int(bold))
        if tag == "tr":
            row = self._data_row(element)
            return [*self._flush(force=True), Block(row, row=True)] if row else None
        return None

    def _words(self, cell: Any) -> str:
        text, left_out = _words(cell)
        self.left_out += left_out
        return text

    def _data_row(self, row: Any) -> str:
        """Return a data row of a table that lays a page out as one line; "" for a row that only places things."""
        if next(row.iter("table"), None) is not None:
            return ""
        cells = [_words(cell) for cell in row if isinstance(cell.tag, str)]
        filled = [text for text, _ in cells if text]
        if len(filled) < 2 or _MARKER.match(filled[0]) or _DASH.match(filled[0]):
            return ""
        for _, left_out in cells:
            self.left_out += left_out
        return " | ".join(filled)

    # -- text ----------------------------------------------------------------------------------------------

    def _marker_alone(self) -> bool:
        text = " ".join("".join(self._buffer).split())
        return bool(_MARKER.match(text) or _DASH.match(text))

    def _flush(self, force: bool = False) -> Iterator[Block]:
        raw = "".join(self._buffer)
        text = " ".join(raw.split())
        if not text:
            self._buffer.clear()
            return
        if not force and self._marker_alone():
            self._buffer[:] = [text + " "]
            return
        self._buffer.clear()
        lines = [line for line in raw.split("\n") if line.strip()] if self._pre else [text]
        lead, self._lead = self._lead, ""
        lines[0] = f"{lead} {self._with_term(lines[0])}".strip()
        for line in lines:
            yield self._block(line)

    def _with_term(self, text: str) -> str:
        terms, self._terms = " / ".join(filter(None, self._terms)), []
        if not terms:
            return text
        return f"{terms} {text}" if terms[-1] in ":.?!—–-" else f"{terms}: {text}"

    def _block(self, text: str) -> Block:
        numbering, self._pending = self._pending, None
        self._headings += bool(self._level) and self._begun
        self._begun = True
        if numbering is not None:
            whole = bool(self._level) and numbering.level == 0
            numbering = Numbering(
                numbering.marker, numbering.number, numbering.style, numbering.sequence, numbering.level, whole
            )
            return Block(f"{numbering.marker} {text}", level=self._level, numbering=numbering)
        dash = re.match(r"[—–•-] ", text)
        item = bool(self._items and self._items[-1]) or bool(dash)
        return Block(text[dash.end() :] if dash else text, level=self._level, item=item)


def _words(cell: Any) -> tuple[str, Counter[str]]:
    """Return a cell's words on one line, and what of it was left out."""
    inner = _Walker()
    text = " ".join(block.text for block in inner.walk(cell))
    return " ".join(text.split()), inner.left_out


def _why_left_out(element: Any, tag: str) -> str:
    """Return what the element is if it is no part of the text, else ""."""
    if tag in _NOT_TEXT:
        return "no text"
    style = str(element.get("style") or "").replace(" ", "").lower()
    hidden = element.get("hidden") is not None or element.get("aria-hidden") == "true"
    if hidden or "display:none" in style or "visibility:hidden" in style:
        return "hidden text"
    if tag == "header" and _in_content(element):
        return ""
    return _LEFT_OUT.get(tag) or _ROLES.get(str(element.get("role") or ""), "")


def _in_content(element: Any) -> bool:
    """Tell a header that opens an article from that of the page."""
    return any(above.tag in ("article", "main", "section") for above in element.iterancestors())


def _holds_notes(element: Any) -> bool:
    kinds = str(element.get("class") or "").lower().split()
    return element.get("role") == "doc-endnotes" or any(kind in ("footnotes", "endnotes") for kind in kinds)


def _level_of(element: Any, tag: str) -> int:
    if re.fullmatch(r"h[1-6]", tag):
        return int(tag[1])
    if element.get("role") == "heading":
        level = str(element.get("aria-level") or "2")
        return min(int(level), 6) if level.isdigit() and int(level) else 2
    return 1 if element.get("class") == "MsoTitle" else 0


def _list_of(element: Any, tag: str) -> _List:
    kind = str(element.get("type") or "1")
    style = _css_style(element)
    if style is None:
        style = (kind if kind in ("1", "a", "A", "i", "I") else "1") if tag == "ol" else ""
    backwards = element.get("reversed") is not None
    start = str(element.get("start") or "")
    entries = sum(1 for inner in element if inner.tag == "li")
    first = int(start) if re.fullmatch(r"-?\d{1,9}", start) else entries if backwards else 1
    return _List(style, first, -1 if backwards else 1)


def _css_style(element: Any) -> str | None:
    match = re.search(r"list-style(?:-type)?\s*:[^;]*?([a-z]+(?:-[a-z]+)*)", str(element.get("style") or ""), re.I)
    if not match:
        return None
    return _STYLES.get(match.group(1).lower(), "")


def _bracketed(element: Any, tag: str, bracket: str) -> str:
    """Return a bracket around the mark of a note, so that "72 hours" with note 1 is not read as 721 hours."""
    if (tag == "a" and _NOTE.match(str(element.get("href") or ""))) or element.get("role") == "doc-noteref":
        mark = "".join(element.itertext()).strip()
        return bracket if re.fullmatch(r"\w{1,4}|\*+", mark) else ""
    return ""


def _span(cell: Any, attribute: str) -> int:
    stated = str(cell.get(attribute) or "1")
    return max(1, min(int(stated), 1000)) if stated.isdigit() else 1
