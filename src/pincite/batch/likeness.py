"""Which questions are the same question: answered once, and marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from pincite.batch.rows import Row, numbered

__all__ = ["canonical", "leaders"]

_WORD = re.compile(r"[^\W_]+(?:['’.,:/-][^\W_]+)*|[%€$£§<>=]")
# What a questionnaire says to be polite, or says in one copy and not in the other. Words that could change what is
# asked (numbers, denials, names, "all", "only", the order of words) always count.
_FILLERS = frozenset("a an the please kindly".split())
_OPENINGS = re.compile(
    r"^(?:(?:can|could|would) you (?:confirm|tell us|describe|explain|state) "
    r"|(?:confirm|tell us|describe|explain|state) )"
)


def canonical(question: str) -> str:
    """Return the words of a question by which it is compared with others.

    Left out are: case, punctuation between words, a number before the question, articles, "please", "kindly", and
    an opening such as "can you confirm". Everything else counts, in its order.
    """
    _, words = numbered(question.strip())
    kept = [word for word in _WORD.findall(words.casefold().replace("’", "'")) if word not in _FILLERS]
    text = " ".join(kept)
    return _OPENINGS.sub("", text) or text


def leaders(rows: Sequence[Row], as_of: date | None = None) -> dict[int, int]:
    """Return for each row's number that of the first row with the same question and the same filters.

    Rows that cannot be asked or are answered already lead nobody but themselves.
    """
    first: dict[tuple[object, ...], int] = {}
    led: dict[int, int] = {}
    for row in rows:
        if row.problem or row.kept:
            led[row.number] = row.number
            continue
        likeness = canonical(row.asked), frozenset(row.documents), row.label, row.as_of or as_of
        led[row.number] = first.setdefault(likeness, row.number)
    return led
