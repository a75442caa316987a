"""Questions that point at something outside themselves: "By when must those people be informed?"."""

from __future__ import annotations

import re

__all__ = ["points_outside"]

_POINTS = re.compile(
    r"\b(?:this|these|those)\b(?! (?:who|whose|which|that|with|without|of|in|for|from|under|affected|concerned)\b)"
    r"(?: (?P<what>[\w-]+))?",
    re.I,
)
_WORD = re.compile(r"[\w-]+")
_SENTENCE_BEFORE = re.compile(r"[.!?;]\s+\w")
_OF_TODAY = frozenset("year month week day time".split())


def points_outside(question: str) -> str:
    """Return the words of a question that point at what it does not say itself, such as "those people"; "" if none.

    Every row is asked alone, so such words are not understood from the rows before. What was named earlier in the
    same question ("If a dataset arrives, where must this dataset stay?") points at nothing outside.
    """
    for match in _POINTS.finditer(question):
        before, what = question[: match.start()], match["what"] or ""
        if _SENTENCE_BEFORE.search(question[: match.start() + 1]) or what.lower() in _OF_TODAY:
            continue
        if what and what.lower().rstrip("s") in {word.rstrip("s") for word in _WORD.findall(before.lower())}:
            continue
        return match.group().strip()
    return ""
