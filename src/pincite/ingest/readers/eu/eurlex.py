"""EUR-Lex HTML whose classes say what each line is: the Official Journal's layout and that of consolidated texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree

from pincite.domain.text import collapse
from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers.eu.act import MARKER, ActWriter, is_annex
from pincite.ingest.readers.eu.dates import iso_date
from pincite.ingest.readers.eu.grid import Cell, lines_of
from pincite.ingest.readers.eu.layout import (
    INLINE,
    LEFT_OUT,
    heads,
    is_grid,
    is_number_column,
    own_rows,
    point_number,
    role_of,
    span,
)
from pincite.ingest.readers.eu.notes import find_notes
from pincite.ingest.readers.trees import fold_entities, html_tree, local_name, words_of

__all__ = ["read_eurlex"]

_UNSEEN = {"script", "style", "head", "noscript", "template", "svg", "iframe", "col", "colgroup"}
_NAVIGATION = {"nav", "button", "select"}
# Consolidated texts mark what was amended: "►M1 words of the first amendment ◄".
_AMENDMENT_MARK = re.compile(r"[►▼] ?[A-Z]+\d* ?| ?◄")
_DIVISION_ID = re.compile(r"(?:^|\.)(prt|tis|cpt|sct|sbs)_([IVXLC]+|\d+)[a-z]?$")
_DIVISION_WORDS = {"prt": "part", "tis": "title", "cpt": "chapter", "sct": "section", "sbs": "subsection"}
_PARAGRAPH_ID = re.compile(r"\d{3,}[A-Z]*\.\d{3,}[A-Z]*")
_PARAGRAPH = re.compile(r"(\d{1,3}[a-z]{0,3}\.)(?:\s+|$)")
_RECITAL = re.compile(r"\(\d{1,3}[a-z]?\)")
_COLOPHON = re.compile(r"(?:ELI: https?://|ISSN \d{4}-)")


def read_eurlex(data: bytes) -> RawDocument:
    """Read it; where an article, recital, point or annex begins is stated by classes, ids and tables.

    Raises:
        DocumentError: if it is nested too deeply or holds no text.
    """
    root = html_tree(data)
    entities = fold_entities(root)
    reader = _Reader(root)
    reader.walk()
    warnings = (f"{entities} entity reference(s) not expanded",) if entities else ()
    raw = reader.writer.finish(_facts(root), (*warnings, *reader.warnings()))
    if not raw.blocks:
        raise DocumentError("no text found in the act")
    return raw


class _Reader:
    def __init__(self, root: Any) -> None:
        self.writer = ActWriter()
        body = root.find("body")
        self._top = root if body is None else body
        self._notes = find_notes(self._top)
        self._lost = 0
        self._buffer: list[str] = []
        self._roles: list[tuple[Any, str]] = []
        self._points: list[tuple[Any, bool]] = []  # elements that are a point, number and words; true for a recital
        self._numbers: set[Any] = set()  # elements that hold only a point's number
        self._annex = self._division = ""
        self._images = 0

    # -- the walk ------------------------------------------------------------------------------------------

    def walk(self) -> None:
        """Go through the body once, without recursion."""
        skipping: Any = None
        for event, element in etree.iterwalk(self._top, events=("start", "end", "comment", "pi")):
            if event == "start":
                if skipping is None and self._passes_over(element):
                    skipping = element
                elif skipping is None:
                    self._start(element)
                continue
            if skipping is element:
                skipping = None
            elif skipping is not None:
                continue
            elif event == "end":
                self._end(element)
            if element is not self._top:
                self._buffer.append(element.tail or "")
        self._flush()
        for note in self._notes.unused():
            self.writer.note(*note)

    def warnings(self) -> Iterator[str]:
        """Yield what could not be read."""
        if self._lost:
            yield f"{self._lost} footnote(s) are referred to, but not in the file"
        if self._images:
            yield f"{self._images} image(s) not read"

    def _passes_over(self, element: Any) -> bool:
        """Deal at once with what is not read line by line: navigation, notes, numbers of points, data tables."""
        name = local_name(element)
        if name in _UNSEEN or element in self._numbers or is_number_column(element):
            return True
        if name == "img":
            self._images += self.writer.zone != "title"  # the emblem at the head of the page is none
            return True
        if name in _NAVIGATION or element.get("id") in ("TOC", "banner"):
            self.writer.left_out["navigation"] += len(words_of(element))
            return True
        if name == "a" and (key := self._notes.key(element)):
            self._note_mark(element, key)
            return True
        if element in self._notes.elements:
            self._flush()
            self.writer.read_over(words_of(element))
            return True
        if name == "table" and is_grid(element):
            self._flush()
            for line in lines_of(self._rows(element)):
                self.writer.row(line)
            return True
        return False

    def _start(self, element: Any) -> None:
        name = local_name(element)
        if name in INLINE:
            self._buffer.append(element.text or "")
            return
        if name == "br":
            self._buffer.append(" ")
            return
        if not MARKER.match(collapse("".join(self._buffer))):  # "1." in an element of its own waits for its words
            self._flush()
        self._container(element.get("id") or "")
        if role := role_of(element):
            self._roles.append((element, role))
        number, marker = point_number(element)
        if number is not None:
            self._numbers.add(number)
            recital = self.writer.zone in ("title", "preamble") and not self._points and bool(_RECITAL.match(marker))
            self._points.append((element, recital))
            if recital:
                self.writer.recital(marker)
            else:
                self.writer.enter(marker)
        self._buffer.append(element.text or "")

    def _container(self, identifier: str) -> None:
        kind, _, number = identifier.partition("_")
        if kind == "pbl":
            self.writer.preamble()
        elif kind == "fnp":
            self.writer.final()
        elif kind == "anx" and "." not in number:
            self._annex = number or "?"
        elif division := _DIVISION_ID.search(identifier):
            self._division = f"{_DIVISION_WORDS[division.group(1)]} {division.group(2)}"

    def _end(self, element: Any) -> None:
        if local_name(element) in INLINE or local_name(element) == "br":
            return
        self._flush()
        if self._roles and self._roles[-1][0] is element:
            self._roles.pop()
        if self._points and self._points[-1][0] is element:
            if self._points.pop()[1]:
                self.writer.end_recital()
            else:
                self.writer.leave()
        elif _PARAGRAPH_ID.fullmatch(element.get("id") or "") or element.find("span[@class='no-parag']") is not None:
            self.writer.end_paragraph()

    # -- lines ---------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        text = self._without_marks(collapse("".join(self._buffer)))
        self._buffer.clear()
        if not text:
            return
        role = self._roles[-1][1] if self._roles else ""
        writer = self.writer
        if role in LEFT_OUT or _COLOPHON.match(text):
            writer.left_out[role or "publication data"] += len(text)
        elif role in ("title", "annex", "annex-heading"):
            self._title(text, role)
        elif self._points and role in ("article", "heading", "division"):
            writer.text(text)  # quoted: no article begins inside a point
        elif role == "article":
            writer.article(text, sure=True)
        elif role == "heading":
            writer.heading(text)
        elif role == "division":
            writer.division(text, named=self._division)
            self._division = ""
        elif role.startswith("group"):
            writer.group(text, int(role[5:]))
        else:
            if role == "final":
                writer.final()
            self._words(text)

    def _without_marks(self, text: str) -> str:
        found = _AMENDMENT_MARK.findall(text)
        self.writer.left_out["amendment mark"] += sum(map(len, found))
        return collapse(_AMENDMENT_MARK.sub("", text)) if found else text

    def _title(self, text: str, role: str) -> None:
        """Take a line in the type of titles: the act's own, an annex's or the annex's heading."""
        if self._annex or role == "annex" or self.writer.zone in ("enacting", "final") or is_annex(text):
            self.writer.annex(text, self._annex.strip("?"))
            self._annex = ""
        elif self.writer.zone == "annex":
            self.writer.heading(text)
        else:
            self.writer.title(text)

    def _words(self, text: str) -> None:
        writer = self.writer
        if not self._points and not writer.quoted:
            paragraph = _PARAGRAPH.match(text) if writer.zone == "enacting" else None
            recital = _RECITAL.match(text) if writer.zone == "preamble" else None
            if paragraph:
                writer.paragraph(paragraph.group(1))
                text = text[paragraph.end() :]
            elif recital:
                writer.recital(recital.group())
                writer.text(text[recital.end() :].lstrip())
                writer.end_recital()
                return
        if text:
            writer.text(text)

    def _note_mark(self, element: Any, key: str) -> None:
        """Take a note's mark out of the words, and the space before it where the sentence needs none."""
        after = (element.tail or "")[:1]
        if not after.isalnum():
            self._buffer[:] = ["".join(self._buffer).rstrip()]
        self.writer.left_out["note marks"] += len(words_of(element))
        note = self._notes.take(key)
        if note:
            self.writer.note(*note)
        elif not self._notes.known(key):
            self._lost += 1

    # -- tables --------------------------------------------------------------------------------------------

    def _rows(self, table: Any) -> Iterator[list[Cell]]:
        for row in own_rows(table):
            cells = [cell for cell in row if local_name(cell) in ("td", "th")]
            yield [Cell(self._cell(cell), span(cell, "colspan"), span(cell, "rowspan"), heads(cell)) for cell in cells]

    def _cell(self, cell: Any) -> str:
        """Return a cell's words, without the marks of notes."""
        outer, self._buffer = self._buffer, []
        skipping: Any = None
        for event, element in etree.iterwalk(cell, events=("start", "end")):
            if event == "start" and skipping is None:
                if local_name(element) == "a" and (key := self._notes.key(element)):
                    self._note_mark(element, key)
                    skipping = element
                else:
                    self._buffer += ["" if local_name(element) in INLINE else " ", element.text or ""]
            elif event == "end" and skipping in (None, element):
                skipping = None
                if element is not cell:
                    self._buffer += [element.tail or "", "" if local_name(element) in INLINE else " "]
        text = self._without_marks(collapse("".join(self._buffer)))
        self._buffer = outer
        return text


def _facts(root: Any) -> dict[str, str]:
    """Return what the file says of itself: CELEX number, address, Official Journal or day of consolidation."""
    said = dict.fromkeys(("hd-date", "hd-oj", "hd-coll", "hd-uniq", "reference"), "")
    for line in root.iter("p"):
        name = (line.get("class") or "").removeprefix("oj-")
        if name in said:
            said[name] = said[name] or words_of(line)
    links = [unquote(link.get("href") or "") for link in root.iter("link") if link.get("rel") == "canonical"]
    address = next(iter(links), "")
    celex = re.search(r"CELEX:([0-9A-Z()]+)", address)
    issue = [said["hd-oj"] or said["hd-coll"], said["hd-uniq"], said["hd-date"]]
    facts = {"source": address, "celex": celex.group(1) if celex else ""}
    if said["reference"]:
        number, *rest = (part.strip() for part in said["reference"].split("—"))
        day = next(filter(None, map(iso_date, rest)), "")
        return facts | {"celex": number, "version": f"consolidated text of {day}" if day else ""}
    return facts | {"version": "OJ " + ", ".join(filter(None, issue)) if any(issue) else ""}
