"""Counts what a document holds and looks for what is missing: numbers, and text that no passage has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pincite.domain.completeness import Completeness
from pincite.domain.documents import Document, Passage, Provision, ProvisionKind
from pincite.ingest.numbering import value_of
from pincite.ingest.passages import HEADED

__all__ = ["measure"]

K = ProvisionKind

_LAST_GROUP = re.compile(r"\((\w{1,6})\)(?:–\((\w{1,6})\))?$")
_NOTE = re.compile(r"\bfn\. (\d+)$")
_LAST_NUMBER = re.compile(r"(?:^|[\s.])(\d{1,4}[A-Za-z]{0,2}|[IVXLC]{1,7}|[A-Z])$")
_ROW = re.compile(r"([A-Z]{1,3}-?)(\d{1,3})$")
# Kinds that are numbered through a document, whatever chapter they stand in.
_THROUGHOUT = {K.ARTICLE, K.RECITAL, K.ANNEX}
_GONE = re.compile(
    r"\[(?:reserved|repealed|deleted|omitted|revoked)\b|\b(?:Reserved|Repealed|Deleted|Omitted|Revoked)\b"
    r"|\b(?:is|are|was|were) (?:hereby )?(?:repealed|deleted|omitted|revoked)\b|(?:\. ){4}"
)
_DENSE = 0.6
"""Share of the numbers from first to last that must exist before a missing one counts as a gap: sections of a code go
1798.100, .105, .110 on purpose."""


def measure(document: Document, passages: Sequence[Passage], left_out: Mapping[str, int]) -> Completeness:
    """Return the account of a document that was cut into `passages`."""
    counts = Counter(node.kind.value for node in document.provisions[1:])
    gaps: list[str] = []
    duplicates: list[str] = []
    last: dict[int, int] = {}  # of the enumerations below one provision: Section B may go on where Section A ended
    for series in _series(document):
        above = document.provisions[series[0].node.parent].parent
        missing, twice = _check(document, series, last.get(above, 0))
        last[above] = value_of(series[-1].last, series[0].number)
        gaps += missing
        duplicates += twice
    text = document.text
    reached = _reached(document, passages)
    visible = [not char.isspace() for char in text]
    inside, headings = (sum(1 for r, v in zip(reached, visible, strict=True) if v and r == n) for n in (1, 2))
    lost = list(_unreached(document, reached))
    return Completeness(
        counts=dict(counts),
        gaps=tuple(gaps),
        duplicates=tuple(duplicates),
        characters=sum(visible),
        in_passages=inside,
        in_headings=headings,
        unreached=sum(size for size, _ in lost),
        unreached_at=tuple(where for _, where in lost[:20]),
        replaced=text.count("\N{REPLACEMENT CHARACTER}"),
        left_out=dict(left_out),
    )


# -- numbering ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Numbered:
    node: Provision
    number: str
    last: str  # of "(b)–(d) [Reserved]"; otherwise the number


def _series(document: Document) -> Iterator[list[_Numbered]]:
    """Yield each enumeration: articles throughout the document, paragraphs of one article, rows of a schedule."""
    series: dict[tuple[object, ...], list[_Numbered]] = {}
    for node in document.provisions[1:]:
        key = _key(document, node)
        if key:
            series.setdefault(key[0], []).append(_Numbered(node, key[1], key[2] or key[1]))
    yield from series.values()


def _key(document: Document, node: Provision) -> tuple[tuple[object, ...], str, str] | None:
    """Return which enumeration a provision belongs to, its number in it, and the last one if it stands for several."""
    label = node.label
    if re.match(r"¶|p\. |l\. ", label):  # the place of a paragraph that the source did not number
        return None
    note = _NOTE.search(label)
    if note or node.kind is K.NOTE:
        return (("notes",), note.group(1), "") if note else None
    group = _LAST_GROUP.search(label)
    if group:
        return (node.parent, "point"), group.group(1), group.group(2) or ""
    row = _ROW.fullmatch(label)
    if node.kind is K.TABLE:
        return ((node.parent, row.group(1)), row.group(2), "") if row else None
    whole = label or document.text[node.start : node.body_start].split("\n")[0]
    if not label and node.kind not in (K.CHAPTER, K.SECTION, K.PART):
        return None
    if not label:
        stated = re.match(r"\s*([A-Za-z]+)\s+(\d{1,3}|[IVXLC]{1,7}|[A-Z])(?!\w)", whole)
        return ((node.parent, stated.group(1).casefold()), stated.group(2), "") if stated else None
    last = _LAST_NUMBER.search(label)
    if not last:
        return None
    stem = label[: last.start(1)]
    throughout = node.kind in _THROUGHOUT or re.fullmatch(r"(?:\d+\.)*", stem)
    return (("all" if throughout else node.parent), node.kind if not throughout else "", stem), last.group(1), ""


def _check(document: Document, series: Sequence[_Numbered], ended: int) -> tuple[list[str], list[str]]:
    """Return what is missing and what stands twice in one enumeration; `ended` is the last number of the one before."""
    values = [value_of(one.number, series[0].number, [n.number for n in series[1:2]]) for one in series]
    known = {value for value in values if value}
    if len(series) < 2 or not known:
        return [], []
    gaps: list[str] = []
    twice: list[str] = []
    sparse = min(known) > 30 or len(known) / (max(known) - min(known) + 1) < _DENSE
    before: tuple[int, _Numbered] | None = None
    for one, value in zip(series, values, strict=True):
        if not value:  # "2a", "za": inserted, continues nothing
            continue
        if before is None or value == 1:
            if value not in (1, ended + 1) and not sparse and not _marked(document, series[0].node.parent, one.node):
                gaps.append(_missing(one, value, 1))
        elif value == before[0]:
            twice.append(f"{one.node.label or one.number} stands twice")
        elif value > before[0] + 1 and not sparse and not _gone(document, before[1].node, one.node):
            count = value - before[0] - 1
            if count == 1 and _LAST_GROUP.search(one.node.label):
                gaps.append(_missing(one, value, value - 1))
            else:
                gaps.append(f"{_name(before[1])} is followed by {_name(one)}")
        before = max(value, value_of(one.last, series[0].number)), one
    return gaps, twice


def _name(one: _Numbered) -> str:
    return one.node.label or f"{one.node.kind.value.capitalize()} {one.number}"


def _missing(one: _Numbered, value: int, wanted: int) -> str:
    """Say that the number `wanted` is missing before `one`, whose value is `value`."""
    number = one.number
    if number.isdigit():
        word = str(wanted)
    elif len(number) == 1 and value == ord(number.lower()) - 96:
        word = chr(ord(number) - value + wanted)
    else:
        return f"nothing before {_name(one)}" if wanted == 1 else f"a number before {_name(one)} is missing"
    label = one.node.label
    if label.endswith(")"):
        return f"{label[: len(label) - len(number) - 1]}{word}) missing"
    return f"{word} missing before {label}"


def _gone(document: Document, before: Provision, after: Provision) -> bool:
    """Tell whether the text between two numbers says that those between were repealed or are reserved."""
    start = max(before.start, after.start - 300)
    return bool(_GONE.search(document.text, start, after.start))


def _marked(document: Document, parent: int, first: Provision) -> bool:
    start = document.provisions[parent].start if parent >= 0 else 0
    return bool(_GONE.search(document.text, max(start, first.start - 300), first.start))


# -- text --------------------------------------------------------------------------------------------------


def _reached(document: Document, passages: Sequence[Passage]) -> bytearray:
    """Return for each character of the text: 0 nowhere, 1 in a passage, 2 in a heading above a passage."""
    reached = bytearray(len(document.text))
    carried: set[int] = set()
    for passage in passages:
        start, end = passage.span.start, passage.span.end
        reached[start:end] = b"\1" * (end - start)
        index = passage.provision
        while index >= 0 and index not in carried:
            carried.add(index)
            index = document.provisions[index].parent
    for node in document.provisions:
        if node.kind in HEADED and node.index in carried:
            for at in range(node.start, node.body_start):
                reached[at] = reached[at] or 2
    return reached


def _unreached(document: Document, reached: bytearray) -> Iterator[tuple[int, str]]:
    """Yield size and place of each run of characters that reach nobody."""
    text = document.text
    for match in re.finditer(rb"\0+", bytes(reached)):
        words = text[match.start() : match.end()]
        size = sum(not char.isspace() for char in words)
        if size:
            at = match.start() + len(words) - len(words.lstrip())
            node = next((n for n in reversed(document.provisions) if n.start <= at < n.end and n.label), None)
            excerpt = " ".join(words.split())
            excerpt = excerpt if len(excerpt) <= 50 else excerpt[:47] + "…"
            yield size, f"{node.label if node else f'character {at}'}: “{excerpt}”"
