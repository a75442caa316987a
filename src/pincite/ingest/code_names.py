"""How lawyers cite an American code: "15 U.S.C. § 6501", "16 CFR Part 312", "740 ILCS 14", by its own headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.ingest.blocks import Opening

__all__ = ["name_code"]


def name_code(heads: Sequence[tuple[Opening, str]], opening_words: str) -> dict[str, str]:
    """Return `title`, `short`, `citation` and `kind` of a code as far as its headings state them.

    `short` stands before a label ("15 U.S.C." before "§ 6501(a)"). `heads` are what it opens, each with its line;
    `opening_words` are those above the first of them.
    """
    named = _cited([opening for opening, _ in heads], opening_words)
    if "title" not in named:
        for opening, line in heads:
            if opening.label.startswith("§"):
                break
            if re.match(r"(?:Title|Division|Part|Chapter) ", opening.label):
                named["title"] = line
    return named


def _cited(openings: Sequence[Opening], opening_words: str) -> dict[str, str]:
    sections = [opening for opening in openings if opening.label.startswith("§")]
    if not sections:
        return {}
    first = sections[0]
    compiled = re.search(r"\b(\d+ ILCS \d+)", f"{first.marker} {opening_words}")
    if compiled:
        return _named(compiled.group(1), compiled.group(1))
    title = next((o for o in openings if o.label.startswith("Title ")), None)
    if title is None or not title.number.isdigit() or first.number.startswith(f"{title.number}-"):
        return {}
    parts = [o for o in openings if o.label.startswith("Part ") and first.number.startswith(f"{o.number}.")]
    if parts:
        reporter = f"{title.number} CFR"
        return _named(f"{reporter} Part {parts[0].number}", reporter)
    if "." in first.number:
        return {}
    reporter = f"{title.number} U.S.C."
    if len(sections) > 1:
        return _named(f"{reporter} §§ {first.number}–{sections[-1].number}", reporter)
    citation = f"{reporter} § {first.number}"
    return _named(citation, reporter) | {"title": f"{citation}. {first.heading}".rstrip(". ")}


def _named(citation: str, short: str) -> dict[str, str]:
    return {"citation": citation, "short": short, "kind": "law"}
