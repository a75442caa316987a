"""EUR-Lex HTML whose classes say what each line is: the Official Journal's layout and that of consolidated texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree

from pincite.errors import DocumentError
from pincite.domain.text import collapse
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers.eu_act import MARKER, ActWriter, is_annex
from pincite.ingest.readers.eu_dates import iso_date
from pincite.ingest.readers.eurlex_notes import find_notes
from pincite.ingest.readers.grid import Cell, lines_of
from pincite.ingest.readers.trees import fold_entities, html_tree, local_name, words_of

__all__ = ["read_eurlex"]

_INLINE = {
    "a", "abbr", "b", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small", "span",
    "strong", "sub", "sup", "tt", "u", "var", "wbr",
}  # fmt: skip
_UNSEEN = {"script", "style", "head", "noscript", "template", "svg", "iframe", "col", "colgroup"}
_NAVIGATION = {"nav", "button", "select"}
# What a line's class says it is; classes of the Official Journal are read without their "oj-".
_ROLES = {
    "doc-ti": "title",
    "title-doc-first": "title",
    "title-doc-last": "title",
    "title-annex-1": "annex",
    "title-annex-2": "annex-heading",
    "ti-art": "article",
    "title-article-norm": "article",
    "sti-art": "heading",
    "stitle-article-norm": "heading",
    "ti-section-1": "division",
    "ti-section-2": "heading",
    "title-division-1": "division",
    "title-division-2": "heading",
    "signatory": "final",
    "final": "final",
    "note": "note",
    "footnote": "note",
    "hd-date": "running head",
    "hd-lg": "running head",
    "hd-ti": "running head",
    "hd-oj": "running head",
    "hd-coll": "running head",
    "hd-uniq": "running head",
    "reference": "running head",
    "disclaimer": "editorial note",
    "hd-modifiers": "editorial note",
    "modref": "amendment mark",
    "arrow": "amendment mark",
    "title-fam-member": "editorial note",
    "title-fam-member-ref": "editorial note",
    "title-doc-oj-reference": "editorial note",
}
_GROUP = re.compile(r"(?:ti-grseq|title-gr-seq-level)-(\d)")
_LEFT_OUT = {"running head", "editorial note", "amendment mark"}
_POINT_CLASSES = {"grid-container", "oj-enumeration-spacing", "enumeration-spacing"}
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
        self._annex = ""

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

    def _passes_over(self, element: Any) -> bool:
        """Deal at once with what is not read line by line: navigation, notes, numbers of points, data tables."""
        name = local_name(element)
        if name in _UNSEEN or element in self._numbers:
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
        if name == "table" and _is_grid(element):
            self._flush()
            for line in lines_of(self._rows(element)):
                self.writer.row(line)
            return True
        return False

    def _start(self, element: Any) -> None:
        name = local_name(element)
        if name in _INLINE:
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
        if marker := self._marker(element):
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

    def _end(self, element: Any) -> None:
        if local_name(element) in _INLINE or local_name(element) == "br":
            return
        self._flush()
        if self._roles and self._roles[-1][0] is element:
            self._roles.pop()
        if self._points and self._points[-1][0] is element:
            if self._points.pop()[1]:
                self.writer.end_recital()
            else:
                self.writer.leave()
        elif _PARAGRAPH_ID.fullmatch(element.get("id") or ""):
            self.writer.end_paragraph()

    def _marker(self, element: Any) -> str:
        """Return the number or dash of the point that an element is, "" if it is none; the number is passed over."""
        if local_name(element) != "tr" and not _POINT_CLASSES & set((element.get("class") or "").split()):
            return ""
        filled = [child for child in element if isinstance(child.tag, str) and _begins(child)]
        if len(filled) < 2 or not MARKER.match(_begins(filled[0])):
            return ""
        self._numbers.add(filled[0])
        return _begins(filled[0])

    # -- lines ---------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        text = collapse("".join(self._buffer))
        self._buffer.clear()
        if not text:
            return
        role = self._roles[-1][1] if self._roles else ""
        writer = self.writer
        if role in _LEFT_OUT or _COLOPHON.match(text):
            writer.left_out[role or "publication data"] += len(text)
        elif role == "title":
            self._title(text)
        elif role == "article":
            writer.article(text, sure=not self._points)
        elif role == "heading":
            writer.heading(text)
        elif role == "division":
            writer.division(text)
        elif role.startswith("group"):
            writer.group(text, int(role[5:]))
        else:
            if role == "final":
                writer.final()
            self._words(text)

    def _title(self, text: str) -> None:
        """Take a line in the type of titles: the act's own, an annex's or the annex's heading."""
        if self._annex or self.writer.zone in ("enacting", "final") or is_annex(text):
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
        for row in _own_rows(table):
            cells = [cell for cell in row if local_name(cell) in ("td", "th")]
            yield [Cell(self._cell(cell), _span(cell, "colspan"), _span(cell, "rowspan"), _heads(cell)) for cell in cells]

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
                    self._buffer += ["" if local_name(element) in _INLINE else " ", element.text or ""]
            elif event == "end" and skipping in (None, element):
                skipping = None
                if element is not cell:
                    self._buffer += [element.tail or "", "" if local_name(element) in _INLINE else " "]
        text = collapse("".join(self._buffer))
        self._buffer = outer
        return text


def role_of(element: Any) -> str:
    """Return what an element's class says it is."""
    for name in (element.get("class") or "").split():
        name = name.removeprefix("oj-")
        if group := _GROUP.fullmatch(name):
            return f"group{group.group(1)}"
        if name in _ROLES:
            return _ROLES[name]
    return ""


def _begins(element: Any, most: int = 24) -> str:
    """Return an element's words if they are few, else their beginning."""
    found = ""
    for part in element.itertext():
        found = f"{found}{part}".lstrip() if part.strip() or found else ""
        if len(found) > most:
            break
    return collapse(found)


def _own_rows(table: Any) -> list[Any]:
    rows = []
    for child in table:
        if local_name(child) == "tr":
            rows.append(child)
        elif local_name(child) in ("tbody", "thead", "tfoot"):
            rows += [row for row in child if local_name(row) == "tr"]
    return rows


def _is_grid(table: Any) -> bool:
    """Tell a table of data from those that only set the number of a point before its words."""
    if "oj-table" in (table.get("class") or "").split():
        return True
    rows = [[cell for cell in row if isinstance(cell.tag, str) and _begins(cell)] for row in _own_rows(table)]
    laid_out = all(len(row) < 2 or (len(row) == 2 and MARKER.match(_begins(row[0]))) for row in rows)
    return not laid_out and not any(role_of(part) in _LEFT_OUT for part in table.iter("p"))


def _heads(cell: Any) -> bool:
    if local_name(cell) == "th":
        return True
    lines = [line for line in cell.iter("p") if _begins(line)]
    return bool(lines) and all("tbl-hdr" in (line.get("class") or "") for line in lines)


def _span(cell: Any, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return int(value) if re.fullmatch(r"\d{1,4}", value) else 1


def _facts(root: Any) -> dict[str, str]:
    """Return what the file says of itself: CELEX number, address, issue of the Official Journal or day of consolidation."""
    said = {role: "" for role in ("hd-date", "hd-oj", "hd-coll", "hd-uniq", "reference")}
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
