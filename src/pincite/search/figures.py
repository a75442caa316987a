"""What kind of figure a question asks for (a period, a sum, an age, a date, a count), and whether words give one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.domain.numbers import quantities_in

__all__ = ["asked_figure", "gives_figure", "may_answer"]

_TIME = frozenset("minute hour day week month year".split())
_SUM = frozenset("% percent per cent euro eur € dollar usd $ £ gbp".split())
# The first that fits decides: "what is the maximum fine" is no period, "how many days" no mere count.
_ASKS: Sequence[tuple[str, re.Pattern[str]]] = (
    ("age", re.compile(r"\b(?:what|which) age\b|\bhow old\b|\bage limit\b", re.I)),
    (
        "sum",
        re.compile(
            r"\bhow (?:high|big|large|much) (?:is|are|was|can|could|may|a)\b[^.?!]{0,30}"
            r"\b(?:fines?|penalt(?:y|ies)|damages|costs?|fees?|price)\b"
            r"|\b(?:what|which)(?:['’]s| is| are)?(?: the| a)?(?: (?:maximum|max|highest|extra))? "
            r"(?:fines?|penalt(?:y|ies)|damages|costs?|fees?|price|pay)\b(?! (?:policy|procedure|process|schedule))"
            r"|\b(?:what|which)\b[^?.!,]{0,40}(?<!we )(?<!you )(?<!they )(?<!to )"
            r"\b(?:rate|percentage|per ?cent)\b(?! (?:limits?|as)\b)"
            r"|\b(?:maximum|max) (?:fine|penalty|fee)\b|\bwhat (?:can|could|does|would|will) [^.?!]{1,60} cost\b"
            r"|\bhow much (?!(?:time|notice|longer|earlier|later|of)\b)",
            re.I,
        ),
    ),
    ("date", re.compile(r"\b(?:from|since|until|by|on) (?:which|what) (?:date|day)\b|\b(?:which|what) date\b", re.I)),
    (
        "count",
        re.compile(r"\bhow many (?!(?:more )?(?:\w+ )?(?:minutes|hours|days|weeks|months|years)\b)", re.I),
    ),
    (
        "time",
        re.compile(
            r"\bhow (?:long|soon|fast|quickly|often)\b"
            r"|\bhow many (?:more )?(?:\w+ )?(?:minutes|hours|days|weeks|months|years)\b"
            r"|\bby when\b|\bwithin (?:what|which|how)\b|\bhow much (?:time|notice|longer|earlier|later)\b"
            r"|\bwhat(?:['’]s| is| are) the [^.?!]{0,20}(?:deadline|time limit)",
            re.I,
        ),
    ),
)
# "When is consent needed?" asks for a condition, "when does the report have to be sent?" for a time.
_MAY_ASK_TIME = re.compile(
    r"\bdeadline\b|\btime limit\b"
    r"|^when (?:do|does|must|should|is|are|will|has|have)\b|[.!,] when (?:do|does|must|should|is|are|will)\b",
    re.I,
)
_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_DATE = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b", re.I)
_RHYTHM = re.compile(
    r"\b(?:annual(?:ly)?|yearly|quarterly|monthly|weekly|daily|immediately|without (?:undue|further) delay|"
    r"(?:once|each|every|per) (?:a )?(?:quarter|year|month|week|day))\b",
    re.I,
)
_COUNTS = re.compile(r"\bhow many\b", re.I)
_ONLY_A_FIGURE = re.compile(
    r"\bhow (?:many|much|high|big|large|old|long|soon|fast|quickly|often)\b"
    r"|\b(?:maximum|max|rate|percentage|per ?cent|age limit)\b"
    r"|\b(?:which|what) (?:age|date)\b|\bby when\b|\bwithin (?:what|which|how)\b",
    re.I,
)
_ASKS_MORE = re.compile(
    r"(?:\b(?:what|which|who|whom|whose|where|why)\b"
    r"|(?:^|[.?!,:;] )(?:may|must|can|could|do|does|is|are|should|will)\b)"
    r"[^.?!]*\band(?: also| if so,?)?(?: (?:for|by|within|until|after|from|in|at))? $",
    re.I,
)
"""What stands before the figure asked for where that is the second of two questions ("what do we do, and by when")."""
_OPEN_ENDED = re.compile(
    r"\b(?:(?:no|not) longer than|(?:as|so) (?:long|soon|often) as|for the (?:duration|life|term|period)|until"
    r"|for ?ever|without (?:\w+ )?delay|at once|each time|regular(?:ly)?|periodic(?:al)?(?:ly)?"
    r"|continu(?:ous|al)(?:ly)?|indefinitely|permanently|promptly|whenever|before)\b",
    re.I,
)
"""Words that answer how long, how soon or how often without a figure."""


def asked_figure(question: str, *, plainly: bool = False) -> str:
    """Return "age", "sum", "date", "time" or "count" if a question asks for one, else "".

    With `plainly` only where nothing else can be meant, so that an answer without a figure is none: who asks "what must
    we do, and by when" has half an answer in words without one.
    """
    for kind, pattern in _ASKS:
        asked = pattern.search(question)
        if asked:
            return "" if plainly and _ASKS_MORE.search(question[: asked.start()]) else kind
    return "time" if not plainly and _MAY_ASK_TIME.search(question) else ""


def gives_figure(words: str, kind: str) -> bool:
    """Tell whether `words` have a figure of a kind; "" is no kind, and nothing gives it."""
    if not kind:
        return False
    if kind == "date":
        return _DATE.search(words) is not None
    if kind == "time" and _RHYTHM.search(words):
        return True
    quantities = quantities_in(words)
    if kind == "sum":
        return any(unit in _SUM for _, unit in quantities)
    if kind in ("time", "age"):
        units = _TIME if kind == "time" else {"year"}
        return any(unit in units for _, unit in quantities)
    return any(value > 1 for value, _ in quantities)


def may_answer(words: str, question: str) -> bool:
    """Tell whether `words` may answer a question: false if only a figure can ("how many days", "what rate") and they
    give none. "No longer than is necessary" answers how long, "promptly" how soon, "regularly" how often."""
    kind = asked_figure(question, plainly=True)
    if not kind or not _ONLY_A_FIGURE.search(question) or gives_figure(words, kind):
        return True
    return kind == "time" and not _COUNTS.search(question) and _OPEN_ENDED.search(words) is not None
