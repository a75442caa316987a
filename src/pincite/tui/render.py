"""Untrusted text made into Textual content: never markup, never a control character, quotes marked with » «."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pincite.domain.documents import Span
from pincite.domain.text import collapse, printable

__all__ = ["bold", "dim", "inert", "line", "lines_before", "marked", "plain", "shorten"]

MARK = "bold reverse"  # both show without colour
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> Content:
    """Return `text` as literal content."""
    return Content(printable(text))


def bold(text: str) -> Content:
    """Return `text` as literal bold content."""
    return Content.styled(printable(text), "bold")


def dim(text: str) -> Content:
    """Return `text` as literal dim content."""
    return Content.styled(printable(text), "dim")


def line(text: str) -> str:
    """Return `text` printable and on one line."""
    return collapse(printable(text))


def shorten(text: str, length: int) -> str:
    """Return `text` on one line, cut after `length` characters at a word's end where possible."""
    text = line(text)
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[length // 2 :] else cut).rstrip(" ,.;:") + "…"


def inert(text: str) -> str:
    """Return `text` harmless for a terminal and of the same length, so that offsets into it still hold."""
    if printable(text) == text:
        return text
    return "".join(char if char in " \n" else _harmless(char) for char in text)


def _harmless(char: str) -> str:
    safe = printable(char)
    if len(safe) == 1:
        return safe
    return " " if char.isspace() else _REPLACEMENT


def marked(text: str, marks: Sequence[Span], lead_in: str = "") -> Content:
    """Return a passage with `marks` between » and « in bold reverse, after its lead-in."""
    parts: list[Content] = [Content.styled(f"{inert(lead_in)}\n", "italic")] if lead_in else []
    safe, at = inert(text), 0
    for mark in _merged(marks, len(safe)):
        parts += [Content(safe[at : mark.start]), Content.styled(f"»{mark.of(safe)}«", MARK)]
        at = mark.end
    parts.append(Content(safe[at:]))
    return Content("").join(parts)


def _merged(marks: Sequence[Span], length: int) -> list[Span]:
    """Return `marks` clipped to the text, in order, overlaps joined."""
    merged: list[Span] = []
    for mark in sorted(marks, key=lambda span: span.start):
        start, end = max(mark.start, 0), min(mark.end, length)
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(end, merged[-1].end))
        else:
            merged.append(Span(start, end))
    return merged


def lines_before(text: str, marks: Sequence[Span], lead_in: str, width: int) -> int:
    """Return how many screen lines of a passage stand above its first mark when wrapped at `width`."""
    spans = _merged(marks, len(text))
    if not spans or width < 1:
        return 0
    before = (f"{inert(lead_in)}\n" if lead_in else "") + inert(text)[: spans[0].start] + "»"
    return len(Content(before).wrap(width)) - 1
