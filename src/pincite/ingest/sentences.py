"""Cuts legal prose into sentences by character offsets; never inside an abbreviation, number or citation."""

from __future__ import annotations

import re

from pincite.domain.documents import Span

__all__ = ["split_sentences"]

_ABBREVIATIONS = (
    r"Art|Arts|Nos?|Reg|Dir|Sec|Secs|Ch|Cl|Para|Paras|par|pp?|cf|vs?|etc|e\.g|i\.e|viz|approx|incl|max|min|ca|resp|"
    r"Inc|Ltd|Co|Corp|Mr|Mrs|Ms|Dr|Prof|St|U\.S|U\.S\.C|C\.F\.R|Stat|Pub|Fed|ed|eds|vol|fig|Fig|App|"
    r"Dept|Gov|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
)
_NO_END = re.compile(rf"(?:^|[\s(\[‘“\"'])(?:{_ABBREVIATIONS}|[A-Z])\.$")
_COUNTER = re.compile(r"(?:^|[:;|—])\s*\(?\d{1,3}\.$")
# a note's mark ("72 hours.[1]") belongs to the sentence that it stands behind
_END = re.compile(r"[.!?]+[)\]’”\"']*(?:\[[\divxlc]{1,4}\])*(?=\s+[\"“‘'(\[]?[A-Z0-9§])|\n+")


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the sentences of `text[start:end]` as spans of `text`, in order, without surrounding white space.

    A line feed always ends a sentence: normalised text has one only between blocks. "1." at the beginning of a
    sentence or of a table's cell ("Sector: 1. Energy") and abbreviations such as "Art." or "e.g." do not.
    """
    end = len(text) if end is None else end
    spans: list[Span] = []
    begin = start
    for match in _END.finditer(text, start, end):
        if match.group()[0] != "\n":
            stop = match.start() + 1
            if _NO_END.search(text[max(begin, stop - 13) : stop]) or _COUNTER.search(text[begin:stop]):
                continue
        _append(spans, text, begin, match.end())
        begin = match.end()
    _append(spans, text, begin, end)
    return spans


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append(Span(start, end))
