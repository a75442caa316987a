"""Quantities of a rule with the part they play: a time to act, a period to keep, an interval, an age, an amount."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pincite.domain.documents import Span
from pincite.domain.numbers import quantities_in
from pincite.search.terms import content_words

__all__ = [
    "Limit",
    "Measure",
    "Role",
    "act_of",
    "decider_in",
    "measures_in",
    "objects_of",
    "parties_of",
    "vague_time_in",
]


class Role(StrEnum):
    """What a quantity limits."""

    DEADLINE = "deadline"
    EXTENSION = "extension"
    RETENTION = "retention"
    FREQUENCY = "frequency"
    AGE = "age"
    AMOUNT = "amount"
    DECIDER = "decider"


class Limit(StrEnum):
    """From which side a quantity limits."""

    MOST = "most"
    LEAST = "least"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of one sentence.

    Attributes:
        role, limit: see `Role` and `Limit`.
        low, high: what it can amount to: hours for times, the number itself for ages and amounts. A month has 28 to
            31 days, a working day may stand before a week-end or a holiday.
        unit: "hour", "working day", "month", "year", "euro"; two quantities of one unit compare by `value`.
        value: the number as written.
        span: its words, in the text it was read from.
    """

    role: Role
    limit: Limit
    low: Decimal
    high: Decimal
    unit: str
    value: Decimal
    span: Span


_NUMBER = (
    r"(?:\d{1,3}(?:[ ,.’']\d{3})+|\d+(?:[.,]\d+)?|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
)
_KIND_OF_DAY = r"(?:(?P<day>calendar|working|business|consecutive|full|whole)[ -])?"
_MORE = r"(?:(?:further|additional|more) )?"
_TIME = (
    rf"(?P<words>(?P<number>{_NUMBER})(?: ?\(\w+\))?[ -]{_MORE}{_KIND_OF_DAY}"
    r"(?P<unit>minute|hour|day|week|month|year)s?)\b"
)
_WITHIN = re.compile(
    rf"\b(?:within|(?:not|no) later than|at the latest (?:within|after)|by the end of) "
    rf"(?:a (?:period|maximum) of |at most |the first )?{_TIME}",
    re.I,
)
_EXTENDED = re.compile(rf"\bextend\w*\b[^.;:]{{0,60}}?\bby (?:at most |up to |a maximum of )?{_TIME}", re.I)
_EVERY = re.compile(rf"\b(?:every|at intervals of (?:at most |no more than )?) ?{_TIME}", re.I)
_LASTS = re.compile(
    rf"\b(?:for )?(?:(?P<most>at most|(?:no|not) (?:longer|more) than|up to|a maximum of)"
    rf"|(?P<least>at least|a minimum of|(?:no|not) less than)|(?<=for )(?:a period of)?) ?{_TIME}",
    re.I,
)
_KEEPS = re.compile(r"\b(?:keep|kept|retain\w*|retention|stor(?:e|es|ed|age)|preserv\w*|archiv\w*|hold|held)\b", re.I)
_AGE = re.compile(
    rf"\b(?:below|under)(?: the age of)? (?P<words>(?P<number>{_NUMBER})(?: years?(?: of age)?)?)(?![ -]*\w*"
    r"(?:hour|day|week|month|euro|EUR|%|per|employ|person|record))\b",
    re.I,
)
_SUBJECT_TO_AGE = re.compile(r"\b(?:age|aged|child\w*|minor\w*|people|person\w*|young)\b", re.I)
_MONEY = re.compile(
    rf"\b(?P<side>up to|at most|(?:not|no) (?:more|higher) than|not exceed(?:ing)?|must not exceed|a maximum of)"
    rf" (?P<words>(?:(?:EUR|€|USD|\$) ?)?(?P<number>{_NUMBER})(?: (?:million|thousand))?"
    r"(?: ?(?:EUR|euros?|€|USD|dollars?|\$|%|per ?cent))?)",
    re.I,
)
_VAGUE = re.compile(
    r"\bwithout (?:undue|unreasonable|further|any) delay\b|\bwithout delay\b|\bas soon as (?:possible|practicable)\b"
    r"|\bpromptly\b|\bimmediately\b",
    re.I,
)
_DECIDER = re.compile(
    r"\b(?:only )?(?:with|after|requires?|needs?)(?: the)?(?: prior)?(?: written)? "
    r"(?:approval|authori[sz]ation|agreement|consent) (?:of|by|from) (?:the )?"
    r"(?P<words>[A-Za-z][\w’'-]*(?: [A-Za-z][\w’'-]*){0,3}?)(?= ?(?:[,.;(]|$| and| or| for| before| in ))",
)

_DAY, _WEEK = Decimal(24), Decimal(168)
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31) * 3 + (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@functools.cache
def _days_of_months(count: int) -> tuple[int, int]:
    """Return the fewest and most days that `count` successive calendar months can have."""
    sums = [sum(_MONTHS[(first + i) % len(_MONTHS)] for i in range(count)) for first in range(len(_MONTHS))]
    return min(sums), max(sums)


def _hours(value: Decimal, unit: str) -> tuple[Decimal, Decimal]:
    """Return the fewest and most hours of a period.

    The day of the event may or may not count, so days last up to one more. Between n working days lie week-ends and
    holidays: they end after n days at the earliest and, with as many free days and four more, after 2n + 4 at the
    latest.
    """
    match unit:
        case "minute":
            return value / 60, value / 60
        case "hour":
            return value, value
        case "day":
            return value * _DAY, (value + 1) * _DAY
        case "working day":
            return value * _DAY, (2 * value + 4) * _DAY
        case "week":
            return value * _WEEK, value * _WEEK + _DAY
    months = int(value * (12 if unit == "year" else 1))
    fewest, most = _days_of_months(months)
    return fewest * _DAY, most * _DAY


def measures_in(text: str, start: int = 0) -> list[Measure]:
    """Return the quantities of one sentence that limit something, in order; `start` is where it stands in its text."""
    found: list[Measure] = []
    taken: list[Span] = []
    for measure in _all(text, start):
        if not any(span.start < measure.span.end and measure.span.start < span.end for span in taken):
            found.append(measure)
            taken.append(measure.span)
    return sorted(found, key=lambda one: one.span.start)


def _all(text: str, start: int) -> Iterator[Measure]:
    for match in _EXTENDED.finditer(text):
        yield from _time(match, Role.EXTENSION, Limit.MOST, start)
    for match in _EVERY.finditer(text):
        yield from _time(match, Role.FREQUENCY, Limit.MOST, start)
    for match in _WITHIN.finditer(text):
        yield from _time(match, Role.DEADLINE, Limit.MOST, start)
    if _KEEPS.search(text):
        for match in _LASTS.finditer(text):
            limit = Limit.LEAST if match["least"] else Limit.MOST if match["most"] else Limit.EXACT
            yield from _time(match, Role.RETENTION, limit, start)
    if _SUBJECT_TO_AGE.search(text):
        for match in _AGE.finditer(text):
            value = _value(match["number"] + " years")
            if value is not None:
                yield Measure(Role.AGE, Limit.LEAST, value, value, "year", value, _span(match, start))
    for match in _MONEY.finditer(text):
        amount = next(iter(quantities_in(match["words"])), None)
        if amount is not None and amount[1] in ("euro", "dollar", "percent"):
            yield Measure(Role.AMOUNT, Limit.MOST, amount[0], amount[0], amount[1], amount[0], _span(match, start))


def _time(match: re.Match[str], role: Role, limit: Limit, start: int) -> Iterator[Measure]:
    unit = match["unit"].lower()
    if unit == "day" and (match["day"] or "").lower() in ("working", "business"):
        unit = "working day"
    value = _value(f"{match['number']} {match['unit']}")
    if value is None or value != value.to_integral_value() or value <= 0 or value > 10_000:
        return
    low, high = _hours(value, unit)
    yield Measure(role, limit, low, high, unit, value, _span(match, start))


def _value(words: str) -> Decimal | None:
    return next((value for value, _ in quantities_in(words)), None)


def _span(match: re.Match[str], start: int) -> Span:
    return Span(match.start("words") + start, match.end("words") + start)


def vague_time_in(text: str) -> Span | None:
    """Return the words that demand haste without a number ("without undue delay"), if any."""
    match = _VAGUE.search(text)
    return Span(match.start(), match.end()) if match else None


def decider_in(text: str) -> Span | None:
    """Return the words that say whose approval is needed, if any."""
    match = _DECIDER.search(text)
    return Span(match.start("words"), match.end("words")) if match else None


# ------------------------------------------------------- who does what to what

_MODAL = re.compile(r"\b(?:shall|must|should|may|has to|have to|is to|are to|is obliged to|are obliged to)\b", re.I)
_ACTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.I))
    for name, words in (
        ("answer", r"information on action taken|answer\w*|respond\w*|repl(?:y|ies|ied)"),
        ("acknowledge", r"acknowledg\w*"),
        (
            "notify",
            r"notif(?:y|ies|ied)|report(?:s|ed)?|communicat(?:e|es|ed)|inform(?:s|ed)?|told|tell|alert(?:s|ed)?",
        ),
        ("delete", r"delet(?:e|es|ed)|eras(?:e|es|ed)|remov(?:e|es|ed)|destroy(?:s|ed)?"),
        ("return", r"return(?:s|ed)?"),
        ("keep", r"keep|kept|retain(?:s|ed)?|stor(?:e|es|ed)|preserv(?:e|es|ed)"),
        ("extend", r"extend(?:s|ed)?"),
        ("review", r"review(?:s|ed)?|re-?verif(?:y|ies|ied)|check(?:s|ed)?|assess(?:es|ed)?"),
        ("rectify", r"rectif(?:y|ies|ied)|correct(?:s|ed)?"),
        ("pay", r"fin(?:e|es|ed)|charg(?:e|es|ed)|fees?|penalt(?:y|ies)"),
        ("consent", r"consent(?:s|ed)?"),
        ("engage", r"engag(?:e|es|ed)|appoint(?:s|ed)?"),
        ("transfer", r"transfer(?:s|red)?"),
        ("approve", r"approv(?:e|es|ed)|authori[sz](?:e|es|ed)|decid(?:e|es|ed)"),
    )
)


def act_of(sentence: str, at: int) -> str:
    """Return the kind of act that the quantity at offset `at` limits: the first act behind the nearest modal verb
    before it; empty if none is known."""
    modals = [match for match in _MODAL.finditer(sentence) if match.start() < at]
    if not modals:
        return ""
    first = [(match.start(), name) for name, pattern in _ACTS if (match := pattern.search(sentence, modals[-1].end()))]
    return min(first)[1] if first else ""


_PARTIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.I))
    for name, words in (
        ("authority", r"(?:supervisory )?authorit(?:y|ies)|commission|board|regulator"),
        ("processor", r"(?:sub-?)?processors?|vendors?|suppliers?|providers?"),
        ("controller", r"controllers?"),
        ("person", r"data subjects?|requesters?|people concerned|persons? concerned|individuals?|people affected"),
    )
)
_NOT_A_PARTY = re.compile(
    r"\bdata subject(?:s’|s'|’s|'s)? (?:access )?requests?\b|\brequests? of (?:a |the )?data subjects?\b", re.I
)
_IN_A_CLAUSE = re.compile(r"\b(?:competent in accordance|referred to|in accordance with)\b[^,;.]*", re.I)
_PASSIVE = re.compile(r"\s+(?:not |also |then |only )?be(?:en)?\b", re.I)


def parties_of(sentence: str, at: int) -> tuple[str, frozenset[str]]:
    """Return who has to act for the quantity at offset `at` ("" if the sentence does not say or means ourselves) and
    the parties named behind the verb."""
    modals = [match for match in _MODAL.finditer(sentence) if match.start() < at]
    if not modals:
        return "", frozenset()
    modal = modals[-1]
    before = sentence[: modal.start()] if not _PASSIVE.match(sentence, modal.end()) else ""
    subject = _last_clause(_NOT_A_PARTY.sub(" ", before))
    actors = [(match.start(), name) for name, pattern in _PARTIES for match in pattern.finditer(subject)]
    after = _IN_A_CLAUSE.sub(" ", _NOT_A_PARTY.sub(" ", sentence[modal.end() :]))
    others = frozenset(name for name, pattern in _PARTIES if pattern.search(after))
    return (min(actors)[1] if actors else ""), others


def _last_clause(subject: str) -> str:
    """Return the subject of the main clause: what stands behind the last comma ("In the case of…, the controller")."""
    return subject.rsplit(",", 1)[-1]


_GENERIC = frozenset(
    "data personal process controll processor subject compan organi staff employe polic regula law article paragra "
    "section case time period point provid inform accord referr refer applic further month week year hour day days "
    "hours months years weeks calenda working busines first latest later undue delay feasibl possibl necess relevan "
    "without within receiv receipt days' aware become becomin became whether including such where shall".split()
)


def objects_of(sentence: str) -> frozenset[str]:
    """Return the beginnings of the words that say what a sentence is about, without those that stand everywhere."""
    stems = {_stem(word) for word in content_words(sentence) if not word[0].isdigit()}
    return frozenset(
        stem for stem in stems if not any(stem.startswith(word) or word.startswith(stem) for word in _GENERIC)
    )


def _stem(word: str) -> str:
    for group, stem in _SYNONYMS:
        if word.startswith(group):
            return stem
    return word[:6]


_SYNONYMS = (
    (("delet", "eras", "destroy"), "delete"),
    (("notif", "report", "communicat"), "notify"),
    (("answer", "respon", "repl"), "answer"),
    (("keep", "kept", "retain", "retent", "stor", "preserv"), "keep"),
    (("minor", "child"), "child"),
    (("vendor", "supplier"), "proces"),
)
