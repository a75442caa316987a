"""Cross-references and defined terms: what a document's words refer to, and the edges that they become."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pincite.domain.documents import Span

__all__ = ["POINT", "Mention", "NameKind", "Named", "Path", "Reference", "ReferenceState", "Term", "mention_of"]

Path = tuple[tuple[str, str], ...]
"""Steps from the outside in, each (kind, number): ("Art.", "6"), ("", "1"), ("", "f"). Kinds are those of labels, "num"
for the plain numbers of policies ("4.2") and "" for paragraphs and points."""

POINT = ""


class ReferenceState(StrEnum):
    """What became of a reference when all documents of the library were known."""

    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"  # the document is in the library, the provision is not in it
    EXTERNAL = "external"  # the document is not in the library


@dataclass(frozen=True, slots=True)
class Reference:
    """One edge: the words at `span` refer to one provision; "Articles 15 to 22" are eight edges with the same words.

    Attributes:
        span: the words, in the text of the document that they stand in.
        label: pin-cite of what is referred to; empty for a document as a whole.
        document: slug of the document referred to, or, if `state` is external, its name as written.
        provision: index of the provision referred to in that document, -1 if there is none. Where that source has
            no paragraph numbers it is the whole article, and `label` says more than the provision's own.
        state: see `ReferenceState`.
    """

    span: Span
    label: str
    document: str
    provision: int
    state: ReferenceState


@dataclass(frozen=True, slots=True)
class Term:
    """A defined term in lower case, the words that define it, and the pin-cite of where they stand."""

    term: str
    span: Span
    label: str = ""


class NameKind(StrEnum):
    """How sure it is that words name a document."""

    ACT = "act"  # an act of the EU by its number
    CODE = "code"  # a title of the United States Code or of the Code of Federal Regulations: "45 CFR"
    KNOWN = "known"  # a law that `laws.toml` knows
    INSTRUMENT = "instrument"  # surely another document, whether in the library or not: "the Charter", "the 2018 Act"
    TITLE = "title"  # capitalised words that may be a document's title or number; counts only if one answers to it
    OWN = "own"  # "this Regulation"
    BACK = "back"  # "that Regulation": the one named last


@dataclass(frozen=True, slots=True)
class Named:
    """Words at `[start, end)` of a line that name a document; `key` is what to look for, `noun` what it is."""

    start: int
    end: int
    kind: NameKind
    key: str
    words: str
    noun: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that refer to one provision, before the other documents are known.

    Attributes:
        span: the words.
        at: index of the provision that they stand in.
        paths: what they can mean, likeliest first; empty for a document as a whole.
        last: the end of the range that they begin, or ().
        named: the other document, None for the same one.
        sure: they refer to something even if nothing answers to it.
    """

    span: Span
    at: int
    paths: tuple[Path, ...]
    last: Path
    named: Named | None
    sure: bool = True


def mention_of(values: Any) -> Mention:
    """Return the mention that `dataclasses.astuple` and JSON made lists of."""
    span, at, paths, last, named, sure = values
    if named:
        start, end, kind, key, words, noun = named
        named = Named(start, end, NameKind(kind), key, words, noun)
    return Mention(Span(*span), at, tuple(map(_path, paths)), _path(last), named, sure)


def _path(steps: Any) -> Path:
    return tuple((kind, number) for kind, number in steps)
