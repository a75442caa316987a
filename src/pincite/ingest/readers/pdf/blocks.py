"""Lines and table rows of a PDF to blocks: paragraphs, headings, list items, rows with their column headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pincite.ingest.blocks import Block
from pincite.ingest.readers.pdf.hyphens import Vocabulary
from pincite.ingest.readers.pdf.layout import Line, TableRow
from pincite.ingest.readers.pdf.styles import Styles
from pincite.ingest.readers.plain.text import table_row

__all__ = ["PageText", "make_blocks"]

_BULLET = re.compile(r"[•●▪■◦‣⁃∙·➢➤►✓✔❖□○–—*\-\ue000-\uf8ff]|o")
_TRUE_BULLET = re.compile(r"[•●▪■◦‣⁃∙➢➤►✓✔❖□○\ue000-\uf8ff]")  # never within a sentence
_STARTS = re.compile(
    r"\((?:[a-z]{1,2}|[ivxl]{1,6}|[A-Z]{1,2}|[IVX]{1,5}|\d{1,3})\)|(?:[A-Za-z]|[ivxIVX]{1,5}|\d{1,3})\)|[A-Za-z]\.(?=\s)"
    r"|\d{1,3}\.(?=\s)|\d{1,3}(?:\.\d{1,4})+\.?(?=\s)|[A-Z]\.\d{1,3}(?:\.\d{1,3})*(?=\s)"
    r"|[A-Z]{2,12} \d{1,3}(?:\.\d{1,3})*:|§+ ?\d"
    r"|(?:Article|Section|Chapter|Annex|Part|Subpart|Appendix|Schedule|Recital|Table|Figure|Fig\."
    r"|ARTICLE|SECTION|CHAPTER|ANNEX|PART|SUBPART|APPENDIX|SCHEDULE) [\dIVXLCA-Z]+\b"
)
_ANNOUNCES = re.compile(r"(?:Article|Section|Chapter|Annex|Part|Schedule) [\dIVXLC]+[A-Za-z]?", re.I)
_COUNTED = re.compile(r"(\(?)(\d{1,3}|[a-z])([.)])\s")
_REFERS = re.compile(
    r"\b(?:paragraphs?|sections?|articles?|points?|clauses?|parts?|subparts?|chapters?|annex|table|figure|§+|"
    r"and|or|to|of|in|under|by|with|see)$",
    re.I,
)
_NUMBERED_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)\.?\s+[A-Z][^.;:]{2,80}$")
_CONTINUED = re.compile(r"\(?continued(?: (?:on|from) (?:the )?(?:next|previous|preceding) page)?\.?\)?", re.I)
_CAPTION_CONTINUED = re.compile(r"((?:Table|Figure|Fig\.) .*?)\s*[(–—-] ?continued\)?\.?", re.I)
_CODE = re.compile(r"[A-Z]{2,12} \d{1,3}(?:\.\d{1,3})*\s*:")
_TERMINAL = ".;:!?"
_MOST_HEADING = 300  # characters; what is set bold for longer is text


@dataclass(slots=True)
class PageText:
    """A page's lines and rows in reading order; its notes and what is set at an angle stand apart."""

    number: int
    items: list[Line | TableRow]
    notes: list[tuple[str, list[Line]]] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """Lines that belong together."""

    lines: list[Line]
    heading: bool = False


def make_blocks(pages: Sequence[PageText], left_out: dict[str, int]) -> list[Block]:
    """Return the blocks of all pages; adds to `left_out` what is no text ("Continued on next page")."""
    lines = [line for page in pages for item in page.items for line in _lines_of(item)]
    styles = Styles(line for page in pages for line in page.items if isinstance(line, Line))
    vocabulary = Vocabulary(line.text for line in lines)
    return _Writer(styles, vocabulary, left_out).write(pages)


def _lines_of(item: Line | TableRow) -> list[Line]:
    return [item] if isinstance(item, Line) else [line for cell in item.cells for line in cell]


class _Writer:
    def __init__(self, styles: Styles, vocabulary: Vocabulary, left_out: dict[str, int]) -> None:
        self._styles = styles
        self._vocabulary = vocabulary
        self._left_out = left_out

    def write(self, pages: Sequence[PageText]) -> list[Block]:
        parts: list[_Group | TableRow | Block] = []
        waiting: list[Block] = []  # notes: after the paragraph that goes on over the page's end
        for page in pages:
            for item in page.items:
                item.page = page.number
                if isinstance(item, TableRow):
                    parts.append(item)
                    continue
                group = next((part for part in reversed(parts) if not isinstance(part, Block)), None)
                if isinstance(group, _Group) and not self._begins(item, group):
                    group.lines.append(item)
                else:
                    parts += waiting
                    waiting = []
                    parts.append(_Group([item], self._styles.stands_out(item)))
            parts_of_page = [self._note(mark, lines, page.number) for mark, lines in page.notes]
            waiting += parts_of_page + [Block(text, page=page.number) for text in page.aside]
        parts += waiting
        self._settle_headings(parts)
        return self._blocks(parts)

    # -- where a paragraph begins ---------------------------------------------------------------------------

    def _begins(self, line: Line, group: _Group) -> bool:
        before = group.lines[-1]
        if not self._styles.alike(line, before) and (group.heading or self._styles.stands_out(line)):
            return not self._runs_in(line, group)
        text, last = line.text, before.text
        if not line.gap and text[0].isupper() and abs(_indent(line) - _indent(before)) > 1.5 * line.size:
            return True
        near = line.gap <= 1.14 * self._styles.leading * line.size
        if line.gap and not near:
            return True
        ends = last[-1] in _TERMINAL or bool(re.search(r"[.;:!?][)”\"’']$|[;,.] (?:and|or)$", last))
        if group.heading:
            return bool(_STARTS.match(text)) and not _REFERS.search(last)
        moved = bool(line.gap) and abs(line.x0 - group.lines[0].x0) > 0.4 * line.size
        room = before.right - before.x1
        fits = room > self._first_width(line) + 0.35 * line.size
        if len(line.words) > 1 and _TRUE_BULLET.fullmatch(line.words[0].text):
            return True
        if _ANNOUNCES.fullmatch(text) or _follows(group.lines[0].text, text):
            return True
        if self._starts(line):
            opens = ends or fits or line.x0 < before.x0 - 3
            return (opens or (moved and line.x0 > before.x0 + 3)) and not (_REFERS.search(last) and not fits)
        if fits and not last.endswith("-"):
            return ends or (not text[0].islower() and (text[0].isupper() or text[0] in "“\"‘'["))
        if line.gap:  # an indented first line, in a paragraph whose lines were flush
            return ends and len(group.lines) > 1 and line.x0 > before.x0 + 0.8 * line.size and not self._hangs(group)
        # at the top of a column or page: a full line that ends a sentence mostly stands in the midst of a paragraph
        return (ends and last[-1] in ";:") or (
            ends and room > 0.1 * (before.right - before.left) and not text[0].islower()
        )

    def _runs_in(self, line: Line, group: _Group) -> bool:
        """Tell whether a bold beginning and the plain line below it are one paragraph."""
        last = group.lines[-1].text
        close = 0 < line.gap <= 1.14 * self._styles.leading * line.size
        alike = abs(line.size - group.lines[-1].size) <= 0.04 * line.size
        return close and alike and group.heading and line.text[0].islower() and last[-1] not in _TERMINAL

    def _starts(self, line: Line) -> bool:
        first = line.words[0].text
        return bool(_STARTS.match(line.text)) or (bool(_BULLET.fullmatch(first)) and len(line.words) > 1)

    def _hangs(self, group: _Group) -> bool:
        return group.lines[1].x0 > group.lines[0].x0 + 3

    def _first_width(self, line: Line) -> float:
        """Return the width of what could have stood on the line before: "§ 164.404" is never divided."""
        end = 1 if len(line.words[0].text) > 2 or len(line.words) == 1 else 2
        return line.words[end - 1].x1 - line.x0

    # -- headings -------------------------------------------------------------------------------------------

    def _settle_headings(self, parts: list[_Group | TableRow | Block]) -> None:
        groups = [part for part in parts if isinstance(part, _Group)]
        for group in groups:
            group.heading = all(map(self._styles.stands_out, group.lines)) and self._may_head(group)
        if not any(group.heading and _NUMBERED_HEADING.match(group.lines[0].text) for group in groups):
            for at, group in enumerate(groups):
                following = groups[at + 1] if at + 1 < len(groups) else None
                group.heading = group.heading or self._plain_heading(group, following)
        self._styles.rank([group.lines for group in groups if group.heading])

    def _may_head(self, group: _Group) -> bool:
        text = " ".join(line.text for line in group.lines)
        if len(text) > _MOST_HEADING or not re.search(r"[^\W\d_]", text):
            return False
        if group.lines[0].size > 1.2 * self._styles.body:
            return True
        numbered = bool(_STARTS.match(text))
        return len(group.lines) <= 4 and (numbered or text[-1] not in ".;:,") and not _CONTINUED.fullmatch(text)

    def _plain_heading(self, group: _Group, following: _Group | None) -> bool:
        """Tell a heading set like the text ("1. Storage") from an entry of a list: no next number follows at once."""
        line = group.lines[0]
        match = _NUMBERED_HEADING.match(line.text)
        if not match or len(group.lines) > 1 or line.x1 - line.left > 0.8 * (line.right - line.left) + 1:
            return False
        rival = _NUMBERED_HEADING.match(following.lines[0].text) if following else None
        return not (rival and rival.group(1).count(".") == match.group(1).count("."))

    # -- blocks ---------------------------------------------------------------------------------------------

    def _blocks(self, parts: Sequence[_Group | TableRow | Block]) -> list[Block]:
        blocks: list[Block] = []
        at = 0
        header: list[str] = []
        edges: tuple[int, ...] = ()
        within = False  # a table's column headings are repeated at the top of a page, whose rows have one cell each
        while at < len(parts):
            part = parts[at]
            if isinstance(part, Block):
                blocks.append(part)
            elif isinstance(part, _Group):
                text = self._join(part.lines)
                if header and text == " ".join(header):
                    within = True
                    self._leave_out("running heads", text)
                elif within and not part.heading and (cells := _only_cell(text, part.lines[0], edges)):
                    blocks.append(Block(table_row(header, cells), row=True, page=part.lines[0].page))
                else:
                    within = False
                    self._paragraph(part, text, blocks)
            else:
                end = at + 1
                while end < len(parts) and isinstance(row := parts[end], TableRow) and not row.new:
                    end += 1
                rows = [row for row in parts[at:end] if isinstance(row, TableRow)]
                if not _same_places(part.edges, edges):
                    header = []
                header, edges = self._table(rows, header, blocks), part.edges
                at = end - 1
            at += 1
        return blocks

    def _paragraph(self, group: _Group, text: str, blocks: list[Block]) -> None:
        first = group.lines[0]
        caption = _CAPTION_CONTINUED.fullmatch(text)
        if _CONTINUED.fullmatch(text) or (caption and any(block.text == caption.group(1) for block in blocks)):
            self._leave_out("running heads", text)
        elif group.heading:
            blocks.append(Block(text, level=self._styles.level(first), page=first.page))
        elif _BULLET.fullmatch(first.words[0].text) and len(first.words) > 1:
            blocks.append(Block(text[len(first.words[0].text) :].lstrip(), item=True, page=first.page))
        else:
            blocks.append(Block(text, page=first.page))

    def _join(self, lines: Sequence[Line]) -> str:
        text = ""
        for line in lines:
            text = self._vocabulary.join(text, line.text)
        return text

    def _note(self, mark: str, lines: list[Line], page: int) -> Block:
        return Block(f"Note {mark}: {self._join(lines)}", page=page)

    def _leave_out(self, what: str, text: str) -> None:
        self._left_out[what] = self._left_out.get(what, 0) + len(text)

    # -- tables ---------------------------------------------------------------------------------------------

    def _table(self, rows: list[TableRow], before: list[str], blocks: list[Block]) -> list[str]:
        """Add the rows of a table and return its column headings; `before` are those of the page before."""
        header = before
        top = 0  # the first row below repeated column headings
        for at, row in enumerate(rows):
            cells = [self._join(cell) for cell in row.cells]
            filled = [cell for cell in cells if cell]
            if filled and all(_CONTINUED.fullmatch(cell) for cell in filled):
                self._leave_out("running heads", " ".join(filled))
            elif at == 0 and cells == before:
                self._leave_out("running heads", " ".join(cells))
                top = 1
            elif at == 0 and self._is_header(rows, cells):
                header = cells
                blocks.append(Block(table_row([], cells), row=True, page=row.page))
            elif at == top and before and self._goes_on(cells, blocks, header):
                rest = [cells[0] and "", *cells[1:]]
                if any(rest):
                    blocks.append(Block(table_row(header, rest), row=True, page=row.page))
            else:
                blocks += [Block(text, row=True, page=row.page) for text in _row_texts(header, cells)]
        return header

    def _is_header(self, rows: list[TableRow], cells: list[str]) -> bool:
        """Tell column headings: set bold above plain rows, or short words above rows with numbers."""
        if len(rows) < 2 or not all(cells):
            return False
        first = [line for cell in rows[0].cells for line in cell]
        rest = [line for row in rows[1:] for cell in row.cells for line in cell]
        if all(line.bold for line in first):
            return not all(line.bold for line in rest)
        words = all(len(cell) <= 40 and not re.search(r"\d|[.;:]$", cell) for cell in cells)
        return len(cells) >= 3 and words and any(re.search(r"\d", line.text) for line in rest)

    def _goes_on(self, cells: list[str], blocks: list[Block], header: list[str]) -> bool:
        """Add the rest of a cell that the page's end cut off to the row that it belongs to, if it is one."""
        if not cells[0][:1].islower():
            return False
        head = f"{header[0]}: " if header and header[0] else ""
        for at in range(len(blocks) - 1, max(-1, len(blocks) - 40), -1):
            block = blocks[at]
            if block.row and block.text.startswith(head) and block.text[-1] not in _TERMINAL and "; " not in block.text:
                text = self._vocabulary.join(block.text, cells[0])
                blocks[at] = Block(text, row=True, page=block.page)
                return True
        return False


def _row_texts(header: list[str], cells: list[str]) -> list[str]:
    """Return a row as one text, or, where several of its cells have codes of their own, as one for each cell."""
    if sum(_CODE.match(cell) is not None for cell in cells) < 2:
        return [table_row(header, cells)]
    apart = [[cell if at == index else "" for index, cell in enumerate(cells)] for at in range(len(cells))]
    return [table_row(header, only) for only in apart if any(only)]


def _only_cell(text: str, line: Line, edges: tuple[int, ...]) -> list[str]:
    """Return the cells of a row of which only the one where `line` stands is filled; none if it crosses columns."""
    bounds = [0, *edges, 1_000_000]
    cells = [text if left - 3 <= line.x0 and line.x1 <= right + 3 else "" for left, right in pairwise(bounds)]
    return cells if any(cells) else []


def _same_places(edges: tuple[int, ...], others: tuple[int, ...]) -> bool:
    return len(edges) == len(others) and all(abs(a - b) <= 12 for a, b in zip(edges, others, strict=True))


def _follows(first: str, text: str) -> bool:
    """Tell whether `text` opens with the number after the one that `first` opens with: "(b)" after "(a)"."""
    one, two = _COUNTED.match(first), _COUNTED.match(text)
    if not (one and two and one.group(1, 3) == two.group(1, 3)):
        return False
    number, following = one.group(2), two.group(2)
    if number.isdigit() and following.isdigit():
        return int(following) == int(number) + 1
    return not number.isdigit() and not following.isdigit() and ord(following) == ord(number) + 1


def _indent(line: Line) -> float:
    return line.x0 - line.left
