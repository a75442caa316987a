"""Laws that a question or a draft names, and those of them that the library does not hold.

What the corpus says of one law is no answer about another: "Art. 5 LGPD" is not Art. 5 GDPR.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pincite.domain.laws import Law, laws_named, squash
from pincite.library import Library
from pincite.search.terms import expand

__all__ = ["absent_laws", "behind", "laws_in", "speaks_of"]

_ABBREVIATION = r"(?=\w{3})([A-Z][A-Za-z]{0,2}[A-Z]{1,5}\d?)\b"
_OF = r",? (?:(?:of|in|to|under) (?:the )?)?"
"""What stands between a provision and the law that it is of."""
_PROVISION = (
    r"\b(?:[Aa]rticles?|[Aa]rt\.?|[Ss]ections?|[Ss]ec\.|§§?|[Rr]ecitals?|[Rr]ule) ?\d[\w.-]*(?: ?\([0-9a-z]{1,5}\))*"
)
_UNDER = r"\b(?:[Uu]nder|required by|pursuant to|compl(?:y|ies|iance) with)(?: the)? "
_ABBREVIATED = re.compile(rf"(?:{_PROVISION}{_OF}|{_UNDER}){_ABBREVIATION}")
"""An abbreviation in the place of a law: "Art. 6 DMA", "under the KVKK"."""


def laws_in(text: str) -> dict[str, Law | None]:
    """Return the laws that a text names, by the name that it uses; None for one that only its place tells of.

    An abbreviation that the thesaurus knows ("section 7 DPO …") is none.
    """
    found: dict[str, Law | None] = dict(laws_named(text))
    for match in _ABBREVIATED.finditer(text):
        name = match.group(1)
        if expand(name) == name:
            found.setdefault(name, None)
    return found


def absent_laws(question: str, library: Library) -> dict[str, str]:
    """Return the laws that a question names and no document goes by, each with how other texts cite it or its full
    name, "" if that is not known. An abbreviation that some passage uses is taken for known."""
    names = [f" {squash(name)} " for info in library.documents for name in (info.short, *info.aliases)]
    absent = {}
    for name, law in laws_in(question).items():
        called = (law.short, *law.aliases) if law else (name,)
        if any(f" {squash(one)} " in known for one in called if one for known in names):
            continue  # as "HIPAA" stands in "HIPAA statute"
        if law is None and library.document_frequency(name):
            continue
        full = [one for one in law.names if " " in one and name.lower() not in one.lower()] if law else []
        absent[name] = law.cited or next(iter(full), "") if law else ""
    return absent


def behind(rest: str, absent: Mapping[str, str]) -> str:
    """Return the absent law that `rest`, what follows a provision, begins with ("of the LGPD"), or ""."""
    return next((name for name in absent if re.match(rf"{_OF}{re.escape(name)}(?!\w)", rest)), "")


def speaks_of(text: str, name: str, law: Law | None) -> bool:
    """Tell whether a text names a law, by whichever name, or cites it."""
    forms = (name, law.cited, law.short, *law.aliases) if law else (name,)
    said = f" {squash(text)} "
    return any(f" {squash(form)} " in said for form in forms if form)
