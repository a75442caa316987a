"""Cell values as a reader of the sheet sees them: dates as ISO, numbers with their decimals, percents, currencies."""

from __future__ import annotations

import datetime
import re
from typing import Any

__all__ = ["display"]


def display(value: Any, form: str) -> str:
    """Return a value as text.

    Args:
        value: as openpyxl gives it.
        form: the cell's number format; what is not understood of it leaves the plain number.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds").removesuffix(":00")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number(value, form or "General")
    return " ".join(str(value).split())


def _number(value: float, form: str) -> str:
    form = form.split(";")[0]
    quoted = re.findall(r'"([^"]*)"|\[\$([^\]-]*)[^\]]*\]|\\(.)', form)
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.', "", form).strip()
    match = re.fullmatch(r"([€$£¥]?)\s*([#0,]*)(?:\.([0#?]+))?\s*(%?)\s*([€$£¥]?)", bare)
    if not match or bare in ("", "@"):
        return f"{value:.11g}" if isinstance(value, float) else str(value)
    before, whole, decimals, percent, after = match.groups()
    places = (decimals or "").count("0")
    text = f"{value * 100 if percent else value:{',' if ',' in whole else ''}.{places}f}"
    if re.fullmatch(r"0{2,}", whole) and not decimals:
        text = f"{value:0{len(whole)}.0f}"
    words = [next(filter(None, groups), "") for groups in quoted]
    starts = bool(re.match(r'\s*(?:"|\[\$|\\)', form))
    before += "".join(words) if starts else ""
    after += "" if starts else "".join(words)
    return f"{before}{text}{percent}{after}".strip()
