"""Markdown (with front matter) and plain text, with the lines or pages on which each paragraph stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import yaml

from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.decode import decode
from pincite.ingest.readers.plain.latex import plain_signs
from pincite.ingest.readers.plain.lines import Joiner, join_numbered_lines, mender, split_numbered_lines
from pincite.ingest.readers.plain.markdown import Markdown, table_row

__all__ = ["read_text", "split_numbered_lines", "table_row"]

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S)
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|[^\n]+\n(?:=+|-+)[ \t]*$|\|[ :-]*-[ :|-]*\|[ \t]*$)", re.M)
_NO_TITLE = re.compile(r"(?:version|revision|draft|contents|table of contents)\b.{0,20}$", re.I)
_EDGE = 2  # lines at the top and the bottom of a page that may be running heads


def read_text(data: bytes) -> RawDocument:
    """Read Markdown or plain text: Markdown is recognised by its headings, tables or front matter."""
    text, warnings = decode(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    metadata: dict[str, str] = {}
    first_line = 1
    match = _FRONT_MATTER.match(text)
    if match:
        metadata, problem = _front_matter(match.group(1))
        warnings += problem
        first_line += match.group().count("\n")
        text = text[match.end() :]
    if match or _MARKDOWN.search(text):
        text, signs = plain_signs(text)
        markdown = Markdown(first_line)
        blocks = tuple(markdown.read(text))
        left_out = dict(markdown.left_out)
        if signs:
            warnings += (f"{signs} formula(s) in LaTeX read as plain signs",)
        if markdown.figures:
            warnings += (f"{markdown.figures} figure(s) not read",)
    else:
        pages, running = _pages(text)
        join = mender(text)
        blocks = tuple(block for page in pages for block in _paragraphs(*page, join))
        left_out = {"running heads": running} if running else {}
    tops = [block.text for block in blocks if block.level == 1]
    title = metadata.get("title") or next((top for top in tops if not _NO_TITLE.match(top)), next(iter(tops), ""))
    return RawDocument(blocks, title, metadata, warnings, left_out=left_out)


def _front_matter(source: str) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        values = yaml.safe_load(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 2}" if mark else ""
        return {}, (f"front matter{line} is not YAML and was passed over",)
    if not isinstance(values, dict):
        return {}, ()
    return {str(key).lower(): str(value) for key, value in values.items() if value is not None}, ()


def _pages(text: str) -> tuple[list[tuple[list[str], int, int]], int]:
    """Return each page's lines, the number of its first line and of the page, and the characters of running heads.

    Pages are divided by form feeds; without any, there is one page with the number 0.
    """
    sheets = [sheet.split("\n") for sheet in text.split("\f")]
    edges = [[at for at, line in enumerate(lines) if line.strip()] for lines in sheets]
    counts = Counter(
        mask
        for lines, filled in zip(sheets, edges, strict=True)
        for mask in {_mask(lines[at]) for at in {*filled[:_EDGE], *filled[-_EDGE:]}}
    )
    needed = max(2, len(sheets) // 2 + 1) if len(sheets) > 2 else len(sheets) + 1
    running = 0
    pages = []
    line = 1
    for number, (lines, filled) in enumerate(zip(sheets, edges, strict=True), 1):
        for at in {*filled[:_EDGE], *filled[-_EDGE:]}:
            if counts[_mask(lines[at])] >= needed:
                running += len(lines[at].strip())
                lines[at] = ""
        pages.append((lines, line, number if len(sheets) > 1 else 0))
        line += len(lines) - 1
    return pages, running


def _mask(line: str) -> str:
    return re.sub(r"\d+", "#", line.strip())


def _paragraphs(lines: list[str], first_line: int, page: int, join: Joiner) -> Iterator[Block]:
    """Yield the paragraphs of a page: divided by empty lines, and at lines that begin with a number of their own."""
    begin = 0
    for at in range(len(lines) + 1):
        if at < len(lines) and lines[at].strip():
            continue
        for first, last, words in join_numbered_lines(lines[begin:at], join):
            start = begin + first + first_line
            yield Block(words, page=page, line=start, last_line=begin + last + first_line)
        begin = at + 1
