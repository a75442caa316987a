"""Questions about what happened ("How much was our last fine?"): rules do not tell, however near their words are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.answer.evidence import Selected
from pincite.search.figures import asked_figure, gives_figure

__all__ = ["only_rules_found"]

# not "when did we have to report it", "how long was our deadline": what held then is told by a rule
_ASKED = r"\b(?:how (?:much|many|often|long)|when|who|which|what)\b[^.?!]{0,60}?"
_NO_RULE = (
    r"(?! (?:\w+ )?(?:have to|need|allowed|permitted|required|supposed|obliged|bound|free|to|dut(?:y|ies)|obligations?"
    r"|deadlines?|periods?|time|rights?|polic(?:y|ies)|rules?)\b)"
)
_HAPPENED = re.compile(
    rf"{_ASKED}\b(?:did|was|were|had)(?: we| our)\b{_NO_RULE}"
    rf"|{_ASKED}\b(?:did|was|were|had|has|have)(?: (?:the|an?|any))? \w+\b{_NO_RULE}[^.?!]{{0,60}}?"
    r"\b(?:last (?:week|month|year|quarter|night|time|meeting)|yesterday|recently|so far|this (?:week|month))\b",
    re.I,
)
_RULES = re.compile(
    r"\b(?:must|shall|(?-i:may)|should|ought|cannot|need not|required to|prohibited|forbidden|up to|at (?:most|least)"
    r"|(?:is|are) (?:to|not|permitted|allowed|kept|subject to|entitled)|has to|have to)\b",
    re.I,
)


def only_rules_found(question: str, evidence: Sequence[Selected]) -> bool:
    """Tell whether a question asks what happened and all that was found says what must, may or should: the maximum of
    a fine is not the fine that was paid. A register's row ("2030-05-02; fine: EUR 500") says what happened."""
    if not _HAPPENED.search(question):
        return False
    kind = asked_figure(question)
    said = [f"{one.item.lead_in} {one.item.text}" for one in evidence]
    return not any(not _RULES.search(words) and (not kind or gives_figure(words, kind)) for words in said)
