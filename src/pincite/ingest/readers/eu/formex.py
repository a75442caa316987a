"""Formex 4, the XML in which the Publications Office keeps EU acts (ACT, ANNEX) and consolidated ones (CONS.ACT)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from pincite.domain.text import collapse
from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers.eu.act import ActWriter
from pincite.ingest.readers.eu.dates import iso_date
from pincite.ingest.readers.eu.grid import Cell, lines_of
from pincite.ingest.readers.trees import fold_entities, local_name, words_of, xml_tree

__all__ = ["read_formex"]

_INLINE = {
    "ABBR", "ADDRESS", "BASE", "BR", "CITATION", "DATE", "EXPONENT", "EXPR", "FORMULA", "FT", "HT", "IE", "IND", "LINK",
    "NO.DOC.TXT", "QUOT.END", "QUOT.START", "REF.DOC", "REF.DOC.OJ",
    "REF.DOC.SE", "REF.DOC.ECR", "REF.NP", "REF.NP.ECR", "REF.CORE.METADATA", "TERM.REF",
}  # fmt: skip
_METADATA = {
    "BIB.INSTANCE", "BIB.INSTANCE.CONS", "BIB.DATA", "FAM.COMP", "GR.CORRIG", "GR.MOD.ACT", "INFO.CONSLEG", "INFO.PROD",
    "TOC",
}  # fmt: skip
_ACTS = {"ACT", "CONS.ACT", "CONS.DOC", "GENERAL", "ACT.GEN", "AGR"}
_ANNEXES = {"ANNEX", "CONS.ANNEX"}
_PARTS = ("PREAMBLE", "ENACTING.TERMS", "ARTICLE", "CONTENTS", "CONSID", "FINAL")
# Elements whose words are taken as one line, and what the line then is.
_LINES = {"TI", "STI", "TI.ART", "STI.ART", "NO.PARAG", "NO.P", "NO.ITEM", "NO.GR.SEQ"}


def read_formex(data: bytes) -> RawDocument:
    """Read it; every part of the act is an element of its own, so that nothing is guessed from words.

    Raises:
        DocumentError: if it is not well-formed, nested too deeply or holds no text.
    """
    root = xml_tree(data)
    entities = fold_entities(root)
    if next(root.iter(*_PARTS), None) is None:
        files = ", ".join(dict.fromkeys(str(ref.get("FILE")) for ref in root.iter() if ref.get("FILE")))
        raise DocumentError(
            "a Formex register without an act", hint=f"Add the files that it names: {files}" * bool(files)
        )
    reader = _Reader(root)
    reader.walk()
    warnings: tuple[str, ...] = (f"{entities} entity reference(s) not expanded",) if entities else ()
    unread = sum(1 for _ in root.iter("INCL.ELEMENT", "IMG.CNT", "OP.MATH", "OP.CMP"))
    warnings += (f"{unread} image(s) or formula sign(s) not read",) if unread else ()
    raw = reader.writer.finish(_facts(root), warnings)
    if not raw.title and local_name(root) in _ANNEXES:  # an annex that is a file of its own
        raw = replace(raw, title=_annex_title(root))
    if not raw.blocks:
        raise DocumentError("no text found in the act")
    return raw


class _Reader:
    def __init__(self, root: Any) -> None:
        self.writer = ActWriter(quotes_stated=True)
        self._root = root
        self._buffer: list[str] = []
        self._line: Any = None  # the element of `_LINES` that is being read
        self._groups = 0
        self._numbered: list[Any] = []  # open NP and ITEM elements that have a number
        self._notes = 0
        self._term = self._group_number = ""

    def walk(self) -> None:
        """Go through the tree once, without recursion."""
        skipping: Any = None
        for event, element in etree.iterwalk(self._root, events=("start", "end", "comment", "pi")):
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
            if element is not self._root:
                self._buffer.append(element.tail or "")
        self._flush()

    def _passes_over(self, element: Any) -> bool:
        """Deal at once with metadata, notes and tables."""
        name = local_name(element)
        if name in _METADATA:
            self.writer.left_out["metadata"] += len(words_of(element))
            return True
        if name == "NOTE":
            self._note(element)
            return True
        if name == "TBL":
            self._flush()
            self._table(element)
            return True
        return False

    def _start(self, element: Any) -> None:
        name = local_name(element)
        if name in _INLINE:
            self._buffer.append(_quotation_mark(element) or element.text or "")
            return
        if self._line is None:
            self._flush()
        else:
            self._buffer.append(" ")
        if name in _LINES and self._line is None:
            self._line = element
        self._buffer.append(element.text or "")
        if name == "PREAMBLE":
            self.writer.preamble()
        elif name == "FINAL":
            self.writer.final()
        elif name == "CONSID":
            if element.find("NP") is None:
                self.writer.recital("")
        elif name == "QUOT.S":
            self.writer.quote(True)
        elif name == "GR.SEQ":
            self._groups += 1
        elif name == "DEFINITION":
            self._buffer.insert(0, self._term)
            self._term = ""
        elif name == "ITEM" and element.find("NP") is None and element.find("NO.ITEM") is None:
            self._numbered.append(element)
            self.writer.enter("—")

    def _end(self, element: Any) -> None:
        name = local_name(element)
        if name in _INLINE:
            self._buffer.append(" " if name == "BR" else "")
            return
        if self._line is not None:
            if self._line is not element:
                self._buffer.append(" ")
                if name == "P" and local_name(self._line.getparent().getparent()) in _ACTS:
                    self._take_line(self._line)  # each line of the act's own title by itself
                return
            self._line = None
            self._take_line(element)
            return
        if name == "TERM":  # a list of definitions: the term stands on the line of its meaning
            self._term = f"{collapse(''.join(self._buffer))}{element.getparent().getparent().get('SEPARATOR') or ''} "
            self._buffer.clear()
        self._flush()
        if self._numbered and self._numbered[-1] is element:
            self._numbered.pop()
            self.writer.leave()
        if name == "PARAG":
            self.writer.end_paragraph()
        elif name == "CONSID":
            self.writer.end_recital()
        elif name == "QUOT.S":
            self.writer.quote(False)
        elif name == "GR.SEQ":
            self._groups -= 1

    def _take_line(self, element: Any) -> None:
        """Give the words of a number or heading to the part of the act that they belong to."""
        name = local_name(element)
        text = collapse("".join(self._buffer))
        self._buffer.clear()
        parent = element.getparent()
        writer = self.writer
        if name in ("NO.P", "NO.ITEM"):
            if local_name(parent.getparent()) == "CONSID":
                writer.recital(text)
            else:
                self._numbered.append(parent)
                writer.enter(text)
        elif not text:
            return
        elif name == "NO.GR.SEQ":
            self._group_number = f"{text} "
        elif name == "NO.PARAG":
            writer.paragraph(text)
        elif name == "TI.ART":
            writer.article(text)
        elif name == "STI.ART":
            writer.heading(text)
        else:
            self._title(element, parent.getparent() if local_name(parent) == "TITLE" else parent, text)

    def _title(self, element: Any, owner: Any, text: str) -> None:
        kind = local_name(owner)
        if kind in _ACTS:
            self.writer.title(text)
        elif local_name(element) == "STI":
            self.writer.heading(text)
        elif kind in _ANNEXES:
            self.writer.annex(text)
        elif kind == "DIVISION":
            self.writer.division(text, sum(local_name(above) == "DIVISION" for above in owner.iterancestors()) + 1)
        else:
            self.writer.group(f"{self._group_number}{text}", max(1, self._groups))
            self._group_number = ""

    def _flush(self) -> None:
        text = collapse("".join(self._buffer))
        self._buffer.clear()
        if text:
            self.writer.text(text)

    # -- notes and tables ----------------------------------------------------------------------------------

    def _note(self, element: Any) -> None:
        """Keep a note for the end of its article; notes are numbered as they come, as in print."""
        after = (element.tail or "")[:1]
        if not after.isalnum():
            self._buffer[:] = ["".join(self._buffer).rstrip()]
        text = _marked_words(element)
        if not text:
            return  # a further reference to a note that stands elsewhere
        star = element.get("NUMBERING") == "STAR"
        self._notes += 0 if star else 1
        self.writer.note("(*)" if star else f"({self._notes})", text)

    def _table(self, table: Any) -> None:
        """Add a table: its title and other words around the rows, the rows, its notes."""
        for part in table.iterchildren():
            if local_name(part) == "CORPUS":
                for line in lines_of(self._rows(table, part)):
                    self.writer.row(line)
            elif local_name(part) == "GR.NOTES":
                for note in part.iter("NOTE"):
                    self._note(note)
            elif words := _marked_words(part):
                self.writer.text(words)

    def _rows(self, table: Any, corpus: Any) -> Iterator[list[Cell]]:
        for row in corpus.iter("ROW", "TI.BLK", "STI.BLK"):
            if next(row.iterancestors("TBL")) is not table:
                continue  # of a table inside a cell, whose words are the cell's
            cells = list(row.iterchildren("CELL")) or [row]
            heads = row.get("TYPE") == "HEADER"
            for note in row.iter("NOTE"):
                self._note(note)
            yield [
                Cell(
                    _marked_words(cell),
                    _span(cell, "COLSPAN"),
                    _span(cell, "ROWSPAN"),
                    heads or cell.get("TYPE") == "HEADER",
                )
                for cell in cells
            ]


def _marked_words(element: Any) -> str:
    """Return an element's words with their quotation marks, without the notes inside it."""
    parts: list[str] = []
    skipping: Any = None
    for event, inner in etree.iterwalk(element, events=("start", "end", "comment", "pi")):
        space = "" if local_name(inner) in _INLINE else " "
        if event == "start" and skipping is None:
            if local_name(inner) == "NOTE" and inner is not element:
                skipping = inner
            else:
                parts += [space, _quotation_mark(inner) or inner.text or ""]
        elif event != "start" and skipping in (None, inner):
            skipping = None
            if inner is not element:
                parts += [space if event == "end" else "", inner.tail or ""]
    return collapse("".join(parts))


def _quotation_mark(element: Any) -> str:
    """Return the character that a QUOT.START or QUOT.END stands for."""
    usual = {"QUOT.START": "‘", "QUOT.END": "’"}.get(local_name(element), "")
    code = element.get("CODE") or ""
    return chr(int(code, 16)) if usual and re.fullmatch(r"[0-9A-Fa-f]{4}", code) else usual


def _span(cell: Any, name: str) -> int:
    value = cell.get(name) or "1"
    return int(value) if re.fullmatch(r"\d{1,4}", value) else 1


def _annex_title(root: Any) -> str:
    """Return "ANNEX I to 2031/7 – Trees": an annex's own title, and the number of its act if the file states it."""
    lines = [line for line in map(words_of, root.iterfind("TITLE/*")) if line]
    number = [
        words_of(part) for name in ("YEAR", "NO.CURRENT") for part in root.iterfind(f"BIB.INSTANCE/NO.DOC/{name}")
    ]
    if lines and len(number) == 2:
        lines[0] += f" to {'/'.join(number)}"
    return " – ".join(lines)


def _facts(root: Any) -> dict[str, str]:
    """Return what the file says of itself: CELEX number, issue of the Official Journal or day of consolidation."""
    celex = next((words_of(number) for number in root.iter("NO.CELEX")), "")
    for info in root.iter("INFO.CONSLEG"):
        day = iso_date(info.get("CONSLEG.DATE") or "")
        return {"celex": celex, "version": f"consolidated text of {day}" if day else ""}
    for issue in root.iter("DOCUMENT.REF"):
        parts = [words_of(found) for name in ("COLL", "NO.OJ") if (found := issue.find(name)) is not None]
        numbers = [words_of(found) for name in ("YEAR", "NO.CURRENT") for found in issue.iterfind(f"NO.DOC/{name}")]
        year = issue.findtext("YEAR") or "/".join(numbers)
        return {"celex": celex, "version": f"OJ {' '.join(parts)}, {year}" if parts and year else ""}
    return {"celex": celex}
