"""Tables of contents of a PDF: lines that lead to a page number are no provisions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.ingest.blocks import Block
from pincite.ingest.readers.pdf.rows import Row

__all__ = ["contents_rows", "without_repeated_headings"]

_LEADERS = re.compile(r"(?:[.…·] ?){4,}\s*(?:[ivxlc]{1,7}|\d{1,4})$", re.I)
_MOST_UNLIKE = 3  # entries in a row that are worded otherwise than their headings
_TAIL = 40  # characters of a line in which dots that lead to a number are looked for
_HEADING = re.compile(
    r"(?:table of )?contents(?: \(.*\)|:)?|list of (?:tables|figures|annexes|appendices)|(?:section|title)? ?page", re.I
)
_PAGE = re.compile(r"[ivxlc]{1,6}|\d{1,4}", re.I)
_APART = 1.5  # ems between an entry and its page number, where no dots lead to it
_MOST_WRAPPED = 10  # lines of one entry before the line with its page number


def contents_rows(rows: Sequence[list[Row]]) -> list[set[int]]:
    """Return for each page the rows that belong to a table of contents, its heading included."""
    found: list[set[int]] = [set() for _ in rows]
    opened = False  # a heading has announced a table of contents and no other text has followed
    plain = 0
    for at, page in enumerate(rows):
        waiting: list[int] = []
        for index, row in enumerate(page):
            text = row.text
            if _HEADING.fullmatch(text.strip()):
                opened, plain, waiting = True, 0, [*waiting, index]
            elif _LEADERS.search(text[-_TAIL:]) or (opened and _leads_to_page(row)):
                found[at] |= {*waiting, index}
                plain, waiting = 0, []
            elif opened or waiting or (index and index - 1 in found[at]):
                waiting.append(index)
                plain += 1
                if plain > _MOST_WRAPPED:
                    opened, waiting, plain = False, [], 0
    return found


def _leads_to_page(row: Row) -> bool:
    if len(row.words) < 2 or not _PAGE.fullmatch(row.words[-1].text):
        return False
    return row.words[-1].x0 - row.words[-2].x1 >= _APART * row.size


def without_repeated_headings(blocks: Sequence[Block]) -> tuple[list[Block], int]:
    """Leave out lists of contents without page numbers: after a heading "Contents", what later is a heading.

    Returns the blocks that stay, and how many characters were left out.
    """
    last = {_plain(block.text): at for at, block in enumerate(blocks) if block.level}
    kept: list[Block] = []
    left_out = at = 0
    while at < len(blocks):
        end = _end_of_contents(blocks, at, last) if _HEADING.fullmatch(blocks[at].text.strip()) else at
        if end > at + 1:
            left_out += sum(len(block.text) for block in blocks[at:end])
            at = end
        else:
            kept.append(blocks[at])
            at += 1
    return kept, left_out


def _end_of_contents(blocks: Sequence[Block], start: int, last: dict[str, int]) -> int:
    end = at = start + 1
    while at < len(blocks) and at - end < _MOST_UNLIKE:
        if last.get(_plain(blocks[at].text), -1) > at:
            end = at + 1
        at += 1
    return end


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().lower()
