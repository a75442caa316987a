"""How provisions of UK legislation are cited: "s. 12(3)", "reg. 4", "Sch. 2 para. 3(1)(a)", "Art. 6(1)(f)"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pincite.domain.documents import ProvisionKind

__all__ = ["Citation", "citation_of", "item_marker", "shown_number"]

K = ProvisionKind

# the publisher's identifiers say what a numbered provision is: "section-12", "schedule-2-paragraph-3"
_BY_IDENTIFIER = {
    "section": ("s. {0}", K.SECTION), "article": ("Art. {0}", K.ARTICLE), "regulation": ("reg. {0}", K.ARTICLE),
    "rule": ("r. {0}", K.ARTICLE),
}  # fmt: skip
_BY_DOCUMENT = {"Primary": "section", "Secondary": "regulation", "EURetained": "article"}
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class Citation:
    """A pin-cite, the rank of the provision that has it, and its kind."""

    label: str
    rank: int
    kind: ProvisionKind = K.ARTICLE


def shown_number(number: str, element: Any | None, name: str, main: str) -> str:
    """Return a number as the publisher's page shows it: with its own brackets or dots, else with those of its level."""
    if element is not None and (element.get("PuncBefore") or element.get("PuncAfter")):
        return f"{element.get('PuncBefore') or ''}{number}{element.get('PuncAfter') or ''}"
    if name == "P1" or not number or re.search(r"[().]", number):
        return number
    return f"{number}." if name == "P2" and main == "EURetained" else f"({number})"


def citation_of(
    element: Any, name: str, shown: str, cited: Sequence[Citation], schedule: Citation, main: str
) -> Citation:
    """Return the pin-cite of a numbered provision below those `cited`, in a schedule if that has a label."""
    plain = shown.strip("(). ")
    above = cited[-1].label
    if name != "P1":
        return Citation(f"{above}({plain})" if plain else above, 0)
    word = re.match(r"(article|section|regulation|rule|paragraph)\b\.?\s*", plain, re.I)
    plain = plain[word.end() :] if word else plain
    if schedule.label:
        if schedule.label.startswith("Annex"):
            return Citation(f"{above}({plain})", 0, K.PARAGRAPH)
        return Citation(f"{schedule.label} para. {plain}", 0, K.PARAGRAPH)
    prefix = re.match(r"[a-z]+", element.get("id") or "")
    known = [prefix.group() if prefix else "", word.group(1).lower() if word else "", _BY_DOCUMENT.get(main, "")]
    form, kind = next((_BY_IDENTIFIER[key] for key in known if key in _BY_IDENTIFIER), ("s. {0}", K.SECTION))
    return Citation(form.format(plain), 0, kind)


def item_marker(parent: Any, item: Any, at: int) -> str:
    """Return the number of an entry of a list, as shown; "" where the list has none."""
    given = item.get("NumberOverride")
    if given:
        return str(given)
    kind, decoration = parent.get("Type") or "", parent.get("Decoration") or ""
    if kind not in ("alpha", "alphaupper", "roman", "romanupper", "arabic"):
        return ""
    number = str(at) if kind == "arabic" else _roman(at) if kind.startswith("roman") else _letters(at)
    number = number.upper() if kind.endswith("upper") else number
    forms = {"parens": "({0})", "parenRight": "{0})", "brackets": "[{0}]", "bracketRight": "{0}]", "colon": "{0}:"}
    return forms.get(decoration, "{0}." if decoration == "period" else "{0}").format(number)


def _letters(at: int) -> str:
    return chr(96 + at) if at <= 26 else _letters((at - 1) // 26) + chr(97 + (at - 1) % 26)


def _roman(at: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        while at >= value:
            text, at = text + letters, at - value
    return text
