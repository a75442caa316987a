"""Markdown (with front matter) and plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.decode import decode

__all__ = ["read_text", "split_numbered_lines"]

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S)
_STARTS = re.compile(
    r"(?:\(?(?:[a-z]|[ivx]{1,5}|\d{1,2})\)|\d{1,3}(?:\.\d{1,3})+\.?|\d{1,3}\.|\d{1,3}(?=\s+[A-Z])|§ ?\d[\w.]*)\s+\S"
)
_HEADING_LINE = re.compile(r"#{1,6} \S|[^\n]+\n(?:=+|-+)[ \t]*$", re.M)


def read_text(data: bytes) -> RawDocument:
    """Read Markdown or plain text: Markdown is recognised by its headings or front matter."""
    text, warnings = decode(data)
    metadata: dict[str, str] = {}
    match = _FRONT_MATTER.match(text)
    if match:
        metadata, problem = _front_matter(match.group(1))
        warnings += problem
        text = text[match.end() :]
    if match or _HEADING_LINE.search(text):
        blocks = tuple(_markdown(text))
    else:
        blocks = tuple(Block(part) for part in _paragraphs(text))
    title = metadata.get("title") or next((block.text for block in blocks if block.level == 1), "")
    return RawDocument(blocks, title, metadata, warnings)


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


def _markdown(text: str) -> Iterator[Block]:
    tokens = MarkdownIt("commonmark", {"maxNesting": 60}).enable("table").parse(text)
    numbers: list[int] = []  # the next number of each open list; -1 for a bullet list
    marker = ""
    item = False
    header: list[str] = []
    cells: list[str] = []
    for index, token in enumerate(tokens):
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
                if (
                    not item and token.info.isdecimal()
                ):  # "1. 3." has a gap that a citation must keep; "1. 1." counts up
                    numbers[-1] = max(numbers[-1], int(token.info))
                marker = "" if item else f"{numbers[-1]}. "
                if not item:
                    numbers[-1] += 1
            case "list_item_close":
                marker, item = "", False
            case "thead_open":
                header = []
            case "tr_open":
                cells = []
            case "tr_close":
                in_head = any(t.type == "th_open" for t in tokens[max(0, index - 2 * len(cells) - 2) : index])
                if in_head:
                    header = cells
                yield Block(table_row(header if not in_head else [], cells), row=True)
            case "inline" if tokens[index - 1].type in ("th_open", "td_open"):
                cells.append(_inline(token))
            case "inline" if tokens[index - 1].type == "heading_open":
                yield Block(_inline(token), level=int(tokens[index - 1].tag[1]))
            case "inline":
                for number, line in enumerate(split_numbered_lines(_inline(token).split("\n"))):
                    yield Block((marker if number == 0 else "") + line, item=item)
                marker = ""
            case "fence" | "code_block":
                for line in token.content.splitlines():
                    yield Block(line)
            case "html_block":
                stripped = re.sub(r"<!--.*?-->|<[^<>]*>", " ", token.content, flags=re.S)
                yield Block(stripped)


def _inline(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "image":
            parts.append(child.content)
        elif child.type == "html_inline":
            parts.append("\n" if child.content.lower().startswith("<br") else "")
        else:
            parts.append(child.content)
    return "".join(parts)


def table_row(header: list[str], cells: list[str]) -> str:
    """Return a row as one line in which every cell carries its column heading, so that it can be cited alone."""
    if len(header) == len(cells) and any(header):
        pairs = [f"{head}: {cell}" if head else cell for head, cell in zip(header, cells, strict=True) if cell]
        return "; ".join(pairs)
    return " | ".join(cell for cell in cells if cell)


def split_numbered_lines(lines: list[str]) -> Iterator[str]:
    """Join the lines of a paragraph, beginning anew at each line that starts with a number or letter of its own."""
    held: list[str] = []
    for line in lines:
        if held and _STARTS.match(line.strip()) and _ends(held[-1]):
            yield " ".join(held)
            held = []
        if line.strip():
            held.append(line.strip())
    if held:
        yield " ".join(held)


def _ends(line: str) -> bool:
    """Tell whether a list entry can begin after `line`; "within\n72 hours" must stay together."""
    return line[-1] in ".;:,—-" or line.endswith((" and", " or")) or len(line) < 60


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\f", "\n\n")):
        yield from split_numbered_lines(paragraph.split("\n"))
