"""Numbers in prose: digits, number words, millions, per cent, so that "seventy-two hours" equals "72 hours"."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

__all__ = ["numbers_in", "provision_numbers_in", "quantities_in"]

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: value for value, word in enumerate(_UNITS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "mio": 1_000_000, "billion": 1_000_000_000}
_UNIT_WORDS = "|".join(_UNITS)
_SPELLED = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[- ]({_UNIT_WORDS}))?|({_UNIT_WORDS}))\b"
    r"(?: (hundred|thousand|million|billion)"
    rf"(?: and (?:({'|'.join(_TENS)})(?:[- ]({_UNIT_WORDS}))?|({_UNIT_WORDS}))\b)?)?",
    re.I,
)
_DIGITS = re.compile(
    r"(?<![\w.])(\d{1,3}(?:[ ,.'’]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)(?: ?(hundred|thousand|million|billion|mio|m)\b)?", re.I
)
_PROVISION = re.compile(
    r"(?:\b(?:articles?|art\.?|recitals?|sections?|sec\.?|annex(?:es)?|chapters?|clauses?|paragraphs?|"
    r"points?|policy|regulation|directive|No\.?)|§+|\(EU\))"
    r" ?((?:\(?[0-9]+[a-z]?\)?(?:[./:-][0-9]+)*(?:\([0-9a-z]+\))*(?:(?:, | and | or | to |–|-)"
    r"(?=\d(?!\d* ?-?(?:hour|day|week|month|year|minute|%|per ?cent|euro|eur|€))))?)+)",
    re.I,
)
_UNIT = re.compile(
    r" ?-?(?:(?:calendar|working|business|further|more|additional|consecutive|full|whole) )*"
    r"(hours?|days?|weeks?|months?|years?|minutes?|%|per ?cent|percent|euros?|eur|€|dollars?|usd|\$|"
    r"pages?|people|persons|employees|records|copies)",
    re.I,
)


def provision_numbers_in(text: str) -> set[str]:
    """Return the numbers of provisions and acts that `text` names ("Article 33(1)" gives "33" and "1")."""
    return {number for match in _PROVISION.finditer(text) for number in re.findall(r"\d+(?:[./]\d+)*", match.group(1))}


def numbers_in(text: str) -> set[Decimal]:
    """Return the values of all numbers in `text` that are not numbers of provisions; "one" is left out.

    "One" is a pronoun more often than a number ("one of the following"), so it proves nothing.
    """
    return {value for value, _ in quantities_in(text)}


def quantities_in(text: str) -> set[tuple[Decimal, str]]:
    """Return (value, unit) pairs; the unit is singular and lower case, empty if none follows."""
    plain = _PROVISION.sub(lambda match: " " * len(match.group()), text)
    found: set[tuple[Decimal, str]] = set()
    for match in _DIGITS.finditer(plain):
        value = _value(match.group(1))
        if value is not None:
            scale = (match.group(2) or "").lower()
            unit = _unit(plain, match.end()) or _currency(plain[: match.start()])
            found.add((value * _SCALES.get(scale, 1_000_000 if scale == "m" else 1), unit))
    for match in _SPELLED.finditer(plain):
        parts = [part.lower() if part else "" for part in match.groups()]
        many, rest = (sum(_WORDS.get(word, 0) for word in words) for words in (parts[:3], parts[4:]))
        number = Decimal(many * _SCALES.get(parts[3], 1) + rest)  # "two hundred" and "fifty"
        name = _unit(plain, match.end())
        if number != 1 or name:
            found.add((number, name))
    return found


def _value(digits: str) -> Decimal | None:
    if re.fullmatch(r"\d{1,3}(?:[ ,.'’]\d{3})+", digits):
        digits = re.sub(r"\D", "", digits)
    try:
        return Decimal(digits.replace(",", "."))
    except InvalidOperation:
        return None


def _unit(text: str, at: int) -> str:
    match = _UNIT.match(text, at)
    if not match:
        return ""
    return _unit_name(match.group(1))


def _currency(before: str) -> str:
    """Return the currency that stands before a number ("EUR 20 million"), or nothing."""
    match = re.search(r"(?:\b(?:eur|usd)|[€$]) ?$", before, re.I)
    return _unit_name(match.group().strip()) if match else ""


def _unit_name(unit: str) -> str:
    unit = unit.lower().replace(" ", "")
    if unit in ("%", "percent"):
        return "percent"
    return {"€": "euro", "eur": "euro", "$": "dollar", "usd": "dollar"}.get(unit, unit.rstrip("s"))
