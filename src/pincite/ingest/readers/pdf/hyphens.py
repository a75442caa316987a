"""Lines to running text: hyphens at line ends are mended by what else the document writes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["Vocabulary"]

_WORD = re.compile(r"[^\W\d_]+(?:[-‐‑'’][^\W\d_]+)*")
_HYPHENS = "-‐‑"
_SUSPENDED = {"and", "or", "to", "und", "oder", "et", "ou", "nor"}  # "high- or low-impact"
_FIRST_PARTS = set("all-cross-half-high-ill-long-low-off-self-short-third-two-well".split("-"))
"""Words that a hyphen joins to what follows, where the document itself does not show how it writes the whole."""


class Vocabulary:
    """The words that a document writes within its lines."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        for line in lines:
            inner = line[: -len(line.split()[-1])] if line.rstrip().endswith((*_HYPHENS, "\u00ad")) else line
            self._counts.update(_WORD.findall(inner.lower().replace("‐", "-").replace("‑", "-")))

    def join(self, text: str, following: str) -> str:
        """Return `text` with the line `following` after it."""
        if not text:
            return following
        if text[-1] == "\u00ad":
            return text[:-1] + following
        if text[-1] in _HYPHENS and len(text) > 1 and not text[-2].isspace():
            return self._hyphenated(text, following)
        if text[-1] in "—/" and len(text) > 1 and not text[-2].isspace():
            return text + following
        return f"{text} {following}"

    def _hyphenated(self, text: str, following: str) -> str:
        before = re.search(r"[^\W\d_]+(?:[-‐‑][^\W\d_]+)*$", text[:-1])
        after = re.match(r"[^\W\d_]+(?:[-‐‑'’][^\W\d_]+)*", following)
        if before is None or after is None or not (after.group()[0].islower() or before.group().isupper()):
            return text + following  # "104-" + "191", "AI-" + "Enabled"
        first, second = before.group().lower(), after.group().lower()
        if second in _SUSPENDED:
            return f"{text} {following}"
        whole, hyphenated = self._counts[first + second], self._counts[f"{first}-{second}"]
        if whole == hyphenated:  # neither is known: two words of their own are a compound, two syllables are not
            parts = first.rpartition("-")[2], second.partition("-")[0]
            known = all(self._counts[part] for part in parts) and min(map(len, parts)) > 2
            keeps = known or first in _FIRST_PARTS
        else:
            keeps = hyphenated > whole
        return text + following if keeps else text[:-1] + following
