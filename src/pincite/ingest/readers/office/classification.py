"""Classification labels where documents carry them: headers, footers, watermarks."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["classification_in"]

_LABEL = (
    r"(?:(?:strictly|highly|company|business|commercial(?:ly)?) )?(?:confidential|restricted|sensitive)|"
    r"(?:for )?internal(?: use)?(?: only)?|public|unclassified|(?:top )?secret|official(?:[- :]+sensitive)?|"
    r"tlp ?: ?(?:red|amber(?:\+strict)?|green|clear|white)|streng vertraulich|vertraulich|nur für den dienstgebrauch"
)
_STATED = re.compile(
    r"\b(?:classification|classified as|security class(?:ification)?)\s*[:=-]\s*([^|;\t\n]{2,60})", re.I
)
_ALONE = re.compile(_LABEL, re.I)


def classification_in(lines: Iterable[str]) -> str:
    """Return the classification label that one of the lines states or consists of, as written; "" if none does."""
    lines = list(lines)
    for line in lines:
        stated = _STATED.search(line)
        if stated:
            return " ".join(stated.group(1).split())
    for line in lines:
        for part in re.split(r"\s*[|•·;\t\n–—]\s*|\s+-\s+", line):
            if _ALONE.fullmatch(part.strip(" .[]()*")):
                return " ".join(part.strip(" .[]()*").split())
    return ""
