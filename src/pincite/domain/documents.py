"""Documents, provisions and passages: what the corpus is made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

__all__ = [
    "Document",
    "DocumentKind",
    "Passage",
    "Provenance",
    "Provision",
    "ProvisionKind",
    "Span",
]


class DocumentKind(StrEnum):
    """Whether a document binds from outside (law) or from inside (policy)."""

    LAW = "law"
    POLICY = "policy"


class ProvisionKind(StrEnum):
    """What a node of the provision tree is."""

    DOCUMENT = "document"
    PREAMBLE = "preamble"
    RECITAL = "recital"
    PART = "part"
    CHAPTER = "chapter"
    SECTION = "section"
    ARTICLE = "article"
    PARAGRAPH = "paragraph"
    POINT = "point"
    ANNEX = "annex"
    HEADING = "heading"
    TABLE = "table"
    NOTE = "note"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open character range `[start, end)` of a document's normalised text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the characters of `text` in this range."""
        return text[self.start : self.end]

    def contains(self, other: Span) -> bool:
        """Tell whether `other` lies wholly inside this range."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Provision:
    """One node of the provision tree.

    Attributes:
        index: position in the document's pre-order list of provisions; the root is 0.
        parent: index of the parent; the root's is -1.
        kind: what the node is.
        label: the pin-cite as lawyers write it, for example ``Art. 33(1)`` or ``6.2``; empty for plain headings.
        heading: the node's own heading, empty if it has none.
        start, end: the whole node, headings and children included, in the normalised text.
        body_start: where the words after the node's own number and heading begin.
        page: page of the source on which the node begins, 0 if the source has no pages.
    """

    index: int
    parent: int
    kind: ProvisionKind
    label: str
    heading: str
    start: int
    end: int
    body_start: int
    page: int = 0

    @property
    def span(self) -> Span:
        """The node's range."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Passage:
    """What is searched and given to the model: a provision, short siblings together, or part of a long one.

    Attributes:
        document: slug of its document.
        ordinal: position among the document's passages.
        provision: index of the provision that it belongs to.
        label: pin-cite of that provision.
        path: headings from the document's top down to the provision.
        span: its words in the normalised text.
        lead_in: the words that open the enumeration it belongs to ("The processor shall:"), if any.
        sentences: its sentences and points, in order, none overlapping.
    """

    document: str
    ordinal: int
    provision: int
    label: str
    path: tuple[str, ...]
    span: Span
    lead_in: Span | None
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a document came from, by what right it is held, and when it applies; every field may be empty.

    Attributes:
        source: where it was taken from.
        retrieved, retrieved_by: when (a date) and by whom.
        authority: by what right it is held and used; licence: under which terms.
        sha256: digest of the file's bytes.
        classification: label for handling ("Internal").
        effective: the first day on which it applies; until: the last one. Dates are in ISO form.
        version, owner: as the document or the steward states them.
        superseded_by: slug or name of the document that takes its place.
    """

    source: str = ""
    retrieved: str = ""
    retrieved_by: str = ""
    authority: str = ""
    licence: str = ""
    sha256: str = ""
    classification: str = ""
    effective: str = ""
    until: str = ""
    version: str = ""
    owner: str = ""
    superseded_by: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: normalised text and the tree over it.

    Attributes:
        slug: short unique name within the library, used on the command line and in JSON.
        title: title as the document has it.
        short: the name used in pin-cites ("GDPR").
        aliases: other names people use for it ("DS-GVO", "2016/679").
        kind: law or policy.
        text: the normalised text, the source of truth for every offset.
        provisions: pre-order; `provisions[0]` is the document itself.
        provenance: see `Provenance`.
        warnings: what could not be read, in words for the steward.
    """

    slug: str
    title: str
    short: str
    aliases: tuple[str, ...]
    kind: DocumentKind
    text: str
    provisions: tuple[Provision, ...]
    provenance: Provenance = field(default_factory=Provenance)
    warnings: tuple[str, ...] = ()

    def ancestors(self, provision: Provision) -> Iterator[Provision]:
        """Yield the provision's parents, nearest first, the document node excluded."""
        while provision.parent > 0:
            provision = self.provisions[provision.parent]
            yield provision

    def deepest_at(self, span: Span) -> Provision:
        """Return the innermost provision that contains `span`."""
        found = self.provisions[bisect_right(self.provisions, span.start, key=attrgetter("start")) - 1]
        while found.parent >= 0 and not found.span.contains(span):
            found = self.provisions[found.parent]
        return found

    def pin_cite(self, span: Span) -> str:
        """Return the most exact label for `span`; the nearest heading where nothing around it is numbered."""
        provision = self.deepest_at(span)
        for node in (provision, *self.ancestors(provision)):
            if node.label:
                return node.label
            if node.kind is ProvisionKind.HEADING and node.heading:
                return node.heading
        return ""

    def path(self, provision: Provision) -> tuple[str, ...]:
        """Return the headings from the top down to the provision, its own included, numbers before them."""
        nodes = [provision, *self.ancestors(provision)]
        return tuple(f"{n.label} {n.heading}".strip() for n in reversed(nodes) if n.index and n.heading)
