"""Looks at the bytes of a PDF before PDFium does: streams that unfold beyond all measure, damage."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any

from pincite.errors import DocumentError

__all__ = ["check_streams", "is_damaged"]

_MOST_CONTENT = 8 * 1024 * 1024  # bytes of what draws a page; a dense page of text takes about 100 thousand
_MOST_OTHER = 64 * 1024 * 1024  # bytes of a font, a profile, an index; scans are images and do not count
_MOST_RATIO = 1032  # of DEFLATE: a smaller stream cannot unfold to more
_PIECE = 1 << 20
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_KEPT = re.compile(rb"/Subtype\s*/Image\b")
_NOT_CONTENT = re.compile(
    rb"/Type\s*/(?:ObjStm|XRef|Metadata|EmbeddedFile)|/Length1\b|/N \d|/FunctionType|/ShadingType|FontFile"
)
_MOST_HEAD = 4000  # bytes of a stream's dictionary looked at


def check_streams(data: bytes) -> None:
    """Refuse a file of which a stream unfolds to more than any page needs.

    Raises:
        DocumentError: names the stream's place in the file.
    """
    for match in _STREAM.finditer(data):
        end = data.find(b"endstream", match.end())
        end = len(data) if end < 0 else end
        head = data[max(0, match.start() - _MOST_HEAD) : match.start()].rpartition(b" obj")[2]
        layers = head.count(b"/FlateDecode") or head.count(b"/Fl ")
        most = _MOST_OTHER if _NOT_CONTENT.search(head) else _MOST_CONTENT
        if _KEPT.search(head) or (end - match.end()) * _MOST_RATIO ** max(1, layers) < most:
            continue
        size = _unfolded(data[match.end() : end], layers, most) if layers else end - match.end()
        if size > most:
            raise DocumentError(
                f"the stream at byte {match.start():,} unfolds to more than {most:,} bytes",
                hint="No page of text needs so much. Print the document to a new PDF and add that.",
            )


def _unfolded(packed: bytes, layers: int, most: int) -> int:
    """Return to how many bytes a stream unfolds, counted no further than `most`."""
    chain = [zlib.decompressobj() for _ in range(layers)]
    total = 0
    try:
        for piece in _pieces(packed, chain):
            total += len(piece)
            if total > most:
                break
    except zlib.error:
        pass  # encrypted or damaged: PDFium says so
    return total


def _pieces(packed: bytes, chain: list[Any]) -> Iterator[bytes]:
    """Unfold layer within layer, never more than a piece at a time."""
    if not chain:
        yield packed
        return
    while packed:
        yield from _pieces(chain[0].decompress(packed, _PIECE), chain[1:])
        packed = chain[0].unconsumed_tail


def is_damaged(data: bytes) -> bool:
    """Tell whether the file's index is not where its end says, so that PDFium has to rebuild it."""
    tail = data.rstrip(b"\x00\r\n\t ")[-1024:]
    places = re.findall(rb"startxref\s+(\d+)", tail)
    if not places or b"%%EOF" not in tail:
        return True
    index = data[int(places[-1]) + max(0, data.find(b"%PDF-")) :][:30].lstrip()
    return not (index.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", index))
