"""Follow-up questions made self-contained from the conversation's earlier questions, never from old passages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.search.terms import content_words

__all__ = ["Standalone", "make_standalone"]

from dataclasses import dataclass

_OPENING = re.compile(
    r"(?:and|but|or|so|then|also|what about|how about|what if|even if|in that case|if so|why|who else|"
    r"since when|until when)\b[ ,]?",
    re.I,
)
_POINTING = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|there|then|such|the same|one|ones|he|she|him|"
    r"her|both|either|neither)\b",
    re.I,
)
_FEW_WORDS = 6


@dataclass(frozen=True, slots=True)
class Standalone:
    """A question that can be searched for alone.

    Attributes:
        text: earlier question and follow-up together, or the question itself.
        earlier: the earlier question it rests on, empty if it needs none.
        question: as asked.
    """

    text: str
    earlier: str
    question: str


def make_standalone(question: str, history: Sequence[str]) -> Standalone:
    """Return the self-contained form of `question`; `history` holds earlier questions, oldest first.

    A question that stands by itself is taken as a change of topic and left alone. A chain of follow-ups rests on
    the last question that did not need another.
    """
    if not history or not _needs_more(question):
        return Standalone(question, "", question)
    base = next((earlier for earlier in reversed(history) if not _needs_more(earlier)), history[0])
    links = [base] if base == history[-1] else [base, history[-1]]
    return Standalone(" ".join([*links, question]), " ".join(links), question)


def _needs_more(question: str) -> bool:
    words = content_words(question)
    if len(words) <= 1:
        return True
    if re.search(r"\b(?:article|art\.|recital|annex|§|policy|section) ?\d", question, re.I) and len(words) > 2:
        return False
    opened = _OPENING.match(question.strip())
    pointing = _POINTING.search(question)
    return bool(opened and len(words) <= _FEW_WORDS) or bool(pointing and len(words) <= 3)
