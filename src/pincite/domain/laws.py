"""Well-known laws: by what names people call them, how texts show that they are one, how other texts cite them."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources

__all__ = ["Law", "known_laws", "laws_named", "squash"]

_ABBREVIATION = 4
"""Characters from which an abbreviation alone names a law in a question: a "CRA" may be a credit reference agency."""
_CITATION = re.compile(r"\d/\d|\b(?:CFR|ILCS|USC)\b|U\.S\.C")


@dataclass(frozen=True, slots=True)
class Law:
    """A law that people call by a name of its own.

    Attributes:
        match: found in the title or the beginning of its text.
        short: its name in pin-cites, "" if its citation is.
        aliases: further names, its number and citations among them.
        cited: how other texts cite it that do not name it, "" if there is no such way.
    """

    match: re.Pattern[str]
    short: str
    aliases: tuple[str, ...]
    cited: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in words, numbers and citations left out."""
        return tuple(name for name in (self.short, *self.aliases) if name and not _CITATION.search(name))


@functools.cache
def known_laws() -> tuple[Law, ...]:
    """Return the laws of ``laws.toml``."""
    source = resources.files("pincite.domain").joinpath("laws.toml").read_text(encoding="utf-8")
    return tuple(
        Law(re.compile(law["match"], re.I), law["short"], tuple(law["aliases"]), law.get("cited", ""))
        for law in tomllib.loads(source)["law"]
    )


def laws_named(question: str) -> dict[str, Law]:
    """Return the laws that a question names, by the name that it uses, in its spelling.

    A name of several words is found however it is written ("eprivacy directive"), another as it is, and one all in
    capitals all in small letters, too.
    """
    pattern, laws = _names()
    return {name.group(): laws[name.group().lower()] for name in pattern.finditer(question)}


def squash(name: str) -> str:
    """Return a name as it is compared with others: its words and numbers in small letters, possessives left out."""
    return " ".join(re.findall(r"[a-z0-9/]+", name.lower().replace("'s ", " ").replace("’s ", " ")))


@functools.cache
def _names() -> tuple[re.Pattern[str], dict[str, Law]]:
    laws: dict[str, Law] = {}
    for law in known_laws():
        for name in law.names:
            if " " in name or len(name) >= _ABBREVIATION:
                laws.setdefault(name.lower(), law)
    written = {name for law in known_laws() for name in law.names if name.lower() in laws}
    forms = (
        f"(?i:{re.escape(name)})"
        if " " in name
        else re.escape(name) + (f"|{re.escape(name.lower())}" if name.isupper() else "")
        for name in sorted(written, key=lambda name: (-len(name), name))
    )
    return re.compile(rf"(?<![\w-])(?:{'|'.join(forms)})(?![\w-])"), laws
