"""UK legislation (legislation.gov.uk CLML XML): the words in force, with every provision where the file states it."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from pincite.domain.documents import ProvisionKind
from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, Opening, RawDocument
from pincite.ingest.readers.uk.citations import Citation, citation_of, item_marker, shown_number
from pincite.ingest.readers.uk.metadata import read_metadata
from pincite.ingest.readers.uk.words import Words, local_name

__all__ = ["read_clml"]

K = ProvisionKind

# Ranks of what the file nests; a provision becomes a child of the nearest open one of a smaller rank.
_TOP, _PREAMBLE, _RECITAL = 10, 90, 91
_CONTAINERS = {
    "GroupOfParts": (K.PART, 12), "EUTitle": (K.PART, 12), "Part": (K.PART, 13), "EUPart": (K.PART, 13),
    "Chapter": (K.CHAPTER, 15), "EUChapter": (K.CHAPTER, 15), "EUSection": (K.SECTION, 17),
    "EUSubsection": (K.SECTION, 18), "Pblock": (K.HEADING, 19), "PsubBlock": (K.HEADING, 20),
    "P2group": (K.HEADING, 28), "P3group": (K.HEADING, 33), "Division": (K.SECTION, 56),
}  # fmt: skip
_NUMBERED = {"P1": 25, "P2": 30, "P3": 35, "P4": 40, "P5": 45, "P6": 50, "P7": 55}
_ITEM = 60  # entries of lists nest below all numbered provisions
_SCHEDULES = {"Schedule", "Appendix", "EUAnnex"}
_PREAMBLES = {"EUPreamble", "PrimaryPreamble", "SecondaryPreamble"}
_NOTES = {"ExplanatoryNotes": "Explanatory Note", "EarlierOrders": "Earlier Orders"}
_SIGNED = {"SignedSection": "Signature"}
_LEFT_OUT = {
    "Metadata": "", "Commentaries": "amendment notes", "Contents": "table of contents", "ContentsSchedules": "",
    "Versions": "other versions of provisions", "MarginNotes": "margin notes", "Resources": "resources",
}  # fmt: skip
_LEAVES = {"Text", "LongTitle", "DateText", "IntroductoryText", "EnactingTextOmitted", "Formula", "Signatory"}
_QUOTED = {"BlockAmendment", "BlockExtract", "BlockText"}


def read_clml(data: bytes) -> RawDocument:
    """Read an act, statutory instrument or retained EU act as legislation.gov.uk publishes it.

    Amendment notes are counted, not read; repealed words that the file still prints are left out, with dots in
    their place; footnotes become notes at the end.

    Raises:
        DocumentError: if it is not well-formed or holds no provisions.
    """
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
        root = etree.fromstring(data, parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"not well-formed: {error}") from error
    metadata, warnings = read_metadata(root)
    walk = _Walk(root)
    try:
        for child in walk.words.elements(root):
            walk.element(child, 0)
    except RecursionError:
        raise DocumentError("elements nested too deeply; what is in them cannot be read") from None
    if not walk.blocks:
        raise DocumentError("the file holds no text of the legislation")
    return RawDocument(
        tuple(walk.blocks),
        metadata.get("title", ""),
        metadata,
        (*warnings, *walk.warnings()),
        stated=True,
        left_out=dict(walk.words.left_out),
    )


class _Walk:
    """Goes through the document in its order; what it opens waits for the first words, to share their line."""

    def __init__(self, root: Any) -> None:
        self.blocks: list[Block] = []
        self.words = Words(root)
        self._main = next((local_name(child) for child in self.words.elements(root) if child.tag), "")
        self._cited: list[Citation] = [Citation("", 0)]
        self._pending: list[Opening] = []
        self._quoted = 0
        self._schedule = Citation("", 0)
        self._not_in_force: list[str] = []
        self._pictures = 0

    def warnings(self) -> list[str]:
        found = list(self.words.warnings())
        if self._not_in_force:
            found.append(f"not yet in force, as the publisher says: {', '.join(self._not_in_force[:10])}")
        if self._pictures:
            found.append(f"{self._pictures} picture(s) and included document(s) not read")
        return found

    def element(self, element: Any, rank: int) -> None:
        """Read an element that stands in a provision of `rank`."""
        name = local_name(element)
        if name in _LEFT_OUT:
            self.words.leave_out(element, _LEFT_OUT[name])
        elif name in _LEAVES:
            self._text(element, rank)
        elif name in _QUOTED:
            self._quoted += 1
            self._inside(element, rank)
            self._quoted -= 1
        elif name in ("OrderedList", "UnorderedList", "KeyList"):
            self._list(element, rank)
        elif name in ("Tabular", "table"):
            self._table(element, rank)
        elif name in ("Figure", "Image", "IncludedDocument"):
            self._pictures += 1
        elif name == "Footnotes":
            self._footnotes(element)
        elif self._quoted or not self._opens(element, name, rank):
            self._inside(element, rank)

    def _inside(self, element: Any, rank: int) -> None:
        """Read an element that is only a frame, or one that this reader does not know: no word of it is lost."""
        if self.words.has_own_words(element):
            self._text(element, rank)
            return
        for child in self.words.elements(element):
            self.element(child, rank)

    def _opens(self, element: Any, name: str, rank: int) -> bool:
        """Read an element that is a provision, a division or a part with a name of its own; tell if it was one."""
        if name in _NUMBERED:
            self._numbered(element, name)
        elif name == "P1group":
            self._p1group(element, rank)
        elif name == "Division" and local_name(element.getparent()) == "EUPreamble":
            self._recital(element)
        elif name in _CONTAINERS:
            self._container(element, name, rank, *_CONTAINERS[name])
        elif name in _SCHEDULES:
            self._annex(element, name)
        elif name in _PREAMBLES:
            self._named(element, K.PREAMBLE, _PREAMBLE, "Preamble")
        elif name in _NOTES:
            self._named(element, K.NOTE, self._top(), _NOTES[name])
        elif name in _SIGNED:
            self._named(element, K.BLOCK, self._top(), _SIGNED[name])
        else:
            return False
        return True

    # -- blocks ------------------------------------------------------------------------------------------------

    def _emit(self, text: str, rank: int, *, row: bool = False, heads: bool = False) -> None:
        """Add a line; what waits to be opened opens with it, its markers in front."""
        markers = " ".join(opening.marker for opening in self._pending if opening.marker)
        text = f"{markers} {text}".strip()
        if text:
            self.blocks.append(
                Block(text, row=row, opens=tuple(self._pending), heads=heads, within=0 if self._pending else rank + 1)
            )
        self._pending.clear()

    def _text(self, element: Any, rank: int) -> None:
        words = self.words.of(element)
        if words:
            self._emit(words, rank)

    def _heading(self, element: Any | None, rank: int, note: str = "") -> None:
        words = self.words.of(element) if element is not None else ""
        if words or self._pending:
            self._emit(f"{words}{note}", rank, heads=bool(words))

    def _open(self, kind: ProvisionKind, number: str, rank: int, marker: str, label: str) -> None:
        # the space keeps the tree from making up a label where there is none
        self._pending.append(Opening(kind, number, rank, marker, label or " "))

    # -- provisions ----------------------------------------------------------------------------------------------

    def _top(self) -> int:
        """Return the rank of what ends everything before it, or everything before it in its schedule."""
        return _TOP + 1 if self._schedule.label else _TOP

    def _named(self, element: Any, kind: ProvisionKind, rank: int, label: str) -> None:
        self._open(kind, "", rank, "", label)
        self._inside(element, rank)
        self._pending.clear()

    def _recital(self, element: Any) -> None:
        """A recital has no heading: where the publisher marks its first sentences as a title, they are its words."""
        number = self.words.child(element, "Number")
        marker = self.words.of(number) if number is not None else ""
        plain = marker.strip("() .")
        self._open(K.RECITAL, plain, _RECITAL, marker, f"Recital {plain}")
        for child in self.words.elements(element):
            if local_name(child) == "Title":
                self._text(child, _RECITAL)
            elif child is not number:
                self.element(child, _RECITAL)
        self._finish(_RECITAL)

    def _container(self, element: Any, name: str, outer: int, kind: ProvisionKind, rank: int) -> None:
        rank = max(rank, min(outer + 1, _ITEM - 1)) if name == "Division" else rank  # these stand in one another
        number, title = self.words.child(element, "Number"), self.words.child(element, "Title")
        shown = self.words.of(number) if number is not None else ""
        plain = re.sub(r"^(?:part|chapter|title|section|group|rhan|pennod)\s+", "", shown, flags=re.I).strip(" .()")
        above = self._cited[-1]
        label = ""
        if shown and kind is not K.HEADING:
            word = {K.PART: "Title" if name == "EUTitle" else "Part", K.CHAPTER: "Chapter"}.get(kind, "Section")
            label = f"{self._schedule.label} {word} {plain}".strip()
            if name == "Division":
                label = f"{above.label}({plain})" if above.label else plain
        self._open(kind if label else K.HEADING, plain, rank, shown, label)
        note = self._status(element, label)
        if number is not None and title is not None and name.startswith("EU"):
            self._emit("", rank)  # the number stands on a line of its own
        self._heading(title, rank, note)
        if label and name == "Division":
            self._cited.append(Citation(label, rank))
        self._rest(element, rank, number, title)
        if label and name == "Division":
            self._cited.pop()

    def _annex(self, element: Any, name: str) -> None:
        number = self.words.child(element, "Number")
        block = self.words.child(element, "TitleBlock")
        shown = self.words.of(number) if number is not None else ""
        plain = re.sub(r"^(?:schedule|annex|appendix|atodlen)\s*", "", shown, flags=re.I).strip(" .()")
        word = "Annex" if re.match("annex", shown, re.I) else "Appendix" if name == "Appendix" else "Sch."
        schedule = Citation(f"{word} {plain}".strip() if shown else "Schedule", self._top())
        outer, self._schedule = self._schedule, schedule
        self._open(K.ANNEX, plain, schedule.rank, shown, schedule.label)
        self._emit("", schedule.rank)
        note = self._status(element, schedule.label)
        for child in self.words.elements(block) if block is not None else ():
            self._heading(child, schedule.rank, note)
            note = ""
        self._cited.append(schedule)
        self._rest(element, schedule.rank, number, block)
        self._cited.pop()
        self._schedule = outer

    def _p1group(self, element: Any, rank: int) -> None:
        """A title over one section is its heading; over several, it is a heading of its own."""
        title = self.words.child(element, "Title")
        numbered = [child for child in self.words.elements(element) if local_name(child) == "P1"]
        if len(numbered) != 1:
            self._open(K.HEADING, "", 23, "", "")
            self._heading(title, 23, self._status(element, ""))
            self._rest(element, 23, title)
            return
        for child in self.words.elements(element):
            if child is numbered[0]:
                self._numbered(child, "P1", title=title, status=element)
            elif child is not title:
                self.element(child, rank)

    def _numbered(self, element: Any, name: str, title: Any | None = None, status: Any | None = None) -> None:
        rank = _NUMBERED[name]
        number = self.words.child(element, "Pnumber")
        shown = shown_number(self.words.of(number) if number is not None else "", number, name, self._main)
        citation = citation_of(element, name, shown, self._cited, self._schedule, self._main)
        kind = citation.kind if name == "P1" else K.PARAGRAPH if name == "P2" else K.POINT
        self._open(kind, shown.strip("(). "), rank, shown, citation.label if shown else "")
        note = self._status(element, citation.label) or self._status(status, citation.label)
        if name == "P1" and title is not None:
            if re.search(r"[^\W\d_]{3}", shown):
                self._emit("", rank)  # "Article 5", its heading on the next line; "12A" shares its line with it
            self._heading(title, rank, note)
        elif note:
            self._emit(note.strip(), rank, heads=True)
        self._cited.append(Citation(citation.label, rank))
        self._rest(element, rank, number)
        self._cited.pop()
        self._finish(rank)

    def _rest(self, element: Any, rank: int, *done: Any) -> None:
        for child in self.words.elements(element):
            if all(child is not other for other in done):
                self.element(child, rank)

    def _finish(self, rank: int) -> None:
        """A provision of which nothing but its number is left keeps its line and its label."""
        if any(opening.marker and opening.rank >= rank for opening in self._pending):
            self._emit("", rank)

    def _status(self, element: Any | None, label: str) -> str:
        """Return what to add to the heading of a provision that is printed but not yet in force."""
        if element is None or element.get("Status") != "Prospective":
            return ""
        if label:
            self._not_in_force.append(label)
        return " [not yet in force]"

    # -- lists, tables, notes ------------------------------------------------------------------------------------

    def _list(self, element: Any, rank: int) -> None:
        """An entry with a number is a point; a definition gives its term to the label of the points below it."""
        below = max(_ITEM, rank + 1)
        for at, item in enumerate(self.words.elements(element), 1):
            if local_name(item) not in ("ListItem", "KeyListItem"):
                self.element(item, rank)
                continue
            marker = item_marker(element, item, at)
            if self._quoted:
                self._emit(marker, rank) if marker else None
                self._inside(item, rank)
                continue
            above = self._cited[-1].label
            term = self.words.term(item) if not marker else ""
            label = f"{above} “{term}”" if term else f"{above}({marker.strip('(). ')})" if marker else ""
            self._open(K.POINT, marker.strip("(). "), below, marker, label)
            self._cited.append(Citation(label or above, below))
            self._inside(item, below)
            self._cited.pop()
            self._finish(below)

    def _table(self, element: Any, rank: int) -> None:
        """Read a table row by row; what stands around its grid is text."""
        if local_name(element) != "table":
            for child in self.words.elements(element):
                self.element(child, rank)
            return
        for caption in element.iter("{*}caption"):
            self._text(caption, rank)
        for row in element.iter("{*}tr", "{*}row"):
            if next(row.iterancestors("{*}tr", "{*}row"), None) is None:  # a table in a cell is words of that cell
                text = " | ".join(filter(None, (self.words.of(cell) for cell in self.words.elements(row))))
                if text:
                    self._emit(text, rank, row=True)

    def _footnotes(self, element: Any) -> None:
        for at, note in enumerate(self.words.elements(element), 1):
            number = self.words.child(note, "Number")
            shown = (self.words.of(number) if number is not None else "").strip("(). ") or str(at)
            self._open(K.NOTE, shown, _TOP, "", f"Footnote {shown}")
            self._rest(note, _TOP, number)
            self._pending.clear()
