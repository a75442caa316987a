"""Reads the words that cite provisions: "points (a) and (c) to (e) of Article 6(1)", "§§ 164.302 through 164.318"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["Chain", "Item", "conjoined", "find_chains", "styles"]

Item = tuple[tuple[str, ...], tuple[str, ...]]
"""A number with what is in brackets behind it, and the end of a range or (): ("6", "1", "f"), ()."""

_GROUPS = r"(?: ?\((?:\d{1,3}[a-z]?|[a-z]{1,5}|[A-Z]{1,5})\))"
_ROMAN = r"(?:[IVXLC]{1,7}|\d{1,3}(?:\.\d+)?)[a-zA-Z]?\b"
# "1798.100", "59.1-577.1", "1320d–5"; but "164.302–164.318" is a range
_CODE_NUMBER = r"\d[\dA-Za-z]*(?:[.:-]\d[\dA-Za-z]*|–(?!\d+\.)\d[\dA-Za-z]*)*"
_AFTER_CODE = (r"(?<=CFR )", r"(?<=F\.R\. )", r"(?<=S\.C\. )", r"(?<=S\.C )", r"(?<=USC )")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word that begins a citation: its pattern, its level (smaller is further out), and what numbers it takes."""

    kind: str
    level: int
    word: re.Pattern[str]
    item: re.Pattern[str]


def _word(kind: str, level: int, word: str, item: str) -> _Word:
    return _Word(kind, level, re.compile(word), re.compile(item))


# Levels: 1 to 4 structure, 5 what carries the pin-cite, 6 to 9 what stands in it.
_WORDS = (
    _word("Art.", 5, r"\b(?:Articles? |Arts?\. ?)", rf"\d{{1,3}}[A-Za-z]{{0,2}}\b{_GROUPS}*|{_GROUPS}+"),
    _word("Recital", 5, r"\b[Rr]ecitals? ", r"\(?\d{1,3}\)?"),
    _word("Annex", 1, r"\b(?:Annex|ANNEX)(?:es)? ", rf"{_ROMAN}{_GROUPS}*|[A-Z]\b"),
    _word("Schedule", 1, r"\bSchedules? ", r"\d{1,2}[A-Z]?\b"),
    _word("Appendix", 1, r"\bAppendi(?:x|ces) ", r"[A-Z]\b(?:\.\d)?|\d{1,2}\b"),
    _word("Part", 2, r"\b[Pp]arts? ", rf"{_ROMAN}|[A-Z]\b"),
    _word("Subpart", 3, r"\b[Ss]ubparts? ", r"[A-Z]{1,2}\b|\d{1,2}\b"),
    _word("Title", 1, r"\b[Tt]itles? (?=[IVX])", r"[IVXLC]{1,6}\b"),
    _word("Chapter", 3, r"\bChapters? ", _ROMAN),
    _word("Section", 4, r"\b[Ss]ections? |\bSecs?\. ", rf"(?:{_CODE_NUMBER}|[IVX]+\b|[A-Z]\b){_GROUPS}*|{_GROUPS}+"),
    _word("Clause", 4, r"\b[Cc]lauses? (?=\d)", rf"{_CODE_NUMBER}{_GROUPS}*"),
    _word("§", 4, r"§§? ?", rf"{_CODE_NUMBER}{_GROUPS}*|{_GROUPS}+"),
    # "45 CFR 164.408": nothing but the code's name says that a section follows
    _word("§", 5, rf"(?:{'|'.join(_AFTER_CODE)})(?=\d)", rf"{_CODE_NUMBER}{_GROUPS}*|{_GROUPS}+"),
    _word("row", 5, r"\b[Rr]ows? ", r"[A-Z]{1,3}-?\d{1,3}\b"),
    _word("", 6, r"\b[Ss]ub(?:section|division)s? ", rf"{_GROUPS}+|[A-Z](?: \d{{1,2}}(?: [a-z])?)?(?![\w.])"),
    _word("", 7, r"\b[Pp]aragraphs? ", rf"\d{{1,3}}(?:\.\d+)*[a-z]?{_GROUPS}*(?![\w%])|{_GROUPS}+"),
    _word("", 8, r"\b[Ss]ubparagraphs? (?=\()", rf"{_GROUPS}+"),
    _word("", 9, r"\b[Pp]oints? ", rf"\d{{1,3}}[a-z]?\b(?:\.\d+)*{_GROUPS}*(?![\w%])|{_GROUPS}+"),
    _word("", 9, r"\b[Cc]lauses? (?=\()", rf"{_GROUPS}+"),
    _word("", 10, r"\b[Ss]ubclauses? (?=\()", rf"{_GROUPS}+"),
)
_ORDINALS = "first|second|third|fourth|fifth|sixth|seventh|last|introductory|final"
_ORDINAL = re.compile(
    rf"\b(?:{_ORDINALS})(?:(?:,? and|,? or|,| to) (?:{_ORDINALS}))* "
    r"(?:(?:sub)?paragraphs?|sentences?|indents?|part|wording)\b"
)
_THIS = re.compile(
    r"\b[Tt]h(?:is|ese) (Article|Section|section|paragraph|Annex|Chapter|subsection|subdivision|subparagraph|Part|Title"
    r"|point|Subpart|Schedule)\b"
)
_THIS_LEVELS = {
    "article": 5, "section": 5, "paragraph": 7, "annex": 1, "chapter": 3, "subsection": 6, "subdivision": 6,
    "subparagraph": 8, "part": 2, "title": 2, "point": 9, "subpart": 3, "schedule": 1,
}  # fmt: skip
_SEPARATOR = re.compile(
    r"(?P<range>,? (?:to|through) | ?– ?|-(?=\())"
    r"|(?:, inclusive, and |,? and/or |,? and |,? or |, and, | and to |, respectively, | & |, |/)"
)
_UP = re.compile(r"(?:, inclusive|, respectively)?,? (?:of|in)(?: the)? ")
_DOWN = re.compile(r",? ")
# The first words of all patterns above: looking words up is ten times faster than searching for the patterns.
_FIRST_WORD = re.compile(r"[A-Za-z]+|§")
_FIRST_WORDS = {
    *"article articles art arts recital recitals annex annexes schedule schedules appendix appendices".split(),
    *"part parts subpart subparts title titles chapter chapters section sections sec secs clause clauses".split(),
    *"row rows subsection subsections subdivision subdivisions paragraph paragraphs subparagraph subparagraphs".split(),
    *"point points subclause subclauses".split(), *_ORDINALS.split("|"), "§",
}  # fmt: skip
_CODES = {"CFR", "USC", "R", "C"}
_TO_NUMBER = re.compile(r"\.? (?=\d)")
_COUNTED = re.compile(r" (?:of which|CFR|C\.F\.R|U\.S\.C|USC|years?|months?|weeks?|days?|hours?|per cent|times)\b|%| %")
_GROUP = re.compile(r"\((\w+)\)")
_ROMANS = re.compile(r"[ivx]+|[IVX]+")


@dataclass(slots=True)
class Chain:
    """One citation as written.

    Attributes:
        start, end: its place in the line.
        levels: for each level that it names, the kind of word and the numbers.
        this: the outermost level that it names by "this", 0 if none: "paragraph 2 of this Article".
    """

    start: int
    end: int
    levels: dict[int, tuple[str, list[Item]]] = field(default_factory=dict)
    this: int = 0

    @property
    def relative(self) -> bool:
        """Whether it can only be understood from where it stands."""
        return min(self.levels, default=99) > 5


def find_chains(line: str) -> list[Chain]:
    """Return the citations of a line in order; none overlaps another."""
    chains: list[Chain] = []
    at = 0
    for match in _FIRST_WORD.finditer(line):
        start = match.start()
        if match.group() in _CODES:  # "45 CFR 164.408"
            number = _TO_NUMBER.match(line, match.end())
            start = number.end() if number else -1
        elif match.group().lower() not in _FIRST_WORDS:
            continue
        chain = _chain(line, start) if start >= at else None
        if chain is not None and chain.levels:
            chains.append(chain)
            at = chain.end
    return chains


def _chain(line: str, start: int) -> Chain | None:
    first = _atom(line, start)
    if first is None:
        return None
    level, kind, items, end = first
    chain = Chain(start, end, {level: (kind, items)} if items else {})
    outermost = innermost = level
    while True:
        step = _next(line, chain, outermost, innermost)
        if step is None:
            return chain
        level, kind, items, end = step
        if items:
            chain.levels[level] = (kind, items)
        elif kind == "this":
            chain.this = level if not chain.this else min(chain.this, level)
        outermost, innermost = min(outermost, level), max(innermost, level)
        chain.end = end


def _next(line: str, chain: Chain, outermost: int, innermost: int) -> tuple[int, str, list[Item], int] | None:
    """Return the atom that goes on a citation: further out after "of", further in after a comma."""
    up = _UP.match(line, chain.end)
    if up:
        this = _THIS.match(line, up.end())
        if this:
            level = _THIS_LEVELS[this.group(1).lower()]
            return (level, "this", [], this.end()) if level < outermost or (level == 5 and outermost > 5) else None
        atom = _atom(line, up.end())
        if atom and atom[0] not in chain.levels and (atom[0] < outermost or atom[0] < innermost):
            return atom
        return None
    down = _DOWN.match(line, chain.end)
    atom = _atom(line, down.end()) if down else None
    if atom and atom[0] == innermost == 9:  # "point (a), point (ii)"
        return (10, *atom[1:])
    return atom if atom and atom[0] > innermost else None


def _atom(line: str, at: int) -> tuple[int, str, list[Item], int] | None:
    """Return level, kind, numbers and end of the word and numbers at a place."""
    ordinal = _ORDINAL.match(line, at)
    if ordinal:
        words = ordinal.group().split()
        # a subparagraph has no number of its own but the second and later ones may be told apart
        place = _ORDINALS.split("|").index(words[0]) + 1 if len(words) == 2 and words[1] == "subparagraph" else 0
        items: list[Item] = [((f"subpara. {place}",), ())] if 2 <= place <= 7 else []
        return 8, "ordinal", items, ordinal.end()
    for word in _WORDS:
        match = word.word.match(line, at)
        if match:
            items, end = _items(line, match.end(), word)
            of_code = word.kind in ("Section", "§", "Clause") and bool(items) and not _is_structural(items)
            level = 5 if of_code else word.level
            return (level, word.kind, items, end) if items else None
    return None


def _is_structural(items: Sequence[Item]) -> bool:
    """Tell "Section 2" of a chapter, or "Section A", from "section 164.404(b)"."""
    return all(len(first) == 1 and re.fullmatch(r"\d{1,2}|[IVX]+|[A-Z]", first[0]) for first, _ in items)


def _items(line: str, at: int, word: _Word) -> tuple[list[Item], int]:
    items: list[Item] = []
    ranged = False
    match = word.item.match(line, at)
    if not match or (match.group().startswith((" (", "(")) and word.kind in ("Art.", "Section", "§")):
        return [], at
    while match:
        number = _split(match.group(), word)
        if items and match.group().lstrip().startswith("(") and word.kind != "Recital":
            number = _inherit(items[-1][1] or items[-1][0], number)
            if not number:
                break
        if items and ranged:
            items[-1] = (items[-1][0], number)
        else:
            items.append((number, ()))
        at = match.end()
        separator = _SEPARATOR.match(line, at)
        if not separator:
            break
        ranged = separator.group("range") is not None and not items[-1][1]
        match = word.item.match(line, separator.end())
        # "Articles 5 and 6", but not "Article 5, 2 of which" or "Article 5 and (a) the other"
        if match and match.group()[0].isdigit() and _is_quantity(line, match.end()):
            match = None
    return items, at


def _is_quantity(line: str, at: int) -> bool:
    """Tell whether the number before `at` counts something, or names a code ("or 49 CFR 11.110")."""
    return _COUNTED.match(line, at) is not None


def _split(words: str, word: _Word) -> tuple[str, ...]:
    if word.kind == "Recital":
        return (words.strip("()"),)
    whole, _, _ = words.partition("(")
    whole = whole.strip()
    groups = tuple(_GROUP.findall(words[len(whole) :]))
    if word.level == 6 and whole:  # Virginia: "subdivision A 1 a"
        return (*whole.split(), *groups)
    if word.level == 9 and "." in whole:  # "point 2.1(a)" of an annex
        return (whole, *groups)
    return ((whole,) if whole else ()) + groups


def _inherit(before: tuple[str, ...], groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return what "(3)" means after "5(2)(a)": 5(3); its style says at which depth it goes on. () if at none."""
    first = 0 if before and not before[0][0].isdigit() else 1
    if not before[1:]:
        first = 0 if styles(before[0]) & styles(groups[0]) else 1
    for depth in range(len(before) - 1, first - 1, -1):
        if styles(before[depth]) & styles(groups[0]):
            return (*before[:depth], *groups)
    return ()


def styles(word: str) -> set[str]:
    """Return how a number in brackets can be read: "1", "a", "A", "i", "I"."""
    if word[0].isdigit():
        return {"1"}
    letter, roman = ("a", "i") if word.islower() else ("A", "I")
    if not _ROMANS.fullmatch(word):
        return {letter}
    return {letter, roman} if len(word) == 1 else {roman}


def conjoined(line: str, chains: Sequence[Chain]) -> Iterator[list[Chain]]:
    """Yield runs of citations with nothing but "and", "or" or a comma between them."""
    run = list(chains[:1])
    for before, after in pairwise(chains):
        if re.fullmatch(r",?(?: and| or|,)?(?: (?:in|of|to|with|the))* ?", line[before.end : after.start]):
            run.append(after)
        else:
            yield run
            run = [after]
    if run:
        yield run
