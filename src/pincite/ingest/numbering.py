"""What numbers, letters and Roman numerals are worth in an enumeration."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["value_of"]

_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}


def value_of(number: str, first: str, second: Sequence[str] = ()) -> int:
    """Return the place of a number in the enumeration that begins with `first`; 0 for one that was inserted ("2a").

    `second` is the number after the first, if any: a list is Roman if it begins "i, ii" and not "i, j".
    """
    if number.isdigit():
        return int(number)
    if not number.isalpha():
        return 0
    lower = number.lower()
    roman_list = first.lower() == "i" and not (second and second[0].lower() == "j")
    if roman_list or (first.isupper() and len(first) > 1):
        return _roman(lower)
    if len(set(lower)) == 1 and len(lower) <= 3:
        return (len(lower) - 1) * 26 + ord(lower[0]) - 96
    return 0


def _roman(word: str) -> int:
    if any(char not in _ROMAN for char in word):
        return 0
    values = [_ROMAN[char] for char in word]
    return sum(-v if v < n else v for v, n in zip(values, [*values[1:], 0], strict=True))
