"""Which place in an enumeration each marker has: whether "(i)" is the first Roman numeral or the ninth letter."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["MARKER", "Mark", "Place", "Step", "readings", "resolve"]

# "(a)", "(12)", "A." or "3." at the beginning of a paragraph; "(b)–(d)" is a range, reserved or repealed.
MARKER = re.compile(
    r"\(([a-z]{1,6}|[A-Z]{1,6}|\d{1,3}(?:\.\d)?)\)"
    r"(?:\s*(?:[-–—,]|to|through|and)\s*\(([a-z]{1,5}|[A-Z]{1,5}|\d{1,3})\)(?=[\s.]*[\[(]?(?:Reserved|Omitted|Repealed)))?\s*"
    r"|([a-zA-Z]|[IVX]{2,5}|\d{1,3})\.\s+"
)

_MOST_DEPTH = 9
_BEAM = 8  # readings kept open at a time
_NARROW = 2  # the same in a section of more steps than any law has
_MOST_STEPS = 4000
_HOPELESS = 6.0  # a reading that is this much worse than the best is given up

# What a list below another is marked with, in the order of each drafting tradition.
_FEDERAL_RULES = ("(a)", "(1)", "(i)", "(A)", "(1)", "(i)")
_STATUTES = ("(a)", "(1)", "(A)", "(i)", "(I)", "(aa)", "(AA)")
_COMMONWEALTH = ("A.", "1.", "a.", "(1)", "(a)", "(i)")
_AT_ROOT = {"(a)": 0.0, "A.": 0.0, "(1)": 0.1, "1.": 0.1, "(A)": 0.6, "(i)": 0.6, "(I)": 0.8, "a.": 0.6, "I.": 0.0}


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker in reading order.

    Attributes:
        word: what stands in the brackets or before the dot.
        form: "(" or ".".
        last: the end of a range ("(b)–(d)"), otherwise empty.
        joined: it follows another marker directly ("(b)(1)"), so it can only stand below that one.
    """

    word: str
    form: str = "("
    last: str = ""
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What happens next in a section: a marker, or the beginning of something that is enumerated anew.

    Attributes:
        mark: the marker; None where a definition begins.
        keep: for the beginning of a definition: how many levels stay open around it.
    """

    mark: Mark | None
    keep: int = 0


Place = tuple[str, int]  # style and value of one open level
_Stack = tuple[Place, ...]


@functools.lru_cache(maxsize=4096)
def readings(word: str, form: str = "(") -> tuple[Place, ...]:
    """Return the ways to read a marker as (style, value); the styles are "(a)", "(A)", "(1)", "(i)", "(I)", "(aa)"…"""
    shape = "({})" if form == "(" else "{}."
    if word[0].isdigit():
        return ((shape.format("1"), int(float(word))),)
    lower = word.lower()
    small = word.islower()
    found: list[Place] = []
    if len(set(lower)) == 1:
        ordinal = ord(lower[0]) - 96
        found.append((shape.format("a" if small else "A"), (len(word) - 1) * 26 + ordinal))
        if len(word) == 2:
            found.append((shape.format("aa" if small else "AA"), ordinal))
    elif len(word) == 2:  # "(ab)" comes after "(aa)" in long lists
        found.append((shape.format("a" if small else "A"), (ord(lower[0]) - 96) * 26 + ord(lower[1]) - 96))
    number = _roman(lower)
    if number:
        found.append((shape.format("i" if small else "I"), number))
    return tuple(found)


def _roman(word: str) -> int:
    if not re.fullmatch(r"(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", word):
        return 0
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
    total = 0
    for char, following in zip(word, [*word[1:], ""], strict=True):
        total += -values[char] if following and values[following] > values[char] else values[char]
    return total


def successors(word: str) -> frozenset[str]:
    """Return the words that can come after `word` in a list: "(h)" goes on with "(i)", "(i)" with "(ii)" or "(j)"."""
    if word.isdigit():
        return frozenset({str(int(word) + 1)})
    lower = word.lower()
    following = set()
    if len(lower) == 1 and lower != "z":
        following.add(chr(ord(lower) + 1))
    number = _roman(lower)
    if number:
        following.add(_written(number + 1))
    return frozenset(following if word.islower() else {one.upper() for one in following})


def _written(number: int) -> str:
    """Return a Roman numeral below 100 in small letters."""
    tens, ones = divmod(number, 10)
    return ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc", "c")[tens] + (
        "", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"
    )[ones]  # fmt: skip


def tradition(marks: Iterable[Mark]) -> frozenset[tuple[str, str]]:
    """Return which style nests in which, by what follows a number in most places: "(i)" or "(A)"."""
    roman = capital = dotted = total = 0
    before = ""
    for mark in marks:
        total += 1
        dotted += mark.form == "." and mark.word.isupper()
        roman += before.isdigit() and mark.word == "i"
        capital += before.isdigit() and mark.word == "A"
        before = mark.word
    order = _COMMONWEALTH if dotted and dotted * 8 > total else _FEDERAL_RULES if roman > capital else _STATUTES
    return frozenset(itertools.pairwise(order))


def resolve(steps: Sequence[Step], nesting: frozenset[tuple[str, str]]) -> list[_Stack]:
    """Return the open levels after each step, outermost first; of all readings the one with the fewest surprises.

    A surprise is a gap, a repetition, a list that does not begin with its first number or one that nests as lists of
    this document do not (`nesting`, from `tradition`). Time grows with the number of steps.
    """
    width = _BEAM if len(steps) <= _MOST_STEPS else _NARROW
    beam: list[tuple[float, _Stack, int]] = [(0.0, (), -1)]
    history: list[list[tuple[_Stack, int]]] = []
    for step in steps:
        best: dict[_Stack, tuple[float, int]] = {}
        for origin, (cost, stack, _) in enumerate(beam):
            for extra, following in _followers(stack, step, nesting):
                known = best.get(following)
                if known is None or cost + extra < known[0]:
                    best[following] = (cost + extra, origin)
        ranked = sorted((cost, stack, origin) for stack, (cost, origin) in best.items())[:width]
        least = ranked[0][0]
        beam = [(cost - least, stack, origin) for cost, stack, origin in ranked if cost - least < _HOPELESS]
        history.append([(stack, origin) for _, stack, origin in beam])
    chosen: list[_Stack] = []
    at = 0
    for states in reversed(history):
        stack, at = states[at]
        chosen.append(stack)
    return chosen[::-1]


def _followers(stack: _Stack, step: Step, nesting: frozenset[tuple[str, str]]) -> Iterable[tuple[float, _Stack]]:
    mark = step.mark
    if mark is None:
        yield 0.0, stack[: step.keep]
        return
    possible = readings(mark.word, mark.form)
    if not possible:  # "(the)" is no number; it is carried below what is open
        yield 5.0, (*stack[: _MOST_DEPTH - 1], ("?", 0))
        return
    for style, value in possible:
        end = _end_of_range(mark, style, value)
        for depth, (open_style, open_value) in enumerate(stack):
            if open_style != style:
                continue
            closed = 0.05 * (len(stack) - 1 - depth)
            if value == open_value + 1:
                extra = 0.0
            elif value > open_value:
                extra = 2.0 + 0.2 * min(10, value - open_value)
            else:
                extra = 5.0
            yield extra + closed + (4.0 if mark.joined else 0.0), (*stack[:depth], (style, end))
        if len(stack) < _MOST_DEPTH:
            extra = 0.0 if value == 1 else 3.0 + 0.2 * min(10, value)
            if not stack:
                extra += _AT_ROOT.get(style, 1.0)
            elif (stack[-1][0], style) not in nesting:
                extra += 1.0 if stack[-1][0] != style else 4.0
            yield extra, (*stack, (style, end))


def _end_of_range(mark: Mark, style: str, value: int) -> int:
    if not mark.last:
        return value
    return next((last for other, last in readings(mark.last, mark.form) if other == style and last > value), value)
