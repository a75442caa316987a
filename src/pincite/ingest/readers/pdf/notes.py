"""Footnotes of a PDF page and their marks in the text: taken out of the running words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.ingest.readers.pdf.layout import Line, TableRow
from pincite.ingest.readers.pdf.words import Rule

__all__ = ["part_notes", "take_marks"]

_MARK = re.compile(r"\d{1,3}|[*†‡§¶]{1,3}|[a-z]")
_SMALLER = 0.93  # times the body's size
_RAISED_DIGITS = str.maketrans("0123456789+-()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾")


def part_notes(
    items: Sequence[Line | TableRow], rules: Sequence[Rule], body: float
) -> tuple[list[Line | TableRow], list[tuple[str, list[Line]]]]:
    """Divide what stands on a page into text and notes: small print at the end of a column that opens with a mark."""
    kept: list[Line | TableRow] = []
    notes: list[tuple[str, list[Line]]] = []
    for column in _columns(items):
        at = len(column)
        while at and isinstance(line := column[at - 1], Line) and line.size <= _SMALLER * body:
            at -= 1
        start = next((i for i in range(at, len(column)) if _mark_of(column[i])), len(column))
        line = column[start] if start < len(column) else None  # type: ignore[assignment]
        if isinstance(line, Line) and (_under_rule(line, rules) or line.words[0].raised or start > 0):
            kept += column[:start]
            notes += _notes(column[start:])
        else:
            kept += column
    return kept, notes


def _columns(items: Sequence[Line | TableRow]) -> list[list[Line | TableRow]]:
    columns: list[list[Line | TableRow]] = []
    before: Line | None = None
    for item in items:
        if isinstance(item, Line) and before is not None and (item.left, item.right) != (before.left, before.right):
            columns.append([])
        if not columns:
            columns.append([])
        columns[-1].append(item)
        before = item if isinstance(item, Line) else before
    return columns


def _mark_of(item: Line | TableRow) -> str:
    """Return the mark that a note begins with, or nothing."""
    if not isinstance(item, Line) or len(item.words) < 2:
        return ""
    first, second = item.words[:2]
    small = first.raised or first.size < 0.8 * second.size
    if small and _MARK.fullmatch(first.text):
        return first.text
    attached = re.match(r"([*†‡]{1,3})\S", first.text)
    if attached:
        return attached.group(1)
    return first.text if re.fullmatch(r"\d{1,3}|[*†‡]{1,3}|\[\d{1,3}\]", first.text) else ""


def _under_rule(line: Line, rules: Sequence[Rule]) -> bool:
    return any(
        rule.level and abs(rule.x0 - line.left) < 12 and 0 < line.y - rule.y0 < 3.5 * line.size for rule in rules
    )


def _notes(lines: Sequence[Line | TableRow]) -> list[tuple[str, list[Line]]]:
    notes: list[tuple[str, list[Line]]] = []
    for line in lines:
        if not isinstance(line, Line):
            continue
        mark = _mark_of(line)
        if mark or not notes:
            if line.words[0].text == mark:
                line.words = line.words[1:]
            else:
                line.words[0].text = line.words[0].text[len(mark) :]
            notes.append((mark.strip("[]"), [line]))
        else:
            notes[-1][1].append(line)
    return notes


def take_marks(items: Sequence[Line | TableRow], marks: set[str]) -> int:
    """Take the raised marks of notes out of a page's lines; other raised digits become raised characters.

    Returns how many characters were taken out.
    """
    taken = 0
    lines = [
        line
        for item in items
        for line in ([item] if isinstance(item, Line) else [line for cell in item.cells for line in cell])
    ]
    for line in lines:
        kept = []
        for word in line.words:
            if word.raised and set(re.split(r"[,\s]+", word.text)) - {""} <= marks:
                taken += len(word.text)
                continue
            if (
                word.raised
                and word.text.translate(_RAISED_DIGITS) != word.text
                and word.text.strip("0123456789+-()") == ""
            ):
                word.text = word.text.translate(_RAISED_DIGITS)
            kept.append(word)
        line.words = kept or line.words
    return taken
