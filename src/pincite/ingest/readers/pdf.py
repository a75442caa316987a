"""PDF through PDFium: running heads and page numbers removed, hyphenation mended, pages kept for the pin-cite."""

from __future__ import annotations

import re
from collections import Counter

import pypdfium2

from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, RawDocument

__all__ = ["read_pdf"]

_MOST_PAGES = 5000
_NEW_BLOCK = re.compile(
    r"(?:\(?(?:[a-z]|[ivx]{1,5}|\d{1,3})\)|\d{1,3}(?:\.\d{1,3})*\.?|§ ?\d[\w.]*|[•●▪–—-])\s+\S"
    r"|(?:Article|Section|Chapter|Annex|Part|Recital) [\dIVXLC]+\b",
    re.I,
)
_NUMBERED_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)\.?\s+[A-Z][^.;:]{2,80}$")


def read_pdf(data: bytes) -> RawDocument:
    """Read the text layer of a PDF; pages without one are reported, never guessed at."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"not a readable PDF ({error})", hint="Remove its password or save it again.") from error
    try:
        if len(document) > _MOST_PAGES:
            raise DocumentError(f"{len(document):,} pages; the limit is {_MOST_PAGES:,}")
        pages = [_lines(page.get_textpage().get_text_bounded()) for page in document]
        title = str(document.get_metadata_dict().get("Title") or "")
    finally:
        document.close()
    empty = [number for number, lines in enumerate(pages, 1) if not lines]
    if len(empty) == len(pages):
        raise DocumentError("no page has a text layer", hint="Run text recognition over the scan first.")
    warnings = (f"no text on page(s) {', '.join(map(str, empty[:20]))}",) if empty else ()
    running = _running_lines(pages)
    blocks: list[Block] = []
    for number, lines in enumerate(pages, 1):
        kept = [line for at, line in enumerate(lines) if not (_edge(at, lines) and _mask(line) in running)]
        _join(blocks, kept, number)
    return RawDocument(tuple(blocks), title if len(title) > 4 else "", {}, warnings)


def _lines(text: str) -> list[str]:
    # PDFium marks a hyphen at a line's end as U+FFFE or U+0002
    text = text.replace("\ufffe", "-").replace("\x02", "-")
    return [line.strip() for line in text.replace("\r", "").split("\n") if line.strip()]


def _mask(line: str) -> str:
    return re.sub(r"\d+", "#", line)


def _edge(at: int, lines: list[str]) -> bool:
    return at < 3 or at >= len(lines) - 3


def _running_lines(pages: list[list[str]]) -> set[str]:
    """Return the heads, feet and page numbers: lines that recur, digits aside, at the edge of most pages."""
    counts = Counter(
        line for lines in pages for line in {_mask(text) for at, text in enumerate(lines) if _edge(at, lines)}
    )
    needed = max(2, len(pages) // 2 + 1) if len(pages) > 2 else 2
    return {line for line, count in counts.items() if count >= needed}


def _join(blocks: list[Block], lines: list[str], page: int) -> None:
    """Append a page's lines to `blocks`, joined to paragraphs, the first also to the last page's open one."""
    width = max((len(line) for line in lines), default=0)
    previous = ""
    for line in lines:
        heading = bool(_NUMBERED_HEADING.match(line)) and len(line) < 0.8 * width
        last = blocks[-1] if blocks else None
        begins = (
            last is None
            or heading
            or last.level > 0
            or bool(_NEW_BLOCK.match(line))
            or (last.text[-1] in ".;:!?" and (len(previous) < 0.8 * width or not previous))
            or (bool(previous) and len(previous) < 0.5 * width and line[:1].isupper())
        )
        if begins:
            blocks.append(Block(line, level=2 if heading else 0, page=page))
        elif last is not None:
            mended = last.text[:-1] if last.text.endswith("-") and line[:1].islower() else last.text + " "
            blocks[-1] = Block(mended + line, page=last.page)
        previous = line
