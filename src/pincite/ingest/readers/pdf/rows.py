"""Rows of words on a PDF page, and those that are no part of the text: running heads, feet, page numbers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pincite.ingest.readers.pdf.words import PageWords, Word

__all__ = ["Row", "joined", "make_rows", "running_rows"]

_EDGE = 4  # rows from the top or the bottom that may be a running head or foot
_NUMBERS = re.compile(r"\d+")
_ROMAN = re.compile(r"(?:page )?[ivxlc]+", re.I)


@dataclass(slots=True, eq=False)
class Row:
    """Words on about one base line, from left to right, whatever column they belong to."""

    words: list[Word]
    y: float
    size: float

    @property
    def x0(self) -> float:
        """Left end."""
        return self.words[0].x0

    @property
    def x1(self) -> float:
        """Right end."""
        return max(word.x1 for word in self.words)

    @property
    def text(self) -> str:
        """Its words, joined."""
        return joined(self.words)


def joined(words: Iterable[Word]) -> str:
    """Return words as one string."""
    text = ""
    for word in words:
        text += word.text if word.glued or not text else " " + word.text
    return text


def make_rows(words: Sequence[Word]) -> list[Row]:
    """Gather words to rows from top to bottom."""
    rows: list[Row] = []
    for word in sorted(words, key=lambda word: (word.y, word.x0)):
        # half the size apart is still one row, so that columns of unequal base lines stand side by side
        if rows and word.y - rows[-1].y < 0.45 * min(rows[-1].size, word.size) and not _overprints(rows[-1], word):
            rows[-1].words.append(word)
            rows[-1].size = max(rows[-1].size, word.size)
        else:
            rows.append(Row([word], word.y, word.size))
    for row in rows:
        row.words.sort(key=lambda word: (word.x0, word.order))
        row.words[0].glued = False
        for before, word in zip(row.words, row.words[1:], strict=False):
            # a file may write the last letter of a word much later: then only the place tells what it belongs to
            if word.order != before.order + 1:
                word.glued = word.x0 - before.x1 < 0.12 * word.size
    return rows


def _overprints(row: Row, word: Word) -> bool:
    """Tell whether a word stands above or below one of the row rather than beside it."""
    return any(
        abs(other.y - word.y) > 0.25 * word.size and min(other.x1, word.x1) - max(other.x0, word.x0) > 0.2 * word.size
        for other in row.words
    )


def running_rows(pages: Sequence[PageWords], rows: Sequence[list[Row]], labels: Sequence[str]) -> list[dict[int, str]]:
    """Return for each page the rows that are no text, as index and what they are ("page numbers", "running heads").

    A row at a page's edge is one if its words, numbers aside, recur at its height on other pages, or if something
    small stands there, apart from the text, on most left or right pages. `labels` are the page numbers as printed.
    """
    found: list[dict[int, str]] = [{} for _ in pages]
    if len(pages) < 2:
        return found
    for at, (page_rows, label) in enumerate(zip(rows, labels, strict=True)):
        for index in {0, len(page_rows) - 1} if len(page_rows) > 1 else ():
            number = re.sub(r"[^\w]|page", "", page_rows[index].text, flags=re.I)
            if number and number.lower() in (label.lower(), str(at + 1)):
                found[at][index] = "page numbers"
    for bottom in (False, True):
        edges = [_edge_rows(page_rows, bottom) for page_rows in rows]
        recurring = _recurring(pages, rows, edges)
        slots = _slots(pages, rows, edges, bottom)
        for at, (page, page_rows) in enumerate(zip(pages, rows, strict=True)):
            for index in edges[at]:
                if index in found[at]:
                    continue
                row = page_rows[index]
                mask = _mask(row.text)
                if (mask, _height(page, row)) in recurring or (at % 2, _height(page, row)) in slots:
                    found[at][index] = "page numbers" if not re.search(r"[^\W\d_]", _bare(mask)) else "running heads"
                else:
                    break  # nothing further inside the page is a head
    return found


def _edge_rows(rows: list[Row], bottom: bool) -> list[int]:
    indexes = range(len(rows))
    return list(indexes[: -_EDGE - 1 : -1]) if bottom else list(indexes[:_EDGE])


def _mask(text: str) -> str:
    if _ROMAN.fullmatch(text):
        return "#"
    return " ".join(_NUMBERS.sub("#", text).split())


def _bare(mask: str) -> str:
    return re.sub(r"\b(?:page|of|p|pg|seite|von)\b", "", mask, flags=re.I)


def _height(page: PageWords, row: Row) -> int:
    return round(row.y / 4)


def _recurring(
    pages: Sequence[PageWords], rows: Sequence[list[Row]], edges: Sequence[list[int]]
) -> set[tuple[str, int]]:
    """Return masks and heights that recur on enough pages: on most of them, or, in longer documents, on a chapter's."""
    counts: Counter[tuple[str, int]] = Counter()
    texts: dict[tuple[str, int], set[str]] = defaultdict(set)
    for at, page in enumerate(pages):
        for index in edges[at]:
            row = rows[at][index]
            if "#" in (mask := _mask(row.text)) and re.search(r"[^\W\d_]", _bare(mask)) and not _in_margin(page, row):
                continue  # words with changing numbers are a head only where heads stand
            for height in (_height(page, row) - 1, _height(page, row), _height(page, row) + 1):
                key = _mask(row.text), height
                counts[key] += 1
                texts[key].add(row.text)
    enough = max(2, min(3, (len(pages) + 1) // 2))
    # a text whose numbers change must look like a counter, or "Article 1", "Article 2" at the top of pages were heads
    return {key for key, count in counts.items() if count >= enough and _is_counter(key[0], texts[key], count)}


def _is_counter(mask: str, texts: set[str], count: int) -> bool:
    if "#" not in mask or len(texts) == 1:
        return True
    words = re.findall(r"[^\W\d_]+", mask)
    numbered = re.match(r"\W*(?:article|section|chapter|annex|part|appendix|recital|schedule|clause) #", mask, re.I)
    if numbered or re.match(r"[(§]?#[.)].*[^\W\d_]", mask):  # "4.2 The owner…", "(3) …"
        return False
    return not re.match(r"[(§]?#", mask) or not words or len(texts) >= 0.8 * count >= 3


def _slots(
    pages: Sequence[PageWords], rows: Sequence[list[Row]], edges: Sequence[list[int]], bottom: bool
) -> set[tuple[int, int]]:
    """Return heights, for left and right pages, at which most pages have something small apart from the text."""
    sizes = Counter(round(row.size, 1) for page_rows in rows for row in page_rows for _ in row.words)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    counts: Counter[tuple[int, int]] = Counter()
    texts: dict[tuple[int, int], set[str]] = defaultdict(set)
    for at, (page, page_rows) in enumerate(zip(pages, rows, strict=True)):
        for index in edges[at][:1]:
            beside = index - 1 if bottom else index + 1
            if not 0 <= beside < len(page_rows):
                continue
            row, text = page_rows[index], page_rows[beside]
            apart = abs(text.y - row.y) > 1.9 * body
            if apart and row.size < 0.97 * body and _in_margin(page, row):
                counts[at % 2, _height(page, row)] += 1
                texts[at % 2, _height(page, row)].add(row.text)
    of_side = Counter(at % 2 for at in range(len(pages)))
    return {key for key, count in counts.items() if count >= 3 and count > 0.6 * of_side[key[0]]}


def _in_margin(page: PageWords, row: Row) -> bool:
    return not 0.09 * page.height < row.y < 0.91 * page.height
