"""Lines of a text joined to paragraphs: a new one at each number or letter, words divided at a line's end mended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

__all__ = ["join_numbered_lines", "mender", "split_numbered_lines"]

_STARTS = re.compile(
    r"(?:(?:\((?:[a-z]{1,5}|[A-Z]{1,4}|\d{1,3})\) ?)+|(?:[a-z]|[ivx]{1,5}|\d{1,2})\)|\d{1,3}(?:\.\d{1,3})+\.?"
    r"|\d{1,3}\.|\d{1,3}(?=\s+[A-Z])|[A-Z]\.|§ ?\d[\w.-]*|\[(?=\d+ FR\b))\s*\S"
)
_FIRST = re.compile(r"\((?:1|a|i|A)\) [*_\"“]{0,3}[A-Z]")
_CAPITAL = re.compile(r"\((?:[a-z]{1,5}|[A-Z]|\d{1,3})\) [*_\"“]{0,3}[A-Z]")
_REFERS = re.compile(
    r"\b(?:sections?|paragraphs?|subsections?|subparagraphs?|clauses?|points?|of|in|to|under|by|with)$", re.I
)
_SHORT = 60  # characters; a line that is shorter was ended on purpose

Joiner = Callable[[Sequence[str]], str]


def split_numbered_lines(lines: Sequence[str], join: Joiner = " ".join) -> Iterator[str]:
    """Join the lines of a paragraph, beginning anew at each line that starts with a number or letter of its own."""
    for _, _, text in join_numbered_lines(lines, join):
        yield text


def join_numbered_lines(lines: Sequence[str], join: Joiner = " ".join) -> Iterator[tuple[int, int, str]]:
    """Yield what `split_numbered_lines` does, each with the indices of its first and last line."""
    held: list[str] = []
    first = last = 0
    for at, raw in enumerate(lines):
        line = raw.strip()
        if (
            held
            and _STARTS.match(line)
            and (_ends(held[-1]) or _opens_list(line, held[-1]) or _follows(line, held[-1]))
        ):
            yield first, last, join(held)
            held = []
        if line:
            first = at if not held else first
            last = at
            held.append(line)
    if held:
        yield first, last, join(held)


def _opens_list(line: str, before: str) -> bool:
    """Tell whether "(1) The keeper …" opens a list below a heading without a stop; it may end a reference."""
    return _FIRST.match(line) is not None and not _REFERS.search(before)


def _follows(line: str, before: str) -> bool:
    """Tell whether "(c) The keeper …" is an entry after "(see § 4)"; a divided reference goes on in lower case."""
    return before.endswith(")") and _CAPITAL.match(line) is not None


def _ends(line: str) -> bool:
    """Tell whether a list entry can begin after `line`; "within\n72 hours" must stay together."""
    bare = line.rstrip(")]\"'”’*_ ")
    return (
        not bare
        or bare[-1] in ".;:,—-"
        or line[-1] == "]"
        or bare.endswith((" and", " or"))
        or len(line) < _SHORT
        or re.fullmatch(r"\([A-Za-z0-9]{1,5}\)", line) is not None
    )


def mender(text: str) -> Joiner:
    """Return a joiner for the hard-wrapped `text`: "insur-/ance" is one word if the text has it undivided elsewhere.

    Otherwise the hyphen stays and only the line's end goes ("well-/known").
    """
    if not re.search(r"[a-z]-\n[ \t]*[a-z]", text):
        return " ".join
    known = frozenset(re.findall(r"[a-z]{4,}", text.lower()))

    def join(lines: Sequence[str]) -> str:
        parts: list[str] = []
        for line in lines:
            before = re.search(r"([A-Za-z]+)-$", parts[-1]) if parts else None
            after = re.match(r"[a-z]+", line)
            if before and after:
                if (before.group(1) + after.group()).lower() in known:
                    parts[-1] = parts[-1][:-1]
                parts[-1] += line
            else:
                parts.append(line)
        return " ".join(parts)

    return join
