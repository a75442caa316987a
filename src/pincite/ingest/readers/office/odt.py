"""OpenDocument texts: headings, numbered lists, tables, text boxes and notes in reading order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.office.archive import Archive
from pincite.ingest.readers.office.classification import classification_in
from pincite.ingest.readers.office.odt_numbering import Lists, ListState
from pincite.ingest.readers.office.ooxml import child, children, name, value
from pincite.ingest.readers.office.unread import unread_parts
from pincite.ingest.readers.plain.text import split_numbered_lines
from pincite.ingest.readers.tables import Cell, control_pairs, head_rows, table_blocks

__all__ = ["read_odt"]

_INDEXES = {
    "table-of-content", "illustration-index", "table-index", "object-index", "user-index", "alphabetical-index",
    "bibliography",
}  # fmt: skip
_MARGINS = {"header", "footer", "header-left", "footer-left", "header-first", "footer-first"}
_NO_WORDS = {
    "tracked-changes", "sequence-decls", "variable-decls", "user-field-decls", "forms", "event-listeners", "title",
    "desc", "note", "annotation", "frame", "custom-shape", "rect", "hidden-text", "ruby-text", "s", "tab", "line-break",
}  # fmt: skip
_MOST_REPEATED = 1000


def read_odt(data: bytes) -> RawDocument:
    """Read an OpenDocument text as it looks with all changes accepted; what is not in its text is counted or reported.

    Raises:
        DocumentError: if it is encrypted, damaged or too large.
    """
    archive = Archive(data)
    if (
        "META-INF/manifest.xml" in archive
        and archive.xml("META-INF/manifest.xml").find(".//{*}encryption-data") is not None
    ):
        raise DocumentError("an encrypted document", hint="Open it, remove its password and save it again.")
    content = archive.xml("content.xml")
    styles = archive.xml("styles.xml") if "styles.xml" in archive else etree.Element("none")
    body = child(content, "body", "text")
    if body is None:
        raise DocumentError("it holds no text document")
    reader = _Reader(content, styles)
    blocks = list(reader.blocks(body, None))
    title, stated = _meta(archive)
    metadata = stated | reader.control
    margins = ["".join(map(str, p.itertext())) for m in styles.iter() if name(m) in _MARGINS for p in m.iter("{*}p")]
    reader.left_out["headers and footers"] += sum(len(line.strip()) for line in margins)
    if not metadata.get("classification") and classification_in(margins):
        metadata["classification"] = classification_in(margins)
    heading = reader.title or next((b.text for b in blocks if b.level == 1 and not b.numbering), "")
    left_out = {what: count for what, count in reader.left_out.items() if count}
    return RawDocument(tuple(blocks), heading or title, metadata, tuple(reader.warnings()), left_out=left_out)


def _meta(archive: Archive) -> tuple[str, dict[str, str]]:
    if "meta.xml" not in archive:
        return "", {}
    meta = child(archive.xml("meta.xml"), "meta")
    stated = {
        value(field, "name").lower(): (field.text or "").strip()
        for field in children(meta, "user-defined")
        if (field.text or "").strip()
    }
    title = child(meta, "title")
    return ((title.text or "").strip() if title is not None else ""), stated


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a list a paragraph stands; only the first one of an entry has its number."""

    state: ListState
    style: str
    level: int
    start: str
    first: bool


class _Reader:
    def __init__(self, content: Any, styles: Any) -> None:
        self._lists = Lists(styles, content)
        self._styles = {
            (value(style, "family"), value(style, "name")): style
            for root in (styles, content)
            for style in root.iter("{*}style")
        }
        self.left_out: Counter[str] = Counter()
        self.title = ""
        self.control: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        self._aside: list[tuple[str, Any]] = []  # notes and text boxes met in a paragraph: mark, content
        self._headings = 0
        self._begun = False

    def blocks(self, parent: Any, place: _Place | None) -> Iterator[Block]:
        """Yield the blocks of a body, a section, a cell, a note or a text box."""
        for element in parent:
            kind = name(element)
            if kind in ("p", "h"):
                yield from self._paragraph(element, kind, place)
                place = replace(place, first=False) if place else None
            elif kind == "list":
                yield from self._list(element, place)
            elif kind == "table":
                yield from self._table(element)
            elif kind in _INDEXES:
                self.left_out["table of contents"] += len("".join(element.itertext()).strip())
            elif kind == "tracked-changes":
                self._tracked(element)
            elif kind == "section" and value(element, "display") == "none":
                self.left_out["hidden text"] += len("".join(element.itertext()).strip())
            elif kind in ("frame", "custom-shape", "rect"):
                self._drawing(element)
                yield from self._take_aside()
            elif kind not in _NO_WORDS:
                yield from self.blocks(element, place)

    def _tracked(self, element: Any) -> None:
        for region in element:
            for change in region:
                self._seen[name(change)] += 1
                if name(change) == "deletion":
                    words = [p for p in change if name(p) != "change-info"]
                    self.left_out["tracked deletions"] += sum(len("".join(p.itertext())) for p in words)

    def _list(self, element: Any, outer: _Place | None) -> Iterator[Block]:
        state = outer.state if outer else self._lists.open(element)
        style = value(element, "style-name") or (outer.style if outer else state.style)
        level = outer.level + 1 if outer else 0
        for item in children(element, "list-item", "list-header"):
            own = value(item, "style-override") or style
            numbered = name(item) == "list-item"
            yield from self.blocks(item, _Place(state, own, level, value(item, "start-value"), numbered))

    # -- paragraphs ----------------------------------------------------------------------------------------

    def _paragraph(self, element: Any, kind: str, place: _Place | None) -> Iterator[Block]:
        parts: list[str] = []
        style = value(element, "style-name")
        self._walk(element, parts, self._is_hidden("paragraph", style))
        words = "".join(parts)
        level = self._level(element, kind)
        names = self._names(style)
        if "title" in names:
            level = 1
        bullet, numbering = self._number(element, level, place)
        if words.strip():
            self._headings += bool(level) and self._begun
            self._begun = True
            if "title" in names and not self.title:
                self.title = " ".join(words.split())
            lead = f"{numbering.marker} " if numbering else ""
            if level:
                yield Block(lead + " ".join(words.split()), level=level, numbering=numbering)
            else:
                for at, line in enumerate(split_numbered_lines(words.split("\n"))):
                    first = at == 0
                    yield Block(lead * first + line, item=bullet, numbering=numbering if first else None)
        yield from self._take_aside()

    def _level(self, element: Any, kind: str) -> int:
        level = value(element, "outline-level")
        return min(int(level), 6) if kind == "h" and level.isdigit() and int(level) else int(kind == "h")

    def _number(self, element: Any, level: int, place: _Place | None) -> Any:
        if place is not None:
            start = place.start
            if not place.first:
                return False, None
            return self._lists.number(place.state, place.style, place.level, start, bool(level))
        if not level or value(element, "is-list-header") == "true" or name(element) != "h":
            return False, None
        restart = value(element, "start-value") or ("1" if value(element, "restart-numbering") == "true" else "")
        outline = self._lists.outline
        return self._lists.number(outline, outline.style, level - 1, restart, True)

    def _names(self, style: str) -> list[str]:
        found, seen = [], set()
        while style and style not in seen:
            seen.add(style)
            found.append(style.lower())
            style = value(self._styles.get(("paragraph", style)), "parent-style-name")
        return found

    def _is_hidden(self, family: str, style: str) -> bool:
        seen = set()
        while style and style not in seen:
            seen.add(style)
            element = self._styles.get((family, style))
            display = value(child(element, "text-properties"), "display")
            if display:
                return display == "none"
            style = value(element, "parent-style-name")
        return False

    def _walk(self, parent: Any, parts: list[str], hidden: bool) -> None:
        self._add(parent.text, parts, hidden)
        for element in parent:
            kind = name(element)
            if kind in ("s", "tab"):
                self._add(" ", parts, hidden)
            elif kind == "line-break":
                if not hidden:
                    parts.append("\n")
            elif kind == "note" and not hidden:
                mark = (
                    "".join(child(element, "note-citation").itertext())
                    if child(element, "note-citation") is not None
                    else ""
                )
                parts.append(f"[{mark}]" if mark else "")
                self._aside.append((mark, child(element, "note-body")))
            elif kind == "annotation":
                self.left_out["comments"] += sum(len("".join(p.itertext())) for p in element.iter("{*}p"))
            elif kind in ("hidden-text", "hidden-paragraph"):
                self.left_out["hidden text"] += len("".join(element.itertext()) or value(element, "string-value"))
            elif kind in ("frame", "custom-shape", "rect"):
                self._drawing(element)
            elif kind not in _NO_WORDS:
                unseen = hidden or (kind == "span" and self._is_hidden("text", value(element, "style-name")))
                self._walk(element, parts, unseen)
            self._add(element.tail, parts, hidden)

    def _add(self, words: str | None, parts: list[str], hidden: bool) -> None:
        if not words:
            return
        if hidden:
            self.left_out["hidden text"] += len(words)
        else:
            parts.append(" ".join(words.split("\n")) if "\n" in words else words)

    def _drawing(self, element: Any) -> None:
        if name(element) != "frame":
            self._aside.append(("", element))
        elif child(element, "text-box") is not None:
            self._aside.append(("", child(element, "text-box")))
        elif child(element, "object") is not None or child(element, "object-ole") is not None:
            self._seen["embedded object"] += 1
        else:
            self._seen["picture"] += 1

    def _take_aside(self) -> Iterator[Block]:
        """Yield notes and text boxes right behind the text that they belong to."""
        aside, self._aside = self._aside, []
        for mark, content in aside:
            if content is None:
                continue
            inner = [block for block in self.blocks(content, None) if block.text.strip()]
            if inner and mark:
                inner[0] = replace(inner[0], text=f"[{mark}] {inner[0].text.strip()}")
            yield from inner

    # -- tables ----------------------------------------------------------------------------------------------

    def _table(self, table: Any) -> Iterator[Block]:
        opening = not self._headings
        self._begun = True
        heads = sum(1 for head in children(table, "table-header-rows") for _ in children(head, "table-row"))
        rows: list[list[Cell]] = []
        single: list[Block] = []
        for row in _rows(table):
            line = []
            for cell in children(row, "table-cell"):
                blocks = list(self.blocks(cell, None))
                single += blocks
                text = " ".join(" ".join(block.text.split()) for block in blocks)
                columns = max(_count(cell, "number-columns-spanned"), _count(cell, "number-columns-repeated"))
                line.append(Cell(text, columns, _count(cell, "number-rows-spanned")))
            rows += [line] * (_count(row, "number-rows-repeated") if any(cell.text for cell in line) else 1)
        if rows and max(map(len, rows)) == 1:  # a frame around text, not a table
            yield from single
            return
        if opening and not self.control:
            self.control = control_pairs(rows)
        yield from table_blocks(rows, head_rows(rows, heads, opening=opening))

    def warnings(self) -> Iterator[str]:
        """Yield what a steward should know about what was read and what was not."""
        yield from unread_parts(self._seen, self.left_out)


def _rows(table: Any) -> Iterator[Any]:
    for element in table:
        if name(element) == "table-row":
            yield element
        elif name(element) in ("table-rows", "table-header-rows", "table-row-group"):
            yield from _rows(element)


def _count(element: Any, attribute: str) -> int:
    stated = value(element, attribute)
    return max(1, min(int(stated), _MOST_REPEATED)) if stated.isdigit() else 1
