"""Word documents: paragraphs with the numbers that Word shows, tables, text boxes and notes in reading order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.office.archive import Archive
from pincite.ingest.readers.office.classification import classification_in
from pincite.ingest.readers.office.docx_numbering import Numberer, Styles
from pincite.ingest.readers.office.docx_runs import Runs
from pincite.ingest.readers.office.ooxml import child, children, is_on, main_part, name, properties, related, value
from pincite.ingest.readers.plain.text import split_numbered_lines
from pincite.ingest.readers.tables import Cell, control_pairs, head_rows, table_blocks

__all__ = ["read_docx"]

_WRAPPERS = {"sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo", "AlternateContent", "Choice"}


def read_docx(data: bytes) -> RawDocument:
    """Read a Word document as it looks with all changes accepted; what is not in its text is counted or reported.

    Raises:
        DocumentError: if a part is missing, damaged or too large.
    """
    archive = Archive(data)
    main = main_part(archive)
    body = child(archive.xml(main), "body")
    reader = _Reader(archive, main)
    blocks = [*reader.blocks(body), *reader.rest()] if body is not None else []
    stated = properties(archive)
    metadata = {key: text for key, text in stated.items() if key != "title"} | reader.control
    margins = reader.margins()
    if not metadata.get("classification") and margins:
        metadata["classification"] = classification_in(margins)
    title = reader.title or next((b.text for b in blocks if b.level == 1 and not b.numbering), "")
    return RawDocument(
        tuple(blocks),
        title or stated.get("title", ""),
        {key: text for key, text in metadata.items() if text},
        reader.warnings(),
        left_out={what: count for what, count in reader.runs.left_out.items() if count},
    )


class _Reader:
    def __init__(self, archive: Archive, main: str) -> None:
        self._archive = archive
        self._main = main
        self._styles = Styles(self._part("styles"))
        self._numberer = Numberer(self._part("numbering"), self._styles)
        self._notes = {
            (kind, value(note, "id")): note
            for kind in ("footnote", "endnote")
            for note in children(self._part(f"{kind}s"), kind)
        }
        self.runs = Runs(self._styles)
        self.title = ""
        self.control: dict[str, str] = {}
        self._begun = False
        self._headings = 0  # but for one that opens the document
        self._held = ""  # words of paragraphs whose mark is deleted: they go on in the next one
        self._chunks = 0

    def _part(self, kind: str) -> Any:
        parts = related(self._archive, self._main, kind)
        return self._archive.xml(parts[0]) if parts else etree.Element(kind)

    # -- the body ------------------------------------------------------------------------------------------

    def blocks(self, parent: Any) -> Iterator[Block]:
        """Yield the blocks of a body, a cell, a note or a text box."""
        for element in parent:
            kind = name(element)
            if kind == "p":
                yield from self._paragraph(element)
            elif kind == "tbl":
                yield from self._table(element)
            elif kind in ("del", "moveFrom"):
                self.runs.seen["deletion"] += 1
                self.runs.left_out["tracked deletions"] += _length(element)
            elif kind == "altChunk":
                self._chunks += 1
            elif kind == "sdt" and value(child(element, "sdtPr", "docPartObj", "docPartGallery")).startswith(
                "Table of"
            ):
                self.runs.left_out["table of contents"] += _length(element)
            elif kind in _WRAPPERS:
                yield from self.blocks(element)

    def rest(self) -> Iterator[Block]:
        """Yield words whose paragraph was to go on in one that never came."""
        if self._held.strip():
            yield Block(" ".join(self._held.split()))

    def _paragraph(self, paragraph: Any) -> Iterator[Block]:
        own = child(paragraph, "pPr")
        style = value(child(own, "pStyle"))
        contents = self.runs.in_contents
        words = self.runs.text(paragraph, style)
        boxes, self.runs.boxes = self.runs.boxes, []
        names = self._styles.names(style)
        if contents or self.runs.in_contents or any(entry.startswith("toc ") for entry in names):
            self.runs.left_out["table of contents"] += len(words)
            return
        if is_on(child(own, "rPr", "del")):
            self._held += words
            return
        words, self._held = self._held + words, ""
        level = self._styles.level(style, own)
        if words.strip() or not self.runs.hides_mark(own):
            yield from self._numbered(words, style, own, level)
        for box in boxes:
            yield from self.blocks(box)
        yield from self._take_notes()

    def _numbered(self, words: str, style: str, own: Any, level: int) -> Iterator[Block]:
        label = self._numberer.label(style, own, bool(level))
        if not words.strip():
            return
        numbering = label.numbering if label else None
        names = self._styles.names(style)
        item = (label is not None and numbering is None) or any(entry.startswith("list bullet") for entry in names)
        lead = f"{numbering.marker} " if numbering else ""
        if level:
            text = " ".join(words.split())
            self._headings += self._begun
            self._begun = True
            if "title" in names and not self.title:
                self.title = text
            yield Block(lead + text, level=level, numbering=numbering)
            return
        self._begun = True
        for at, line in enumerate(split_numbered_lines(words.split("\n"))):
            yield Block(lead + line if at == 0 else line, item=item, numbering=numbering if at == 0 else None)

    def _take_notes(self) -> Iterator[Block]:
        """Yield the notes referred to since, right behind the text that refers to them."""
        notes, self.runs.notes = self.runs.notes, []
        for mark, kind, key in notes:
            note = self._notes.pop((kind, key), None)
            if note is None:
                continue
            inner = [block for block in self.blocks(note) if block.text.strip()]
            if inner and mark:
                inner[0] = replace(inner[0], text=f"[{mark}] {inner[0].text.strip()}")
            yield from inner

    # -- tables --------------------------------------------------------------------------------------------

    def _table(self, table: Any) -> Iterator[Block]:
        opening = not self._headings  # tables above the first section state owner, version and the like
        self._begun = True
        rows = [row for row in _rows(table) if not is_on(child(row, "trPr", "del"))]
        deleted = [row for row in _rows(table) if is_on(child(row, "trPr", "del"))]
        self.runs.left_out["tracked deletions"] += sum(map(_length, deleted))
        self.runs.seen["deletion"] += len(deleted)
        contents = [[(cell, list(self.blocks(cell))) for cell in _cells(row)] for row in rows]
        if contents and max(map(len, contents)) == 1:  # a frame around text, not a table
            yield from (block for line in contents for _, blocks in line for block in blocks)
            return
        cells = _merge(contents)
        if opening and not self.control:
            self.control = control_pairs(cells)
        stated = 0
        while stated < len(rows) and is_on(child(rows[stated], "trPr", "tblHeader")):
            stated += 1
        yield from table_blocks(cells, head_rows(cells, stated, opening=opening))

    # -- what is not in the text -----------------------------------------------------------------------------

    def margins(self) -> list[str]:
        """Return the lines of headers and footers, which are no text of the document, and count them and comments."""
        lines = []
        for kind in ("header", "footer"):
            for part in related(self._archive, self._main, kind):
                root = self._archive.xml(part)
                runs = Runs(self._styles)
                lines += [runs.text(p, "") for p in root.iter() if name(p) == "p"]
                lines += [value(e, "string") for e in root.iter() if name(e) == "textpath"]
        self.runs.left_out["headers and footers"] += sum(len(line.strip()) for line in lines)
        for part in related(self._archive, self._main, "comments"):
            self.runs.left_out["comments"] += _length(self._archive.xml(part))
        return lines

    def warnings(self) -> tuple[str, ...]:
        """Return what a steward should know about what was read and what was not."""
        seen, left_out = self.runs.seen, self.runs.left_out
        found = []
        if seen["insertion"] or seen["deletion"] or left_out["tracked deletions"]:
            found.append(
                f"tracked changes read as accepted: {seen['insertion']} insertion(s) in, {seen['deletion']} "
                f"deletion(s) of {left_out['tracked deletions']} characters out"
            )
        if left_out["hidden text"]:
            found.append(f"hidden text not read: {left_out['hidden text']} characters")
        if self.runs.open_fields:
            found.append(f"a field never ends: {left_out['field instructions']} characters not read")
        if self._chunks:
            found.append(f"{self._chunks} embedded document(s) (altChunk) not read")
        kinds = ("picture", "embedded object", "symbol without a known character")
        found += [f"{seen[what]} {what}(s) not read" for what in kinds if seen[what]]
        if self._numberer.unknown:
            formats = ", ".join(sorted(self._numberer.unknown))
            found.append(f"numbers of the format {formats} read as digits")
        return tuple(found)


def _length(element: Any) -> int:
    return sum(len(e.text or "") for e in element.iter() if name(e) in ("t", "delText"))


def _rows(table: Any) -> Iterator[Any]:
    for element in table:
        if name(element) == "tr":
            yield element
        elif name(element) in _WRAPPERS:
            yield from _rows(element)


def _cells(row: Any) -> Iterator[Any]:
    for element in row:
        if name(element) == "tc":
            yield element
        elif name(element) in _WRAPPERS:
            yield from _cells(element)


def _merge(contents: list[list[tuple[Any, list[Block]]]]) -> list[list[Cell]]:
    """Return the cells with how far they reach: those that continue one above become part of it."""
    grid: list[list[Cell]] = []
    open_above: dict[int, tuple[int, int]] = {}  # column -> row and place of the cell that may go on below
    for line in contents:
        made: list[Cell] = []
        column = 0
        for element, blocks in line:
            span = value(child(element, "tcPr", "gridSpan"))
            columns = int(span) if span.isdigit() else 1
            merge = child(element, "tcPr", "vMerge")
            if merge is not None and value(merge) != "restart" and column in open_above:
                row, place = open_above[column]
                above = grid[row][place]
                grid[row][place] = replace(above, rows=above.rows + 1)
            else:
                if merge is not None:
                    open_above[column] = (len(grid), len(made))
                else:
                    open_above.pop(column, None)
                made.append(Cell(_flat(blocks), columns))
            column += columns
        grid.append(made)
    return grid


def _flat(blocks: Iterable[Block]) -> str:
    return " ".join(" ".join(block.text.split()) for block in blocks)
