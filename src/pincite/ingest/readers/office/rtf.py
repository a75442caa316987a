"""RTF: paragraphs with the numbers that the writing program put before them, headings by style, tables, notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, Numbering, RawDocument
from pincite.ingest.readers.numerals import numbering_of
from pincite.ingest.readers.office.classification import classification_in
from pincite.ingest.readers.office.rtf_tokens import CODE_PAGES, ListLevel, RtfTables, Token, tokens
from pincite.ingest.readers.office.unread import unread_parts
from pincite.ingest.readers.plain.text import split_numbered_lines
from pincite.ingest.readers.tables import Cell, control_pairs, head_rows, table_blocks

__all__ = ["read_rtf"]

_TABLES = {"fonttbl", "stylesheet", "listtable", "listoverridetable"}
_SKIPPED = {
    "colortbl", "info", "pict", "objdata", "themedata", "colorschememapping", "latentstyles", "datastore", "generator",
    "rsidtbl", "revtbl", "xmlnstbl", "shprslt", "sp", "nonshppict", "operator", "company", "author", "fldinst",
    "bkmkstart", "bkmkend", "filetbl", "listpicture", "atnid", "atnauthor", "atndate", "atnref", "objclass",
    "nonesttables", "tc", "xe",
}  # fmt: skip
_MARGINS = {"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"}
_ASIDE = {"footnote", "shptxt", "dptxbxtext"}
_OPEN = {"shpinst", "shppict", "do", "ud", "upr", "listtext", "annotation", "userprops", "propname", "staticval"}
_CHARACTERS = {
    "tab": " ", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emdash": "—",
    "endash": "–", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "~": " ", "_": "-", "-": "",
    "page": " ", "column": " ",
}  # fmt: skip
_FORMATS = {0: "1", 1: "I", 2: "i", 3: "A", 4: "a", 22: "01"}
_BULLET = 23


@dataclass(slots=True)
class _Group:
    """What holds until a brace closes."""

    into: str = "text"
    hidden: bool = False
    deleted: bool = False
    skip: int = 1  # how many characters stand for one after \\u
    page: str = "cp1252"
    ignorable: bool = False

    def inner(self) -> _Group:
        """Return what holds in a group that begins here."""
        return _Group(self.into, self.hidden, self.deleted, self.skip, self.page)


@dataclass(slots=True)
class _Flow:
    """Text that runs by itself: the body, a note, a text box, a page's margin."""

    blocks: list[Block] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    marker: str = ""
    style: int = 0
    outline: int = 9
    level: int = 0
    instance: int = -1
    in_table: bool = False
    cell: list[str] = field(default_factory=list)
    row: list[Cell] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    heads: int = 0
    aside: list[Block] = field(default_factory=list)


def read_rtf(data: bytes) -> RawDocument:
    """Read an RTF file as it looks with all changes accepted.

    Raises:
        DocumentError: if its braces do not match, as in a file that was cut off.
    """
    reader = _Reader()
    for token in tokens(data):
        reader.take(token)
    if reader.depth != 0:
        raise DocumentError("its braces do not match: it was cut off", hint="Copy the file again.")
    reader.finish()
    blocks = reader.flow.blocks
    metadata = {key: text for key, text in reader.properties.items() if text} | reader.control
    if not metadata.get("classification") and classification_in(reader.margins):
        metadata["classification"] = classification_in(reader.margins)
    title = (
        reader.title or next((b.text for b in blocks if b.level == 1 and not b.numbering), "") or reader.stated_title
    )
    left_out = {what: count for what, count in reader.left_out.items() if count}
    return RawDocument(tuple(blocks), title, metadata, tuple(reader.warnings()), left_out=left_out)


class _Reader:
    def __init__(self) -> None:
        self.flow = _Flow()
        self.left_out: Counter[str] = Counter()
        self.margins: list[str] = []
        self.control: dict[str, str] = {}
        self.properties: dict[str, str] = {}
        self.title = self.stated_title = ""
        self.depth = 0
        self._tables = RtfTables()
        self._group = _Group()
        self._groups: list[_Group] = []
        self._flows: list[_Flow] = []
        self._bytes = bytearray()
        self._to_skip = 0
        self._level_text = b""
        self._property = ""
        self._notes = 0
        self._headings = 0
        self._begun = False
        self._seen: Counter[str] = Counter()

    # -- tokens ----------------------------------------------------------------------------------------------

    def take(self, token: Token) -> None:
        """Take the next token."""
        if token.text:
            self._take_text(token.text)
            return
        self._decode()
        self._to_skip = 0
        if token.brace == "{":
            self.depth += 1
            self._groups.append(self._group.inner())
        elif token.brace == "}":
            self.depth -= 1
            if self.depth >= 0 and self._groups:
                self._close(self._group, self._groups.pop())
        elif token.word == "*":
            self._group.ignorable = True
        elif token.word:
            self._control(token.word, token.number)

    def _take_text(self, text: bytes) -> None:
        dropped = min(self._to_skip, len(text))
        self._to_skip -= dropped
        if self._group.into == "leveltext":
            self._level_text += text
        else:
            self._bytes += text[dropped:]

    def _decode(self) -> None:
        if self._bytes:
            text = self._bytes.decode(self._group.page, errors="replace")
            self._bytes.clear()
            self._add(text)

    def _add(self, text: str) -> None:
        group = self._group
        if group.into in ("text", "margin", *_ASIDE):
            if group.hidden:
                self.left_out["hidden text"] += len(text)
            elif group.deleted:
                self.left_out["tracked deletions"] += len(text)
            else:
                self.flow.parts.append(text)
        elif group.into == "listtext":
            self.flow.marker += text
        elif group.into == "stylesheet":
            self._tables.name(text)
        elif group.into == "title":
            self.stated_title += text
        elif group.into == "annotation":
            self.left_out["comments"] += len(text)
        elif group.into == "propname":
            self._property = text.strip().lower()
        elif group.into == "staticval":
            self.properties[self._property] = text.strip()

    def _control(self, word: str, number: int | None) -> None:
        group = self._group
        if self._destination(word):
            return
        if group.into in _TABLES:
            self._tables.control(group.into, word, number)
        if word == "u":
            code = (number or 0) % 65536
            self._add(chr(code) if not 0xD800 <= code <= 0xDFFF else self._surrogate(code))
            self._to_skip = group.skip
        elif word == "uc":
            group.skip = max(0, number if number is not None else 1)
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif word in ("\n", "\r"):
            self._paragraph()
        elif word in ("{", "}", "\\"):
            self._add(word)
        elif word == "ansicpg":
            group.page = f"cp{number}" if number in range(400, 1300) else group.page
        elif word == "f" and group.into not in _TABLES:
            charset = self._tables.fonts.get(number or 0, 1)
            group.page = CODE_PAGES.get(charset, group.page)
        elif word == "v":
            group.hidden = number != 0
        elif word == "deleted":
            group.deleted = number != 0
            self._seen["deletion"] += number != 0
        elif word == "revised":
            self._seen["insertion"] += number != 0
        elif word == "plain":
            group.hidden = group.deleted = False
        elif word == "chftn" and group.into != "footnote":
            self._notes += 1
            self._add(f"[{self._notes}]")
        elif group.into in ("text", "margin", *_ASIDE):
            self._layout(word, number)

    def _surrogate(self, code: int) -> str:
        """Join the two halves of a character beyond the basic plane, which come one after the other."""
        parts = self.flow.parts
        if code >= 0xDC00 and parts and parts[-1] and 0xD800 <= ord(parts[-1][-1]) <= 0xDBFF:
            high = ord(parts[-1][-1])
            parts[-1] = parts[-1][:-1]
            return chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00))
        return chr(code)

    def _destination(self, word: str) -> bool:
        group = self._group
        ignorable, group.ignorable = group.ignorable, False
        if group.into == "skip":
            group.into = "title" if word == "title" else "skip"
            return True
        if word in _TABLES or word in ("leveltext", "listtext", "pntext", "annotation", "propname", "staticval"):
            group.into = "listtext" if word == "pntext" else word
            self._level_text = b""
        elif word in _MARGINS or word in _ASIDE:
            group.into = "margin" if word in _MARGINS else word
            self._flows.append(self.flow)
            self.flow = _Flow()
        elif word in _SKIPPED or (ignorable and word not in _OPEN):
            self._seen["picture"] += word == "pict"
            self._seen["embedded object"] += word == "objdata"
            group.into = "skip"
        else:
            return False
        return True

    def _close(self, closed: _Group, outer: _Group) -> None:
        """End a group: what was special about it is done."""
        self._group = outer
        if closed.into == outer.into:
            return
        if closed.into == "leveltext":
            self._tables.level_text(self._level_text)
        elif closed.into == "margin" or closed.into in _ASIDE:
            self.finish()
            inner, self.flow = self.flow, self._flows.pop()
            if closed.into == "margin":
                self.margins += [block.text for block in inner.blocks]
                self.left_out["headers and footers"] += sum(len(block.text) for block in inner.blocks)
            else:
                blocks = inner.blocks
                if closed.into == "footnote" and blocks:
                    blocks[0] = replace(blocks[0], text=f"[{self._notes}] {blocks[0].text.strip()}")
                self.flow.aside += blocks

    # -- paragraphs and tables -----------------------------------------------------------------------------------

    def _layout(self, word: str, number: int | None) -> None:
        flow = self.flow
        if word in ("par", "sect"):
            self._paragraph()
        elif word == "pard":
            flow.style, flow.outline, flow.level, flow.instance, flow.in_table = 0, 9, 0, -1, False
        elif word == "s":
            flow.style = number or 0
        elif word == "outlinelevel":
            flow.outline = number or 0
        elif word == "ilvl":
            flow.level = number or 0
        elif word == "ls":
            flow.instance = number or 0
        elif word == "intbl":
            flow.in_table = True
        elif word == "trhdr":
            flow.heads = max(flow.heads, len(flow.rows) + 1)
        elif word in ("cell", "nestcell"):
            flow.in_table = True
            self._paragraph()
            if word == "cell":
                flow.row.append(Cell(" ".join(" ".join(flow.cell).split())))
                flow.cell = []
        elif word == "row":
            flow.rows.append(flow.row)
            flow.row = []

    def _paragraph(self) -> None:
        flow = self.flow
        words, marker = "".join(flow.parts), " ".join(flow.marker.split())
        flow.parts, flow.marker = [], ""
        aside, flow.aside = flow.aside, []
        if flow.in_table:
            flow.cell += [part for part in (marker, words, *(block.text for block in aside)) if part.strip()]
            return
        self._table()
        if words.strip():
            flow.blocks += self._blocks(words, marker)
        flow.blocks += aside

    def _blocks(self, words: str, marker: str) -> Iterator[Block]:
        flow = self.flow
        level = flow.outline + 1 if flow.outline < 9 else self._tables.level(flow.style)
        numbering = self._numbering(marker, bool(level)) if re.search(r"\w", marker) else None
        lead = f"{marker} " if numbering else ""
        self._headings += bool(level) and self._begun
        self._begun = True
        if level:
            if self._tables.styles.get(flow.style) == "title" and not self.title:
                self.title = " ".join(words.split())
            yield Block(lead + " ".join(words.split()), level=min(level, 6), numbering=numbering)
            return
        item = bool(marker) and numbering is None
        for at, line in enumerate(split_numbered_lines(words.split("\n"))):
            yield Block(lead * (at == 0) + line, item=item, numbering=numbering if at == 0 else None)

    def _numbering(self, marker: str, is_heading: bool) -> Numbering | None:
        """Return the numbering that the file shows in words; its list says how it counts."""
        flow = self.flow
        levels = self._tables.list_levels(flow.instance)
        own = levels[flow.level] if flow.level < len(levels) else ListLevel(0, marker)
        below = levels[flow.level + 1].form if flow.level + 1 < len(levels) else ""
        if own.format == _BULLET:
            return None
        return numbering_of(
            marker,
            own.form,
            below,
            own=re.findall(r"\w+", marker)[-1],
            style=_FORMATS.get(own.format, "1"),
            sequence=str(self._tables.instances.get(flow.instance, "")),
            level=flow.level,
            is_heading=is_heading,
        )

    def _table(self) -> None:
        flow = self.flow
        rows = [row for row in flow.rows if row]
        heads, flow.rows, flow.heads = flow.heads, [], 0
        if not rows:
            return
        opening = not self._headings
        self._begun = True
        if max(map(len, rows)) == 1:  # a frame around text, not a table
            flow.blocks += [Block(row[0].text) for row in rows if row[0].text]
            return
        if opening and not self.control:
            self.control = control_pairs(rows)
        flow.blocks += table_blocks(rows, head_rows(rows, heads, opening=opening))

    def finish(self) -> None:
        """End the flow's last paragraph and table."""
        self._decode()
        self.flow.in_table = False
        self._paragraph()

    def warnings(self) -> Iterator[str]:
        """Yield what a steward should know about what was read and what was not."""
        yield from unread_parts(self._seen, self.left_out)
