"""Markdown to blocks: headings, paragraphs line by line, list entries with their numbers, table rows, code."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from pincite.ingest.blocks import Block
from pincite.ingest.readers.plain.lines import join_numbered_lines

__all__ = ["Markdown", "table_row"]

_PAGE_MARK = re.compile(r"\{\d+\}-{8,}$")  # "{23}-----", as converters from PDF write between pages
# what a table without a header has in its place: its first row, with a sentence or a catalogue's number ("GV-6.1-005")
_NO_COLUMN = re.compile(r".{121}|^[A-Z]{2,4}-\d{1,2}(?:\.\d{1,2})?-\d{2,4}$", re.S)
_BREAK = "\u2028"  # a line break that is no line of the source


class Markdown:
    """One document while it is read."""

    def __init__(self, first_line: int = 1) -> None:
        """Count lines from `first_line`, that of the source on which the Markdown begins."""
        self._first = first_line
        self._left_out: Counter[str] = Counter()
        self.figures = 0

    @property
    def left_out(self) -> Mapping[str, int]:
        """Characters that are in no block, by what they are."""
        return dict(self._left_out)

    def read(self, text: str) -> list[Block]:
        """Return the blocks of `text`."""
        # more than six signs make no heading in CommonMark, but converters write them
        text = re.sub(r"^#{7,}(?=[ \t])", "######", text, flags=re.M)
        tokens = MarkdownIt("commonmark", {"maxNesting": 60}).enable("table").parse(text)
        blocks: list[Block] = []
        turned = False
        for block in self._blocks(tokens):
            if block is None:
                turned = True
                continue
            last = blocks[-1] if turned and blocks else None
            if last and _goes_on(last, block):  # a sentence that the end of a page divided
                text = f"{last.text} {block.text}"
                runs = (*last.emphasised, *block.emphasised)
                blocks[-1] = replace(last, text=text, last_line=block.last_line, emphasised=runs)
            else:
                blocks.append(block)
            turned = False
        return blocks

    def _blocks(self, tokens: list[Token]) -> Iterator[Block | None]:
        """Yield blocks, and None where a rule or a page mark stands."""
        numbers: list[int] = []  # the next number of each open list; -1 for a bullet list
        marker = ""
        item = False
        header: list[str] = []
        cells: list[str] = []
        in_head = False
        line = last_line = 0
        for index, token in enumerate(tokens):
            if token.map:
                line, last_line = token.map[0] + self._first, token.map[1] + self._first - 1
            match token.type:
                case "ordered_list_open":
                    start = token.attrGet("start")
                    numbers.append(1 if start is None else int(start))
                case "bullet_list_open":
                    numbers.append(-1)
                case "ordered_list_close" | "bullet_list_close":
                    numbers.pop()
                case "list_item_open":
                    item = numbers[-1] < 0
                    if not item:
                        if token.info.isdecimal():  # "1. 3." has a gap that a citation must keep; "1. 1." counts up
                            numbers[-1] = max(numbers[-1], int(token.info))
                        marker = f"{numbers[-1]}. "
                        numbers[-1] += 1
                    else:
                        marker = ""
                case "list_item_close":
                    marker, item = "", False
                case "hr":
                    yield None
                case "thead_open":
                    header, in_head = [], True
                case "tr_open":
                    cells = []
                case "tr_close":
                    header = cells if in_head else header
                    text = table_row([] if in_head else header, cells)
                    in_head = False
                    yield Block(text, row=True, line=line, last_line=line)
                case "inline" if tokens[index - 1].type in ("th_open", "td_open"):
                    cells.append(self._inline(token).replace(_BREAK, "\n"))
                case "inline" if tokens[index - 1].type == "heading_open":
                    text = self._inline(token).replace(_BREAK, " ")
                    level = int(tokens[index - 1].tag[1])
                    yield Block(text, level=level, line=line, last_line=last_line, emphasised=_emphasised(token))
                case "inline":
                    yield from self._paragraph(token, marker, item, line)
                    marker = ""
                case "fence" | "code_block":
                    begin = line + (token.type == "fence")
                    for at, code in enumerate(token.content.splitlines(), begin):
                        yield Block(code, line=at, last_line=at)
                case "html_block":
                    yield Block(self._strip_tags(token.content), line=line, last_line=last_line)

    def _paragraph(self, token: Token, marker: str, item: bool, line: int) -> Iterator[Block | None]:
        text = self._inline(token)
        if _PAGE_MARK.match(text):
            self._left_out["page marks"] += len(text)
            yield None
            return
        lines: list[str] = []
        places: list[int] = []
        for at, source in enumerate(text.split("\n"), line):
            for part in source.split(_BREAK):
                lines.append(part)
                places.append(at)
        for number, (first, last, words) in enumerate(join_numbered_lines(lines)):
            prefix = marker if number == 0 else ""
            yield Block(
                prefix + words, item=item, line=places[first], last_line=places[last], emphasised=_emphasised(token)
            )

    def _inline(self, token: Token) -> str:
        parts: list[str] = []
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                parts.append("\n")
            elif child.type == "image":
                self.figures += 1
                parts.append(child.content)
            elif child.type == "html_inline":
                if child.content.lower().startswith("<br"):
                    parts.append(_BREAK)
                elif child.content.startswith("<!--"):
                    self._left_out["comments"] += len(child.content)
            else:
                parts.append(child.content)
        return "".join(parts)

    def _strip_tags(self, source: str) -> str:
        for comment in re.findall(r"<!--.*?-->", source, re.S):
            self._left_out["comments"] += len(comment)
        self.figures += len(re.findall(r"<img\b", source, re.I))
        return html.unescape(re.sub(r"<!--.*?-->|<[^<>]*>", " ", source, flags=re.S))


def _emphasised(token: Token) -> tuple[str, ...]:
    """Return the runs of words in italics or bold, without the marks."""
    runs: list[str] = []
    depth = 0
    for child in token.children or ():
        if child.type in ("em_open", "strong_open"):
            depth += 1
            if depth == 1:
                runs.append("")
        elif child.type in ("em_close", "strong_close"):
            depth -= 1
        elif depth:
            runs[-1] += " " if child.type in ("softbreak", "hardbreak") else child.content
    return tuple(run for words in runs if (run := " ".join(words.split())))


def _goes_on(last: Block, block: Block) -> bool:
    return (
        not (last.level or last.row or block.level or block.row)
        and bool(last.text.strip() and block.text.strip())
        and last.text.rstrip()[-1] not in ".;:?!"
        and block.text.lstrip()[0].islower()
    )


def table_row(header: list[str], cells: list[str]) -> str:
    """Return a row as one line in which every cell carries its column heading, so that it can be cited alone."""
    if len(header) == len(cells) and any(header) and not any(_NO_COLUMN.search(head) for head in header):
        pairs = [f"{head}: {cell}" if head else cell for head, cell in zip(header, cells, strict=True) if cell]
        return "; ".join(pairs)
    return " | ".join(cell for cell in cells if cell)
