"""Looks at the bytes of a PDF before PDFium does: streams that unfold beyond all measure, damage."""

from __future__ import annotations

import re
import zlib

from pincite.errors import DocumentError

__all__ = ["check_streams", "is_damaged"]

_MOST_UNFOLDED = 48 * 1024 * 1024  # bytes of one stream of text or drawings; scans are images and do not count
_MOST_RATIO = 1032  # of DEFLATE; a smaller stream cannot unfold to more
_PIECE = 1 << 20
_STREAM = re.compile(rb"stream\r?\n")
_IMAGE = re.compile(rb"/Subtype\s*/Image\b")


def check_streams(data: bytes) -> None:
    """Refuse a file of which a stream unfolds to more than any page needs.

    Raises:
        DocumentError: names the stream's place in the file.
    """
    for match in _STREAM.finditer(data):
        if data[max(0, match.start() - 3) : match.start()] == b"end":
            continue
        end = data.find(b"endstream", match.end())
        end = len(data) if end < 0 else end
        if (end - match.end()) * _MOST_RATIO < _MOST_UNFOLDED and b"[" not in data[max(0, match.start() - 300): match.start()]:
            continue
        head = data[max(0, match.start() - 2000) : match.start()].rpartition(b" obj")[2]
        if b"/FlateDecode" not in head and b"/Fl" not in head or _IMAGE.search(head):
            continue
        layers = max(1, head.count(b"/FlateDecode"))
        if _unfolds(data[match.end() : end], layers) > _MOST_UNFOLDED:
            raise DocumentError(
                f"a stream at byte {match.start():,} unfolds to more than {_MOST_UNFOLDED:,} bytes",
                hint="No page of text needs that much; the file may be made to exhaust its reader.",
            )


def _unfolds(packed: bytes, layers: int) -> int:
    """Return to how many bytes a stream unfolds, counted no further than the limit."""
    chain = [zlib.decompressobj() for _ in range(layers)]
    total = 0
    try:
        for start in range(0, len(packed), _PIECE):
            for piece in _pieces(packed[start : start + _PIECE], chain):
                total += len(piece)
                if total > _MOST_UNFOLDED:
                    return total
    except zlib.error:
        pass  # encrypted or damaged: PDFium says so
    return total


def _pieces(packed: bytes, chain: list):  # type: ignore[no-untyped-def, type-arg]
    if not chain:
        yield packed
        return
    first, rest = chain[0], chain[1:]
    while packed:
        yield from _pieces(first.decompress(packed, _PIECE), rest)
        packed = first.unconsumed_tail


def is_damaged(data: bytes) -> bool:
    """Tell whether the file's own index is not where its end says, so that PDFium had to rebuild it."""
    tail = data.rstrip(b"\x00\r\n\t ")[-1024:]
    places = re.findall(rb"startxref\s+(\d+)", tail)
    if not places or b"%%EOF" not in tail:
        return True
    start = data.find(b"%PDF-")
    at = int(places[-1]) + max(0, start)
    index = data[at : at + 30].lstrip()
    return not (index.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", index))
