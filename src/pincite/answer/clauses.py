"""The checks of a claim, with long sentences compared clause by clause before a claim is refused for being unlike."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pincite.answer.checks import Support, check_claim
from pincite.embed.protocol import Vectors

__all__ = ["check_by_clause"]

_END = re.compile(r"[,;:—] ")
_FEWEST_WORDS = 5


def check_by_clause(claim: str, support: Support, vector: Vectors, encode: Callable[[Sequence[str]], Vectors]) -> str:
    """Return the first check that a claim fails, or "".

    The vector of a sentence of a hundred words is near to none of the things that it says.

    Args:
        claim: the sentence to check.
        support: what it cites.
        vector: of the claim, shape (dimensions,), unit length.
        encode: gives unit vectors of sentences, shape (sentences, dimensions).
    """
    failed = check_claim(claim, support)
    clauses = _clauses(support.best) if failed == "similarity" else []
    if not clauses:
        return failed
    nearest = float((encode(clauses) @ vector).max())
    return check_claim(claim, replace(support, similarity=max(support.similarity, nearest)))


def _clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence, and each with the one after it; none if it has but one."""
    parts = [part for part in _END.split(sentence) if part.strip()]
    pairs = [f"{first}, {second}" for first, second in itertools.pairwise(parts)]
    return [one for one in (*parts, *pairs) if len(one.split()) >= _FEWEST_WORDS] if len(parts) > 1 else []
