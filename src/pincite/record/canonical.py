"""Canonical JSON after RFC 8785, so that the same record is the same bytes whoever writes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring as _quoted

__all__ = ["Json", "canonical"]

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


def canonical(value: Json) -> bytes:
    """Return `value` as JSON in UTF-8: names sorted, no white space, numbers as ECMAScript writes them, no line feed.

    A lone surrogate, which file names may have and UTF-8 cannot, is written as its escape.

    Raises:
        TypeError: if it is no JSON value; a number must be finite.
    """
    return "".join(_parts(value)).encode("utf-8", "backslashreplace")


def _parts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield _quoted(value)
    elif value is None:
        yield "null"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int):
        yield str(int(value))
    elif isinstance(value, float):
        yield _number(value)
    elif isinstance(value, Mapping):
        mark = "{"
        for name in sorted(value, key=_units):
            yield f"{mark}{_quoted(name)}:"
            yield from _parts(value[name])
            mark = ","
        yield "{}" if mark == "{" else "}"
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        mark = "["
        for item in value:
            yield mark
            yield from _parts(item)
            mark = ","
        yield "[]" if mark == "[" else "]"
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")


def _units(name: str) -> bytes:
    """Return what names are sorted by: their UTF-16 code units."""
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is no name of a JSON object")
    return name.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    """Return the shortest digits that give `value` back, laid out as ECMAScript does (Number::toString)."""
    if not math.isfinite(value):
        raise TypeError(f"{value} is no JSON number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    # the digits are those of repr, which are the shortest; only their layout differs
    found = Decimal(repr(abs(value))).normalize().as_tuple()
    assert isinstance(found.exponent, int)
    digits = "".join(map(str, found.digits))
    exponent = found.exponent + len(digits) - 1
    if 0 <= exponent < 21:
        whole, rest = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
        return f"{sign}{whole}{'.' if rest else ''}{rest}"
    if -7 < exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    rest = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{rest}e{exponent:+d}"
