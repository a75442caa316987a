"""Dates as documents and people write them; what can be read in two ways is never guessed."""

from __future__ import annotations

import re
from datetime import date

__all__ = ["iso_date", "read_date"]

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?[ -](?:of )?([a-z]+)\.?,?[ -](\d{4})", re.I)
_MONTH_DAY = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.I)
# English names; a month in another language is unreadable, and said to be
_MONTHS = "january february march april may june july august september october november december".split()


def iso_date(text: str) -> date:
    """Return the date written as ``2026-01-31``.

    Raises:
        ValueError: if it is written in any other way.
    """
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(f"{text!r} is not a date of the form 2026-01-31")
    return date.fromisoformat(text)


def read_date(text: str) -> date:
    """Return the date that a document states: ISO, "1 January 2026", "January 1, 2026", "31/01/2026".

    Raises:
        ValueError: if it is no date, or if day and month could be told either way ("01/02/2026").
    """
    text = " ".join(text.split())
    for pattern in (_ISO, _YEAR_FIRST):
        if match := pattern.fullmatch(text):
            return _date(text, *map(int, match.groups()[:3]))
    if match := _DAY_MONTH.fullmatch(text):
        return _date(text, int(match[3]), _month(match[2], text), int(match[1]))
    if match := _MONTH_DAY.fullmatch(text):
        return _date(text, int(match[3]), _month(match[1], text), int(match[2]))
    if match := _NUMBERS.fullmatch(text):
        low, high = sorted((int(match[1]), int(match[2])))
        if low < high <= 12:
            raise ValueError(f"{text!r} can be read as {match[3]}-{low:02}-{high:02} or {match[3]}-{high:02}-{low:02}")
        return _date(text, int(match[3]), low, high)
    raise ValueError(f"{text!r} is not a date that can be read")


def _month(name: str, text: str) -> int:
    found = [n for n, month in enumerate(_MONTHS, 1) if len(name) >= 3 and month.startswith(name.lower())]
    if name.lower() == "sept":
        return 9
    if len(found) != 1:
        raise ValueError(f"{text!r} is not a date that can be read")
    return found[0]


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar") from None
