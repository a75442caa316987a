"""Dates that an EU act states about itself: from when it applies, of which day a consolidated text is."""

from __future__ import annotations

import datetime
import re

__all__ = ["applies_from", "iso_date"]

_MONTHS = "January February March April May June July August September October November December".split()
_APPLIES = re.compile(
    r"(?:It|This (?:Regulation|Directive|Decision)) shall apply (?:as )?from "
    rf"(\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d{{4}})"
)


def applies_from(text: str) -> str:
    """Return the date from which `text` says that the act applies, as YYYY-MM-DD; "" if it says none."""
    match = _APPLIES.match(text)
    if not match:
        return ""
    return _iso(int(match.group(3)), _MONTHS.index(match.group(2)) + 1, int(match.group(1)))


def iso_date(text: str) -> str:
    """Return "20180523", "23.5.2018", "23/05/2018" or "2018-05-23" as YYYY-MM-DD; "" if it is no date."""
    match = re.fullmatch(r"\s*(\d{4})-?(\d{2})-?(\d{2})\s*", text)
    if match:
        return _iso(*(int(part) for part in match.groups()))
    match = re.fullmatch(r"\s*(\d{1,2})[./](\d{1,2})[./](\d{4})\s*", text)
    return _iso(*(int(part) for part in reversed(match.groups()))) if match else ""


def _iso(year: int, month: int, day: int) -> str:
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        return ""
