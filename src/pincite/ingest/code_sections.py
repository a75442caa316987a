"""The body of a section of a code: its paragraphs and points, its definitions, and words that stand between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pincite.domain.documents import ProvisionKind
from pincite.ingest.blocks import Block, Opening
from pincite.ingest.enumeration import MARKER, Mark, Place, Step, readings, resolve, successors

__all__ = ["DEFINES", "HEADING", "marks_of", "sets_apart", "write_section"]

K = ProvisionKind

HEADING, _PARAGRAPH = 27, 30  # ranks of a heading within a section, and of its outermost paragraphs
DEFINES = re.compile(r"\bdefinitions?\b|\bas used in\b|\bfollowing (?:terms|definitions)\b", re.I)
_NOTE = re.compile(
    r"\[(?:\d+ FR |Reserved|Redesignated)|\(?(?:Source|Authority|Editorial Note): "
    r"|\((?:Pub\. L\.|[A-Z][a-z]+ \d+, \d{4}, ch\.)"
    r"|\((?:Added|Amended|Repealed|Enacted|Renumbered|Title)\b.{0,200}\b(?:Stats\.|Prop|Ch\.|Sec\.)"
    r"|\d{4}(?:, Sp\. Sess\. \w+)?, cc?\. ",
    re.I,
)
_TERM = re.compile(
    r"""(?!(?:An?|Any|As|Except|For|If|In|It|Such|Th(?:e|at|is|ese)|Unless|When|Where)\b)(?:["“”](?P<quoted>[^"“”]{2,100})["“”](?:\s+or\s+["“”][^"“”]{2,100}["“”])*|(?P<plain>[A-Z][^.;:"“”]{1,100}?)),?\s*
    (?:\([^()]*(?:\([^()]*\)[^()]*)*\)\s*)?
    (?:\b(?:means?|includes?|has\ the|have\ the|shall\ mean|stands?\ for|refers\ to|is\ defined)\b|:\s*(?:\(1\)|$))""",
    re.X,
)
_MODAL = re.compile(r"\b(?:shall|must|may|will|is|are|was|were|has|have|means|does|do|if)\b")
_SENTENCE = re.compile(
    _MODAL.pattern + r"|\b(?:that|who|which|includ\w+|following|and|or|an?|the|of|to|in|for|by|with|under|on|from)$"
    r"|^(?:An?|Any|By|The|To|Upon)\b"
)
_INNER = re.compile(
    r"(?<=[—–:;.-])(?: ?| (?:and|or) ?)\(([a-z]{1,5}|[A-Z]{1,4}|\d{1,2})\)(?=(?:\(\w{1,4}\))* [A-Z“\"*_])"
)
_SECOND = {"1": "2", "a": "b", "i": "ii", "A": "B"}
_LONGEST = 300  # characters of a heading that the source marks as one
_SHORT = 150  # characters of a heading that opens a paragraph
_STOPS = " .:—–"
_MOST_MARKERS = 8  # on one line; more is no enumeration


def marks_of(text: str) -> tuple[list[tuple[Mark, str]], int]:
    """Return the markers that open `text`, each with its words, and where the words after them begin."""
    found: list[tuple[Mark, str]] = []
    at = 0
    while len(found) < _MOST_MARKERS:
        match = MARKER.match(text, at)
        if not match:
            break
        word, form = (match.group(1), "(") if match.group(1) else (match.group(3), ".")
        if form == "." and found and (found[-1][0].form == "(" or found[-1][0].word.isdigit() == word.isdigit()):
            break  # "A. 1. A controller" has two, "J. R. Smith" and "(a) A. Smith" have not
        if not readings(word, form):
            break
        found.append((Mark(word, form, match.group(2) or "", bool(at)), match.group().rstrip()))
        at = match.end()
    return found, at


def write_section(
    blocks: Sequence[Block], label: str, defines: bool, nesting: frozenset[tuple[str, str]], guesses: bool
) -> Iterator[Block]:
    """Write the body of a section; `guesses` says whether headings of paragraphs are told by their words alone."""
    parts = list(_divide(blocks))
    opened = [([], 0) if part.row else marks_of(part.text) for part in parts]
    keep = 0 if defines else -1  # how many levels stay open around a definition; -1 where none are expected
    terms: list[bool] = []
    steps: list[Step] = []
    for part, (marks, at) in zip(parts, opened, strict=True):
        steps.extend(Step(mark) for mark, _ in marks)
        if marks and not defines and readings(marks[0][0].word)[0][0] == "(a)" and marks[0][0].word != "i":
            keep = 1 if DEFINES.search(part.text[at : at + 200]) else -1
        term = keep >= 0 and not marks and not part.row and _TERM.match(part.text) is not None
        terms.append(term)
        if term:
            steps.append(Step(None, keep))
    yield from _Section(label, resolve(steps, nesting) if steps else [], guesses).write(parts, opened, terms)


class _Section:
    def __init__(self, label: str, places: Sequence[tuple[Place, ...]], guesses: bool) -> None:
        self._label = label
        self._guesses = guesses
        self._places = places
        self._next = 0
        self._stack: tuple[Place, ...] = ()
        self._leads: list[bool] = []  # whether the words above each open level introduce a list
        self._introduces = False

    def write(
        self, parts: Sequence[Block], opened: Sequence[tuple[list[tuple[Mark, str]], int]], terms: Sequence[bool]
    ) -> Iterator[Block]:
        broken = False  # the block before ends within a sentence, which this one goes on with
        headed = False  # the block before is nothing but a heading, and this one its words
        for part, (marks, at), term in zip(parts, opened, terms, strict=True):
            block = part
            if marks:
                block = self._marked(part, marks, at)
            elif term:
                self._advance()
                self._leads = self._leads[: len(self._stack)]
                block = self._definition(part)
            elif part.level:
                block = replace(part, level=0, opens=(Opening(K.HEADING, "", HEADING),), heads=True)
            elif _NOTE.match(part.text) and not part.row:
                block = replace(part, within=HEADING - 1)
            elif not (part.row or headed or broken):
                block = replace(part, within=self._flush())
            yield block
            broken = not part.row and (part.text[-1].isalnum() or part.text[-1] == ",")
            headed = block.heads
            self._introduces = part.text.endswith((":", "—", "–", "-", " if", " that", " to", " the", " by", " of"))

    def _advance(self) -> None:
        self._stack = self._places[self._next]
        self._next += 1

    def _marked(self, part: Block, marks: list[tuple[Mark, str]], at: int) -> Block:
        openings = []
        rest = part.text[at:]
        for mark, marker in marks:
            before = len(self._stack)
            self._advance()
            depth = len(self._stack) - 1
            self._leads = self._leads[: depth + (depth < before)]
            if len(self._leads) <= depth:
                self._leads.append(self._introduces)
            number = f"{mark.word})–({mark.last}" if mark.last else mark.word
            kind = K.PARAGRAPH if depth == 0 else K.POINT
            openings.append(Opening(kind, number, _PARAGRAPH + 2 * depth, marker))
            self._introduces = False
        shown = _shown(part, rest)
        if shown is not None:
            heads = shown != "" and shown == rest.strip(_STOPS)
        else:
            heads = self._guesses and re.fullmatch(r"[A-Z][^;]{2,150}[\w)]", rest) is not None
            heads = heads and not _SENTENCE.search(rest)
            shown = _run_in(rest) if self._guesses else ""
        if not heads:
            openings[-1] = replace(openings[-1], heading=shown)
        return replace(part, level=0, opens=tuple(openings), heads=heads)

    def _definition(self, part: Block) -> Block:
        match = _TERM.match(part.text)
        term = (match["quoted"] or match["plain"]).strip(" ,") if match else ""
        opening = Opening(K.PARAGRAPH, "", _PARAGRAPH + 2 * len(self._stack) - 1, "", f"{self._label} “{term}”", "")
        return replace(part, level=0, opens=(opening,))

    def _flush(self) -> int:
        """Return the rank that ends before words without a marker.

        They follow a list, and so stand beside it, if the list had an introduction and does not go on after them; then
        it is the innermost such list. Otherwise they are a further paragraph of the point before them.
        """
        goes_on = len(self._places[self._next]) if self._next < len(self._places) else 0
        for depth in range(len(self._stack) - 1, goes_on - 1, -1):
            if self._leads[depth]:
                self._stack = self._stack[:depth]
                self._leads = self._leads[:depth]
                return _PARAGRAPH + 2 * depth
        return 0


def _shown(part: Block, rest: str) -> str | None:
    """Return the heading that the source sets apart at the beginning of `rest`; None if it does not tell."""
    for run in part.emphasised:
        if rest.startswith(run):  # "*Time.* The …" and "*Time* —", but "*Keeper* means …" is a term
            ends = run[-1] in ".:—–" or re.match(r" ?[.:—–]|$", rest[len(run) :])
            return run.strip(_STOPS) if ends else ""
    return rest.strip(_STOPS) if part.level and len(rest) <= _LONGEST and ". " not in rest else None


def sets_apart(block: Block) -> bool:
    """Tell whether a paragraph with a number begins with words in italics or bold."""
    at = marks_of(block.text)[1] if block.emphasised else 0
    return at > 0 and block.text.startswith(block.emphasised[0], at)


def _run_in(words: str) -> str:
    """Return the heading that opens a paragraph ("Scope. This part …"), or "" where the first sentence is one."""
    match = re.match(r"([A-Z][^.:;()]{2,90}?)(?:\.|:|—|–)(?:\s|$)", words)
    if not match or _SENTENCE.search(match.group(1)) or match.end() >= len(words):
        return ""
    return match.group(1)


def _divide(blocks: Sequence[Block]) -> Iterator[Block]:
    """Begin anew at each marker inside a line that opens or goes on with a list: "(a) Standard—(1) General rule. …"."""
    first = [_first_mark(block.text) for block in blocks]
    for at, block in enumerate(blocks):
        cuts = () if block.row else _inner_markers(block.text, first[at + 1 : at + 60])
        begin = 0
        for cut in (*cuts, len(block.text)):
            yield replace(block, text=block.text[begin:cut].strip())
            begin = cut


def _words(text: str) -> str:
    return text[marks_of(text)[1] :].rstrip()


def _first_mark(text: str) -> str:
    match = MARKER.match(text)
    return (match.group(1) or "") if match else ""


def _inner_markers(text: str, following: Sequence[str]) -> list[int]:
    """Return where markers inside a line are real: the first of a list whose second entry comes, or the next of one."""
    marks, begin = marks_of(text)
    expected = {word for mark, _ in marks for word in successors(mark.word)}
    found = list(_INNER.finditer(text, begin + 1))
    finally_at = {match.group(1): place for place, match in enumerate(found)}
    cuts: list[int] = []
    for place, match in enumerate(found):
        word = match.group(1)
        if word not in expected:
            second = _SECOND.get(word)
            stop = following.index(word) if word in following else len(following)
            goes_on = second in following[:stop] or finally_at.get(second or "", -1) > place
            start = cuts[-1] if cuts else 0
            headed = match.start() - start < _SHORT and _run_in(_words(text[start : match.start(1) - 1]) + " x") != ""
            if second is None or not (goes_on or headed):
                continue
        cuts.append(match.start(1) - 1)
        expected.update(successors(word))
    return cuts
