"""Statutes and rules of the American kind: which blocks open a part, a section, a paragraph, a definition.

Works on the blocks of any reader (Markdown, PDF, HTML): a section is "§ 164.404 …", "Sec. 15. …" or "1798.100.", and
how deep "(i)" lies is resolved over the whole section (`enumeration`). The tree is then stated, not guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pincite.domain.documents import ProvisionKind
from pincite.domain.text import collapse, normalise
from pincite.ingest.blocks import Block, Opening, RawDocument
from pincite.ingest.code_names import name_code
from pincite.ingest.code_sections import DEFINES, marks_of, sets_apart, write_section
from pincite.ingest.enumeration import MARKER, tradition

__all__ = ["state_code"]

K = ProvisionKind

# Ranks: divisions by the order in which their kinds first appear, headings over several sections, sections.
_DIVISION, _GROUP, _SECTION = 10, 22, 25

_NUMBER = r"\d+[A-Za-z]{0,2}(?:[.:–-]\d+[A-Za-z]{0,3})*(?:-[A-Za-z]{1,2}\d?)?"
_SECTION_LINE = re.compile(
    rf"§ ?(?P<sign>{_NUMBER})(?P<dot>\.)?(?:\s+|$)"
    rf"|(?:Sec|SEC|Section|SECTION)\.? (?P<word>{_NUMBER})\.(?:\s+|$)"
    rf"|(?P<bare>\d{{3,5}}(?:\.\d{{1,4}})+)\.?(?:\s+|$)"
)
_CITATION = re.compile(r"\(\d+ ILCS [\w.-]+/(?P<number>[\w.-]+)\)$")
_DIVISIONS = "SUBTITLE|TITLE|DIVISION|SUBCHAPTER|CHAPTER|SUBPART|PART|ARTICLE"
_DIVISION_LINE = re.compile(
    rf"(?P<word>{_DIVISIONS})(?P<many>S)? (?P<number>\d[\d.]*(?:[A-Z]\b)?|[IVXLC]+\b|[A-Z]{{1,2}}\b(?:-[A-Z]\b)?)"
    r"(?P<dash>[\s.:–—-]*)",
    re.I,
)
_APPENDIX = re.compile(r"Appendix(?:es)?(?: (?!to\b)[A-Z\d]{1,3}\b)?(?: to (?:Sub)?part \w+(?: of Part \w+)?)?", re.I)
_REFERENCE = re.compile(
    r"(?:\(\w{1,5}\))+,? (?:of (?:this (?:part|(?:sub)?(?:paragraph|section))|(?:sub)?(?:paragraph|section))\b"
    r"|(?:or|and|and/or) \()",
    re.I,
)
_UNFINISHED = re.compile(r"[\w,)]$")
_LISTED = 400  # characters below which the line of a section that comes again is one of a table of contents


@dataclass(frozen=True, slots=True)
class _Head:
    """A block that opens a division, a section or an appendix."""

    at: int
    opening: Opening
    key: tuple[str, str]
    line: str  # what of the block is its heading line
    body: str  # words of the section that follow on the same line
    heading_at: int = -1  # the block of the heading line, where that is not the one that opens it


def state_code(raw: RawDocument) -> RawDocument:
    """Return `raw` with its provisions stated if it is a code of sections; otherwise as it is.

    A table of contents that lists the sections again is left out and counted in `left_out`.
    """
    if raw.stated:
        return raw
    blocks = [replace(b, text=text) for b in raw.blocks if (text := collapse(normalise(b.text)))]
    blocks = _mend(blocks)
    heads = list(_heads(blocks))
    if not _is_code(blocks, heads):
        return raw
    heads, contents = _without_contents(blocks, heads)
    left_out = dict(raw.left_out)
    if contents:
        left_out["table of contents"] = sum(len(blocks[at].text) for at in contents)
    writer = _Writer(blocks, heads, contents)
    written = tuple(writer.write())
    if writer.repeated:
        left_out["repeated headings"] = writer.repeated
    above = " ".join(block.text for block in blocks[: heads[0].at])
    metadata = name_code([(head.opening, head.line) for head in heads], above) | raw.metadata
    return replace(raw, blocks=written, stated=True, left_out=left_out, metadata=metadata)


def _mend(blocks: Sequence[Block]) -> list[Block]:
    """Join what a page or a wrongly marked heading divided: a block without a stop and one in lower case."""
    mended: list[Block] = []
    for block in blocks:
        last = mended[-1] if mended else None
        if last is not None and not (block.level or last.row or block.row) and _goes_on(last, block):
            level = last.level if _section_match(last.text) else 0
            if level and not block.text.endswith("."):
                level = 0
            text = f"{last.text} {block.text}"
            runs = (*last.emphasised, *block.emphasised)
            mended[-1] = replace(last, text=text, level=level, last_line=block.last_line, emphasised=runs)
        else:
            mended.append(block)
    return mended


def _goes_on(last: Block, block: Block) -> bool:
    if MARKER.match(block.text):  # "… as paragraph" / "(c) of this section requires"
        return last.text[-1] not in ".;:" and _REFERENCE.match(block.text) is not None
    return block.text[0].islower() and (last.text[-1].isalnum() or (last.page != block.page and last.text[-1] in ",)"))


def _section_match(text: str) -> re.Match[str] | None:
    return _SECTION_LINE.match(text)


def _heads(blocks: Sequence[Block]) -> Iterator[_Head]:
    """Find the lines that open something, whether in the text or in a table of contents."""
    order: dict[str, int] = {}
    cited: _Head | None = None  # "(740 ILCS 14/15)" stands on the line before "Sec. 15. …", which has the heading
    for at, block in enumerate(blocks):
        text = block.text
        if block.row:
            continue
        citation = _CITATION.match(text)
        if citation:
            number = citation["number"]
            cited = _Head(at, Opening(K.ARTICLE, number, _SECTION, text, f"§ {number}"), ("§", number), text, "")
            continue
        match = _section_match(text)
        if match and _announces(block, text, match):
            number = (match["sign"] or match["word"] or match["bare"]).replace("–", "-")
            rest = text[match.end() :]
            heading, body = (rest.rstrip(". "), "") if block.level else _split_heading(rest)
            line = text[: len(text) - len(body)].rstrip()
            marker = text[: match.end()].rstrip()
            label = f"§ {number}"
            found = _Head(at, Opening(K.ARTICLE, number, _SECTION, marker, label, heading), ("§", number), line, body)
            if cited is not None and cited.key == found.key:
                found = replace(found, at=cited.at, opening=replace(cited.opening, heading=heading), heading_at=at)
            cited = None
            yield found
            continue
        division = _DIVISION_LINE.match(text)
        if division and _divides(block, text, division):
            word = division["word"].capitalize()
            rank = _DIVISION + min(order.setdefault(word, len(order)), 10)
            kind = K.CHAPTER if word in ("Chapter", "Subchapter", "Article") else K.PART
            many = "s" if division["many"] else ""
            number = division["number"].rstrip(".")
            opening = Opening(
                kind, number, rank, division.group().rstrip(), f"{word}{many} {number}", text[division.end() :].strip()
            )
            yield _Head(at, opening, (word, number), text, "")
            continue
        appendix = _APPENDIX.match(text)
        if appendix and (block.level or " to " in appendix.group()) and len(text) < 250 and text[-1] not in ".;,":
            label = appendix.group()
            opening = Opening(K.ANNEX, "", _SECTION, label, label, text[appendix.end() :].strip(" .:—–-"))
            yield _Head(at, opening, ("Appendix", label.lower()), text, "")


def _announces(block: Block, text: str, match: re.Match[str]) -> bool:
    """Tell a section's line from a sentence that begins with a reference."""
    rest = text[match.end() :]
    if block.level:
        return True
    if match["bare"]:
        return not rest or (len(rest) < 200 and rest[0].isupper() and "." in match["bare"] and rest[-1] == ".")
    if not rest:
        return False
    if not (rest[0].isupper() or rest[0] in '[(“"'):
        return False
    return not re.match(r"\([a-z0-9]{1,4}\)", rest) or bool(match["word"] or match["dot"])


def _divides(block: Block, text: str, match: re.Match[str]) -> bool:
    """Tell "PART 160—GENERAL" or a heading "Chapter 3 Duties" from "Part 160 applies to …"."""
    if len(text) > 250 or block.item:
        return False
    if block.level:
        return True
    stands_out = match["word"].isupper() or match["dash"].strip() or text[match.end() :].startswith("[")
    return bool(stands_out) and text[-1] not in ",;"


def _split_heading(rest: str) -> tuple[str, str]:
    """Divide "Short title. This Act may be cited …" into the heading and what follows on the line."""
    match = re.match(r"(.{3,250}?[^.A-Z ])\.\s+(?=[(A-Z“\"])", rest)
    if match:
        return match.group(1), rest[match.end() :]
    return (rest.rstrip(". "), "") if len(rest) <= 250 else ("", rest)


def _is_code(blocks: Sequence[Block], heads: Sequence[_Head]) -> bool:
    sections = sum(head.key[0] == "§" for head in heads)
    articles = sum(bool(re.match(r"Article \d+\w?$", block.text)) for block in blocks)
    numbered = sum(block.level > 0 and bool(re.match(r"\d+(?:\.\d+)*\.? \S", block.text)) for block in blocks)
    # "§ 5 Anwendungsbereich" is another tradition
    plain = sum(bool(re.fullmatch(r"§ ?\d+[a-z]?", head.opening.marker)) for head in heads)
    return sections > max(articles, numbered, 2 * plain)


def _without_contents(blocks: Sequence[Block], heads: list[_Head]) -> tuple[list[_Head], set[int]]:
    """Take out the lines of a table of contents: sections that come again later, and divisions among them."""
    times = Counter(head.key for head in heads)
    listed: set[int] = set()
    seen: dict[tuple[str, str], int] = {}
    sizes = [
        sum(len(blocks[at].text) for at in range(head.at + 1, following)) + len(head.body)
        for head, following in zip(heads, [*(h.at for h in heads[1:]), len(blocks)], strict=True)
    ]
    for place, head in enumerate(heads):
        if times[head.key] > 1 and head.key[0] in ("§", "Appendix"):
            other = seen.get(head.key)
            if other is None:
                seen[head.key] = place
            elif sizes[other] < _LISTED and sizes[other] * 4 <= sizes[place]:
                listed.add(other)
                seen[head.key] = place
            elif sizes[place] < _LISTED and sizes[place] * 4 <= sizes[other]:
                listed.add(place)
    sections = [place for place in sorted(listed) if heads[place].key[0] == "§"]
    if not sections:
        return heads, set()
    first = sections[0]
    last = (
        sections[-1]
        if all(place in listed or heads[place].key[0] != "§" for place in range(first, sections[-1]))
        else first
    )
    finally_at = {head.key: place for place, head in enumerate(heads)}
    contents = {heads[place].at for place in sections}
    dropped = set(sections)
    begin = next((place for place in range(last + 1, len(heads)) if heads[place].key[0] == "§"), len(heads))
    for place, head in enumerate(heads[:begin]):
        if finally_at[head.key] > (place if place < last else max(place, last)):
            dropped.add(place)
            contents.add(head.at)
    span = range(min(contents), max(contents))
    contents.update(at for at in span if len(blocks[at].text) < 300)
    return [head for place, head in enumerate(heads) if place not in dropped and head.at not in contents], contents


class _Writer:
    """Writes the blocks out, section by section, with what each opens."""

    def __init__(self, blocks: Sequence[Block], heads: Sequence[_Head], contents: set[int]) -> None:
        self._blocks = blocks
        self._heads = heads
        self._contents = contents
        marks = [m for block in blocks for m, _ in marks_of(block.text)[0]]
        self._nesting = tradition(marks)
        self._guesses = 16 * sum(map(sets_apart, blocks)) < len(marks)  # else headings are those in italics
        self.repeated = 0  # characters of headings that are said again

    def write(self) -> Iterator[Block]:
        starts = [head.at for head in self._heads]
        first = starts[0] if starts else len(self._blocks)
        for at, block in enumerate(self._blocks[:first]):
            if at not in self._contents:
                yield replace(block, level=0, heads=block.level == 1)
        for head, end in zip(self._heads, [*starts[1:], len(self._blocks)], strict=True):
            block = self._blocks[head.at]
            after = max(head.at, head.heading_at) + 1
            opening = head.opening
            takes = after < end and not (opening.heading or head.body) and self._is_heading(self._blocks[after])
            if takes:  # "1798.100." alone, then "General duties of businesses"
                opening = replace(opening, heading=self._blocks[after].text)
            if head.heading_at > head.at:
                yield replace(block, level=0, opens=(head.opening,))
                block = self._blocks[head.heading_at]
                yield replace(block, text=head.line, level=0, heads=True)
            else:
                yield replace(block, text=head.line, level=0, opens=(opening,), heads=not opening.heading or not takes)
            if takes:
                yield replace(self._blocks[after], level=0, heads=True)
                after += 1
            rest = self._without_repeats([self._blocks[at] for at in range(after, end) if at not in self._contents])
            if head.body:
                rest.insert(0, replace(block, text=head.body, level=0))
            group = self._group_heading(rest, end)
            defines = bool(DEFINES.search(head.opening.heading))
            yield from write_section(
                rest[: len(rest) - len(group)], head.opening.label, defines, self._nesting, self._guesses
            )
            for block in group:
                yield replace(block, level=0, opens=(Opening(K.HEADING, "", _GROUP),), heads=True)

    @staticmethod
    def _is_heading(block: Block) -> bool:
        return (
            len(block.text) <= 250 and block.text[-1] not in ".;:," and not block.row and not MARKER.match(block.text)
        )

    def _without_repeats(self, blocks: Sequence[Block]) -> list[Block]:
        """Leave out the heading of a paragraph where it is said again before one of its points, after a page's end."""
        seen: set[str] = set()
        kept = []
        for block in blocks:
            if block.level and block.text in seen and MARKER.match(block.text):
                self.repeated += len(block.text)
            else:
                kept.append(block)
            seen.add(block.text if block.level else "")
        return kept

    def _group_heading(self, rest: Sequence[Block], end: int) -> Sequence[Block]:
        """Return the headings right before the next section: they group sections, and do not belong to this one."""
        if end >= len(self._blocks):
            return ()
        count = 0
        while count < len(rest) and rest[-1 - count].level and not MARKER.match(rest[-1 - count].text):
            count += 1
        return rest[len(rest) - count :] if count else ()
