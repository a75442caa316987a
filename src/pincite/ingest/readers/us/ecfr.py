"""The Code of Federal Regulations as eCFR XML: parts, subparts and sections as stated, paragraphs by their markers."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from pincite.domain.documents import ProvisionKind
from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, Opening, RawDocument
from pincite.ingest.readers.us.markers import Levels, Marker, leading_marker

__all__ = ["read_ecfr"]

K = ProvisionKind

_RANKS = {1: 2, 2: 3, 3: 4, 4: 5, 5: 10, 6: 12, 7: 14, 8: 20, 9: 20}  # by the number in DIV1 … DIV9
# (a) of a section; each level below it is one greater. A definition stands below (a), its own points below it.
_PARAGRAPH, _DEFINITION, _DEFINED = 30, 31, 41
_DEFINES = re.compile(
    "\ue000([^\ue001]{2,120})\ue001[,:]?(?: \\([^)]*\\))?,? (?:means?|has the (?:same )?meaning|includes?)\\b"
)
_TERM = re.compile("\ue000([^\ue001]{2,120})\ue001")
_COMING = 60  # paragraphs to look ahead
_INLINE = {"I", "E", "B", "SU", "SUP", "SUB", "FR", "AC", "a", "A", "em", "strong", "sup", "sub", "i", "b", "PSPACE"}
_ITALIC = {"I", "em", "i"}
_PARAGRAPHS = {"P", "FP", "p"}
# what editors add to a part or section: kept as notes, so that no words of theirs are taken for the rule's
_NOTES = {
    "AUTH": "authority", "SOURCE": "source", "CITA": "history", "SECAUTH": "authority", "EDNOTE": "editorial note",
    "EFFDNOT": "effective date note", "EFFDNOTP": "effective date note", "FTNT": "footnote", "APPRO": "approval",
    "CROSSREF": "cross-reference", "PARAUTH": "authority", "EFTNT": "footnote", "XREF": "amendment to come",
}  # fmt: skip
_QUOTED = {"EXTRACT", "EXAMPLE", "NOTE", "NOTES", "MATH", "BOXTXT", "DIV", "LDRWK"}
_NO_TEXT = {"CFRTOC": "table of contents", "TOC": "table of contents", "HEADER": "file header"}
_DIVISION = re.compile(r"DIV([1-9])")
_START, _END = "\ue000", "\ue001"  # stand around italics while markers are looked for; never stored


def read_ecfr(data: bytes) -> RawDocument:
    """Read a title, part or section as the eCFR gives it; citations and notes of the editors become notes.

    Raises:
        DocumentError: if it is not well-formed or holds no part or section.
    """
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
        root = etree.fromstring(data, parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"not well-formed: {error}") from error
    walk = _Walk()
    try:
        walk.element(root, 0)
    except RecursionError:
        raise DocumentError("elements nested too deeply; what is in them cannot be read") from None
    if not any(block.opens for block in walk.blocks):
        raise DocumentError("the file holds no part or section of the Code of Federal Regulations")
    title = walk.title()
    # "45 CFR PART 164—SECURITY AND PRIVACY" goes by the words before the dash
    metadata = {"kind": "law", "title": title, "uri": re.split(r"\s*[—–]", title)[0]} if title else {"kind": "law"}
    warnings = tuple(walk.warnings())
    return RawDocument(tuple(walk.blocks), title, metadata, warnings, stated=True, left_out=dict(walk.left_out))


class _Walk:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.left_out: Counter[str] = Counter()
        self.pictures = 0
        self._titles: dict[int, list[str]] = {}
        self._level = 0  # of the division: 5 a part, 8 a section, 9 an appendix; 0 in quotations
        self._label = ""  # of the part, section or appendix
        self._section: Levels | None = None  # None outside sections and in quotations: no marker opens anything there
        self._definition = ""  # label of the definition that is open
        self._defined = Levels()
        self._defines = False  # the section is one of definitions
        self._stays = False  # a quotation or table that belongs to the paragraph before it
        self._coming: list[str] = []
        self._to_come: list[str] = []  # labels of what has them
        self._held: list[Block] | None = None  # notes of the section that is open

    def warnings(self) -> Iterator[str]:
        """Yield what could not be read, and what is to change."""
        if self.pictures:
            yield f"{self.pictures} picture(s) not read"
        if self._to_come:
            yield f"amendments are published that this text does not have yet: {', '.join(self._to_come[:10])}"

    def title(self) -> str:
        """Return the name of what the file holds, "45 CFR PART 164—SECURITY AND PRIVACY", or ""."""
        for level in (1, 2, 3, 4, 5, 8):
            found = self._titles.get(level, [])
            if len(found) == 1:
                return found[0]
        return ""

    def element(self, element: Any, rank: int) -> None:
        name = _name(element)
        level = _DIVISION.fullmatch(name)
        if level:
            self._division(element, int(level.group(1)))
        elif name in _NO_TEXT:
            self.left_out[_NO_TEXT[name]] += len(_words(element))
        elif name in _NOTES:
            self._note(element, name, rank)
        elif name in _QUOTED:
            outer = self._level, self._section, self._stays
            self._level, self._section, self._stays = 0, None, self._is_announced()
            self._children(element, rank)
            self._level, self._section, self._stays = outer
        elif name in _PARAGRAPHS or name.startswith(("FP", "P-")):
            self._paragraph(_words(element, marked=True), rank)
        elif re.fullmatch(r"HD[1-9]|HED|HEAD", name):
            self._heading(element, name, rank)
        elif name.lower() == "table" or name == "GPOTABLE":
            outer_stays, self._stays = self._stays, self._stays or self._is_announced()
            self._table(element, rank)
            self._stays = outer_stays
        elif name.lower() in ("img", "gid"):
            self.pictures += 1
        elif name in _INLINE or (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            self._text(_words(element), rank)
        else:
            self._children(element, rank)

    def _children(self, element: Any, rank: int, head: Any | None = None) -> None:
        """Read what stands in an element but its heading, words between its elements included."""
        markers = [
            leading_marker(_words(child, marked=True)) if _name(child) in _PARAGRAPHS else None for child in element
        ]
        self._text(_plain(_harmless(element.text)), rank)
        for at, child in enumerate(element, 1):
            self._coming = [marker.number for marker in markers[at : at + _COMING] if marker]
            if child is not head and isinstance(child.tag, str):
                self.element(child, rank)
            self._text(_plain(_harmless(child.tail)), rank)

    def _text(self, text: str, rank: int, *, row: bool = False, opens: Sequence[Opening] = ()) -> None:
        if text:
            stays = bool(opens) or self._stays or self._is_announced()
            self.blocks.append(Block(text, row=row, opens=tuple(opens), within=0 if stays else rank + 1))

    def _is_announced(self) -> bool:
        """Tell whether the words before say that more follows ("The fees are:"): it then belongs to their paragraph."""
        return bool(self.blocks) and not self.blocks[-1].heads and self.blocks[-1].text.endswith((":", "—"))

    # -- divisions -------------------------------------------------------------------------------------------------

    def _division(self, element: Any, level: int) -> None:
        rank = _RANKS[level]
        head = next((child for child in element if _name(child) == "HEAD"), None)
        shown = _words(head) if head is not None else ""
        self._titles.setdefault(level, []).append(f"{_title_of(element)} {shown}".strip() if level > 1 else shown)
        opening = self._opening(element, level, rank, shown)
        self.blocks.append(Block(shown or opening.label, opens=(opening,), heads=True))
        outer = self._level, self._label, self._section, self._definition, self._defines, self._held
        self._level, self._label, self._definition = level, opening.label.strip(), ""
        self._section = Levels() if level == 8 else None
        self._defines = "efinition" in shown
        self._held = [] if level >= 8 else None
        self._children(element, rank, head)
        self.blocks += self._held or ()
        self._level, self._label, self._section, self._definition, self._defines, self._held = outer

    def _opening(self, element: Any, level: int, rank: int, shown: str) -> Opening:
        number = " ".join((element.get("N") or "").split())
        if level == 8:
            plain = number.lstrip("§ ")
            marker = re.match(
                rf"§+\s*(?:{re.escape(plain) or '[^ ]+'})(?:\s*(?:[-–—]|through|and)\s*§?\s*\d[\w.\-]*)?", shown
            )
            plain = plain or (marker.group().lstrip("§ ") if marker else "")
            return Opening(K.ARTICLE, plain, rank, marker.group() if marker else "", f"§ {plain}" if plain else " ")
        if level == 9:
            return Opening(K.ANNEX, number, rank, "", number or shown)
        word = {1: "Title", 2: "Subtitle", 3: "Chapter", 4: "Subchapter", 5: "Part", 6: "Subpart"}.get(level, "")
        if not word or not number:
            return Opening(K.HEADING, "", rank, "", " ")
        if level == 1 and (stated := re.match(r"Title\s+(\d+)", shown, re.I)):
            number = stated.group(1)  # N is the number of the volume
        plain = re.sub(rf"^{word}\s+", "", number, flags=re.I)
        marker = re.match(rf"{word}\s+{re.escape(plain)}\s*[-–—]*\s*", shown, re.I)
        tree_kind = K.CHAPTER if level in (3, 4) else K.PART
        return Opening(tree_kind, plain, rank, marker.group().strip() if marker else "", f"{word} {plain}")

    # -- blocks ------------------------------------------------------------------------------------------------------

    def _heading(self, element: Any, name: str, rank: int) -> None:
        text = _words(element)
        if self._level != 9 or not text:
            self._text(text, rank)
            return
        depth = 21 + (int(name[-1]) if name[-1].isdigit() else 0)
        self.blocks.append(Block(text, opens=(Opening(K.HEADING, "", depth, "", " "),), heads=True))

    def _paragraph(self, marked: str, rank: int) -> None:
        """Open a paragraph for each marker: "(b)(1) …" two, "(a) Standard. (1) …" two on two lines."""
        opens: list[Opening] = []
        shown: list[str] = []
        if self._section and not leading_marker(marked) and (term := self._term_of(marked)):
            self._section.close_from(1)
            self._definition, self._defined = f"{self._label}{self._section.path} “{term}”", Levels()
            opens.append(Opening(K.POINT, "", _DEFINITION, "", self._definition))
            marked = self._after_title(marked, opens, shown, self._defined)
        while self._section and (marker := leading_marker(marked)):
            levels = self._levels_for(marker)
            level, path = levels.place(marker, self._coming, chained=bool(shown))
            base, top = (self._definition, _DEFINED) if levels is self._defined else (self._label, _PARAGRAPH)
            shown.append(_plain(marked[: marker.length]))
            kind = K.POINT if level or levels is self._defined else K.PARAGRAPH
            opens.append(Opening(kind, marker.number, top + level, shown[-1], base + path))
            marked = self._after_title(marked[marker.length :], opens, shown, levels)
        self._text(f"{' '.join(shown)} {_plain(marked)}".strip(), rank, opens=opens)

    def _after_title(self, marked: str, opens: list[Opening], shown: list[str], levels: Levels) -> str:
        """Give a title in italics that another marker follows a line of its own; return the words after it."""
        title = re.match(rf"\s*{_START}[^{_END}]{{2,250}}{_END}[.:—–-]*\s*(?=\()", marked)
        if not title or not levels.begins(leading_marker(marked[title.end() :])):
            return marked
        self._text(f"{' '.join(shown)} {_plain(title.group())}".strip(), 0, opens=opens)
        opens.clear()
        shown.clear()
        return marked[title.end() :]

    def _levels_for(self, marker: Marker) -> Levels:
        """A marker below a definition belongs to it, unless only the section goes on with it."""
        assert self._section is not None
        if not self._definition:
            return self._section
        goes_on = self._section.awaits(marker) or (not self._section.path and marker.number == "a")
        if goes_on and not self._defined.awaits(marker):
            self._definition = ""
            return self._section
        return self._defined

    def _term_of(self, marked: str) -> str:
        found = _DEFINES.match(marked) or (_TERM.match(marked) if self._defines else None)
        return _plain(found.group(1)).strip(" .,:;—–-") if found else ""

    def _note(self, element: Any, name: str, rank: int) -> None:
        """Keep a note: of a section behind its words, of a part where it stands, ended by the division after it."""
        text = _words(element)
        if not text:
            return
        if name == "XREF" and self._label not in self._to_come:
            self._to_come.append(self._label)
        following = next(
            (_RANKS[int(_name(e)[3:])] for e in element.itersiblings() if _DIVISION.fullmatch(_name(e))), 0
        )
        opening = Opening(K.NOTE, "", following or rank + 1, "", f"{self._label} {_NOTES[name]}".strip())
        if self._held is None:
            self._text(text, rank, opens=(opening,))
        else:
            self._held.append(Block(text, opens=(opening,)))

    def _table(self, element: Any, rank: int) -> None:
        for part in element.iter("TTITLE", "caption", "CAPTION"):
            self._text(_words(part), rank)
        heads = [_words(cell) for cell in element.iter("CHED")]
        self._text(" | ".join(filter(None, heads)), rank, row=True)
        for row in element.iter("TR", "tr", "ROW"):
            if next(row.iterancestors("TR", "tr", "ROW"), None) is not None:
                continue  # a table in a cell is words of that cell
            cells = [_words(cell) for cell in row if isinstance(cell.tag, str)]
            self._text(" | ".join(filter(None, cells)), rank, row=True)
        for foot in element.iter("TNOTE", "TDESC"):
            self._text(_words(foot), rank)


def _title_of(element: Any) -> str:
    """Return "45 CFR" for a division of title 45: the interface says it in one way, the bulk files in another."""
    cited = re.search(r'"citation"\s*:\s*"(\d+ CFR)\b', html.unescape(element.get("hierarchy_metadata") or ""))
    node = re.match(r"\d+(?=:)", element.get("NODE") or "")
    return cited.group(1) if cited else f"{node.group()} CFR" if node else ""


def _name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _plain(marked: str) -> str:
    return " ".join(marked.replace(_START, "").replace(_END, "").split())


def _words(element: Any, *, marked: bool = False) -> str:
    """Return an element's words on one line; with `marked`, italics stand between signs of their own."""
    text = " ".join("".join(_parts(element)).split())
    return text if marked else _plain(text)


def _parts(element: Any) -> Iterator[str]:
    yield _harmless(element.text)
    for child in element:
        if child.tag is etree.Entity:
            yield str(child.text)
        elif isinstance(child.tag, str):
            name = _name(child)
            italic = name in _ITALIC or (name == "E" and child.get("T") == "03")
            gap = "" if name in _INLINE else " "
            yield gap + (_START if italic else "")
            yield from _parts(child)
            yield (_END if italic else "") + gap
        yield _harmless(child.tail)


def _harmless(text: str | None) -> str:
    return re.sub(f"[{_START}{_END}]", "\N{REPLACEMENT CHARACTER}", text or "")
