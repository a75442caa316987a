"""The parts of an EU act (recitals, chapters, articles, points, annexes, notes) as blocks, whatever their form."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from pincite.domain.documents import ProvisionKind
from pincite.ingest.blocks import Block, Opening, RawDocument
from pincite.ingest.readers.eu.dates import applies_from
from pincite.ingest.readers.eu.quotes import Quotation

__all__ = ["MARKER", "ActWriter", "is_annex", "is_closing", "is_division"]

K = ProvisionKind

# Depths in the tree. Annexes and the closing formula end every chapter; the first article ends the preamble.
_TOP, _GROUP, _ARTICLE, _PREAMBLE, _RECITAL, _PARAGRAPH, _POINT = 10, 18, 25, 25, 26, 30, 40
_DIVISIONS = {
    "part": (K.PART, 11),
    "title": (K.PART, 12),
    "chapter": (K.CHAPTER, 13),
    "section": (K.SECTION, 15),
    "subsection": (K.SECTION, 16),
}
_NUMERAL = r"(?:[IVXLC]+|\d{1,3}|[A-Z])[a-z]{0,2}|one|two|three|four|five|six|seven"
_DIVISION = re.compile(rf"(part|title|chapter|section|subsection) ({_NUMERAL})(?![\w(])[\s.:–—-]*", re.I)
_ANNEX = re.compile(r"annex(?: ((?:[IVXLC]+|\d{1,2}|[A-Z])[a-z]?))?(?![\w(])[\s.:–—-]*", re.I)
_NAMED_GROUP = re.compile(r"[A-Z][a-z]+ (?:[IVXLC]+|\d{1,2}|[A-Z])")
_CLOSING = re.compile(
    r"This (?:Regulation|Directive|Decision) shall be binding in its entirety|Done (?:at|in) [^.;:]{3,40} \d{4}\.?$"
)
MARKER = re.compile(
    r"[‘“„«]? ?(?:\(?\*?(?:[A-Za-z]{1,5}|\d{1,3}[a-z]{0,3})\)|(?:\d{1,3}\.)*\d{1,3}[a-z]{0,2}\.|\d{1,3}(?:\.\d{1,3})+"
    r"|[A-Z]\.|[ivxIVX]{1,5}\.|[—–•·-])$"
)
"""A number, letter or dash that stands alone before the words of a point; a quotation mark may open it."""


@dataclass(slots=True)
class _Open:
    rank: int
    label: str
    number: str = ""
    cites: bool = False  # its label is the beginning of its points' labels


class ActWriter:
    """Takes the parts of an act in reading order and keeps what they mean for pin-cites: depth, label, notes.

    Args:
        quotes_stated: the source marks quoted provisions (`quote`), so that quotation marks need not be followed.
    """

    def __init__(self, *, quotes_stated: bool = False) -> None:
        self.blocks: list[Block] = []
        self.left_out: Counter[str] = Counter()
        self.titles: list[str] = []
        self.zone = "title"  # then preamble, enacting, final, annex
        self.effective = ""
        self._open: list[_Open] = []
        self._frames: list[bool] = []
        self._pending: list[Opening] = []
        self._prefix: list[str] = []
        self._in_paragraph = False
        self._points: set[str] = set()
        self._subparagraph = 0  # of the open article or paragraph
        self._list = 0  # the subparagraph whose points must be told from those of one before it
        self._recitals = 0
        self._announced: Block | None = None
        self._notes: list[tuple[str, str, str]] = []
        self._quotation = Quotation(by_marks=not quotes_stated)

    # -- parts ---------------------------------------------------------------------------------------------

    def title(self, text: str) -> None:
        """Add a line of the act's own title."""
        self.titles.append(text)
        self.blocks.append(Block(text, heads=True))

    def preamble(self) -> None:
        """Begin the citations and recitals; the first words that follow open it."""
        if self.zone == "title":
            self._begin(_PREAMBLE)
            self.zone = "preamble"
            self._pend(K.PREAMBLE, "", _PREAMBLE, "", "Preamble")

    def recital(self, marker: str) -> None:
        """Begin a recital; one without a number is counted."""
        self.preamble()
        self._begin(_RECITAL)
        self._recitals += 1
        number = marker.strip("() .") or str(self._recitals)
        self._recitals = int(number) if number.isdigit() else self._recitals
        self._pend(K.RECITAL, number, _RECITAL, marker, f"Recital {number}", cites=True)

    def end_recital(self) -> None:
        """Return to the preamble: what follows belongs to no recital."""
        self._begin(_RECITAL)

    def division(self, text: str, level: int = 0, named: str = "") -> None:
        """Add the line that announces a part, title, chapter or section, or a heading without a number.

        `named` is what the source calls it elsewhere ("chapter IV"), for texts in other languages.
        """
        match = _DIVISION.match(text) or _DIVISION.match(named)
        if self.quoted:
            self.text(text)
            return
        kind, rank = _DIVISIONS[match.group(1).lower()] if match else (K.HEADING, min(_GROUP, 11 + level))
        self._begin(rank)
        base = next((o.label for o in reversed(self._open) if o.cites and o.rank < rank), "")
        name = f"{match.group(1).capitalize()} {match.group(2)}" if match else ""
        label = f"{base} {name}".strip() if match else ""
        marker = "" if not match else match.group().rstrip() if match.string is text else text
        self._pend(kind, match.group(2) if match else "", rank, marker, label, cites=bool(base and match))
        self._emit(text[len(marker) :].strip(), heads=len(text) > len(marker))
        if self.zone != "annex":
            self.zone = "enacting"

    def article(self, text: str, *, sure: bool = False) -> None:
        """Add the line that announces an article; if it is `sure` to be the act's own, no quotation goes on."""
        if sure:
            self._quotation.reset()
        if self.quoted:
            self.text(text)
            return
        self._begin(_ARTICLE)
        self.zone = "enacting"
        match = re.search(r"\b(\d{1,4}[a-z]{0,3})\b", text)
        number = match.group(1) if match else ""
        self._pend(K.ARTICLE, number, _ARTICLE, text, f"Art. {number}" if number else text, cites=True)
        self._emit("")

    def annex(self, text: str, number: str = "") -> None:
        """Add the line that announces an annex; `number` is what the source says elsewhere."""
        match = _ANNEX.match(text)
        other = re.search(r" ((?:[IVXLC]+|\d{1,2})[a-z]?)$", text)  # "ANHANG I"
        self._begin(_TOP)
        self.zone = "annex"
        self._quotation.reset()
        number = (match.group(1) or "") if match else number or (other.group(1) if other else "")
        marker = match.group().rstrip() if match else text
        self._pend(K.ANNEX, number, _TOP, marker, f"Annex {number}".strip(), cites=True)
        self._emit(text[len(marker) :].strip(), heads=len(text) > len(marker))

    def heading(self, text: str) -> None:
        """Add the heading of the division, article or annex that was announced last."""
        if self.quoted:
            self.text(text)
        else:
            self.blocks.append(Block(text, heads=True))

    def group(self, text: str, level: int = 1) -> None:
        """Add a heading inside an annex or article: "Section A …", "1. Introduction" or words alone."""
        if self.quoted:
            self.text(text)
            return
        if self.blocks and self.blocks[-1] is self._announced:  # "Section 1", its heading on the next line
            self.heading(text)
            return
        if _DIVISION.match(text):
            self.division(text)
            self._announced = self.blocks[-1] if is_division(text) else None
            return
        number = re.match(r"(\d{1,3}(?:\.\d{1,3})*[a-z]?)\.?\s+(?=\S)", text)
        rank = min(_GROUP + level, _ARTICLE - 1) if self.zone == "annex" else min(_ARTICLE + level, _PARAGRAPH - 1)
        self._begin(rank)
        if number:
            label = self._cite(rank, number.group(1))
            self._pend(K.SECTION, number.group(1), rank, number.group().strip(), label, cites=True)
            text = text[number.end() :]
        else:
            self._pend(K.HEADING, "", rank, "", "")
            if _NAMED_GROUP.fullmatch(text):  # numbers begin anew in "Class II"; its points are cited by its name
                base = next((one.label for one in reversed(self._open) if one.cites), "")
                self._open[-1] = _Open(rank, f"{base} {text}".strip(), "", cites=True)
        self._emit(text, heads=True)

    def final(self) -> None:
        """Begin the closing formula, place, date and signatures."""
        if self.zone != "final":
            self._begin(_TOP)
            self.zone = "final"
            self._quotation.reset()
            self._pend(K.BLOCK, "", _TOP, "", "Final part")

    # -- words ---------------------------------------------------------------------------------------------

    def paragraph(self, marker: str) -> None:
        """Begin a numbered paragraph of an article."""
        if self.quoted:
            self._prefix.append(marker)
            return
        self._close(_PARAGRAPH)
        self._in_paragraph = True
        self._subparagraph = self._list = 0
        number = marker.strip("() .")
        self._pend(K.PARAGRAPH, number, _PARAGRAPH, marker, self._cite(_PARAGRAPH, number), cites=True)

    def end_paragraph(self) -> None:
        """End it: what follows belongs to the article."""
        self._in_paragraph = False

    def enter(self, marker: str) -> None:
        """Begin a point; dashes, and numbers inside a quotation of another act, only precede the words."""
        self._quotation.mark(marker)
        number = marker.strip("() .—–•·-‘“„«*")
        plain = self.quoted or not number
        self._frames.append(not plain)
        if plain:
            self._prefix.append(marker)
            return
        rank = _POINT + 2 * (sum(self._frames) - 1)
        self._close(rank)
        label = self._cite(rank, number)
        if rank == _POINT and self._subparagraph and (label in self._points or self._list == self._subparagraph):
            # a second list in one paragraph: "Art. 43(1) subpara. 2(a)"
            self._list = self._subparagraph
            label = f"{label.removesuffix(f'({number})')} subpara. {self._subparagraph}({number})"
        self._points.add(label)
        self._pend(K.POINT, number, rank, marker, label, cites=True)

    def leave(self) -> None:
        """End the point entered last."""
        if self._pending or self._prefix:
            self._emit("")
        if self._frames:
            self._frames.pop()

    def text(self, text: str) -> None:
        """Add words to what is open: the point entered last, its paragraph, or the article."""
        if self.zone == "title":
            self.preamble()
        if self.zone == "enacting" and not any(self._frames) and not self.quoted and is_closing(text):
            self.final()
        self._quotation.words(text)
        if self.zone == "enacting" and not any(self._frames):
            self._subparagraph += 1
        if self.zone == "enacting" and not self.quoted:
            self.effective = self.effective or applies_from(text)
        self._emit(text)

    def row(self, text: str) -> None:
        """Add a row of a table."""
        if self._pending or self._prefix:
            self._emit("")
        self.blocks.append(Block(text, row=True, within=self._within()))
        self._close(self._within())

    def note(self, mark: str, text: str) -> None:
        """Keep a footnote for the end of the article, recital or annex in which its mark stands."""
        self._notes.append((mark, text, self._unit()))

    def quote(self, opens: bool) -> None:
        """Note that a quoted provision of another act begins or ends, where the source says so."""
        self._quotation.depth += 1 if opens else -1

    def read_over(self, text: str) -> None:
        """Look for quotation marks in a note that stands between the words it belongs to."""
        self._quotation.words(text)

    @property
    def quoted(self) -> bool:
        """True inside the quoted words of another act, whose numbers are not provisions of this one."""
        return self._quotation.open

    def finish(self, metadata: dict[str, str], warnings: tuple[str, ...] = ()) -> RawDocument:
        """Return the document."""
        self._begin(_TOP)
        lines = [_in_prose(line) for line in self.titles if not line.startswith("(")]
        if self.effective:
            metadata.setdefault("effective", self.effective)
        left_out = {what: count for what, count in sorted(self.left_out.items()) if count}
        kept = {key: value for key, value in metadata.items() if value} | {"kind": "law"}
        return RawDocument(tuple(self.blocks), " ".join(lines), kept, warnings, stated=True, left_out=left_out)

    # -- the stack -----------------------------------------------------------------------------------------

    def _begin(self, rank: int) -> None:
        """End everything of this rank or greater: points, then the notes that were kept for the end."""
        if self._pending or self._prefix:
            self._emit("")
        self._pending = [opening for opening in self._pending if opening.rank < rank]  # nothing came of the others
        notes, self._notes = self._notes, []
        for mark, text, unit in notes:
            at = _TOP + 1 if self.zone == "annex" else _PARAGRAPH
            number = mark.strip("() ")
            self._close(at)
            opening = Opening(K.NOTE, number, at, mark, f"{unit} fn. {number}".strip())
            self.blocks.append(Block(f"{mark} {text}".strip(), opens=(opening,)))
        self._frames.clear()
        self._in_paragraph = False
        self._subparagraph = self._list = 0
        self._close(rank)

    def _close(self, rank: int) -> None:
        while self._open and self._open[-1].rank >= rank:
            self._open.pop()

    def _pend(self, kind: K, number: str, rank: int, marker: str, label: str, *, cites: bool = False) -> None:
        self._pending.append(Opening(kind, number, rank, marker, label))
        self._open.append(_Open(rank, label, number, cites))

    def _emit(self, text: str, *, heads: bool = False) -> None:
        prefix, self._prefix = self._prefix, []
        pending, self._pending = tuple(self._pending), []
        words = " ".join(filter(None, (*(opening.marker for opening in pending), *prefix, text)))
        if not words and pending:
            self._pending = list(pending)  # nothing to show yet: the next words open it
            return
        last = self.blocks[-1] if self.blocks else None
        if last and not (pending or prefix or last.heads) and not any(char.isalnum() for char in words):
            self.blocks[-1] = replace(last, text=f"{last.text} {words}")  # "’." or ";" after a quotation or a table
            return
        within = 0 if pending else self._within()
        self.blocks.append(Block(words, opens=pending, heads=heads, within=within, item=bool(prefix)))
        if within:
            self._close(within)

    def _within(self) -> int:
        depth = sum(self._frames)
        if depth or self._in_paragraph:
            return _POINT + 2 * depth
        return {"annex": _POINT, "enacting": _PARAGRAPH}.get(
            self.zone, _RECITAL + 1 if self._in_recital() else _RECITAL
        )

    def _in_recital(self) -> bool:
        return any(one.rank == _RECITAL for one in self._open)

    def _cite(self, rank: int, number: str) -> str:
        """Return "Art. 6(1)(f)"; "4.1" below point 4 is cited as "(4.1)", not as "(4)(4.1)"."""
        for one in reversed(self._open):
            if one.rank < rank and one.cites and not number.startswith(f"{one.number}."):
                return f"{one.label}({number})"
        return f"({number})"

    def _unit(self) -> str:
        """Return the label of the article, recital or annex that is open."""
        units = [one.label for one in self._open if one.rank in (_TOP, _ARTICLE, _RECITAL)]
        return units[-1] if units else ""


def _in_prose(line: str) -> str:
    """Return a title that is set in capitals as it is written in running text; "(EU)" stays."""
    if line.upper() != line:
        return line
    small = {"of", "the", "and", "on", "to", "for", "in", "by"}
    words = [
        word if word.startswith("(") else word.lower() if word.lower() in small else word.capitalize()
        for word in line.split()
    ]
    return " ".join(words)


def is_annex(text: str) -> bool:
    """Tell whether a line announces an annex."""
    return _ANNEX.match(text) is not None


def is_closing(text: str) -> bool:
    """Tell whether a line begins an act's closing formula."""
    return _CLOSING.match(text) is not None


def is_division(text: str) -> bool:
    """Tell whether a line announces a part, title, chapter or section and says nothing else."""
    match = _DIVISION.match(text)
    return match is not None and match.end() == len(text)
