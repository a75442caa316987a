"""Where the gold answers of a question stand in a library: the passages that hold them, and their ranges."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pincite.domain.answers import Citation
from pincite.domain.documents import Span
from pincite.evaluate.sets import Case, Target, TargetKind
from pincite.evaluate.snippets import straighten
from pincite.library import Library, PassageRow

__all__ = ["Gold", "GoldGroup", "Place", "Resolver", "passage_text"]


@dataclass(frozen=True, slots=True)
class Place:
    """A range of a document's text that holds a gold target; `label` is the pin-cite of its passage."""

    document: str
    label: str
    span: Span

    def overlaps(self, citation: Citation) -> bool:
        """Tell whether a citation's quote shares a character with this range."""
        return citation.document == self.document and citation.start < self.span.end and self.span.start < citation.end


@dataclass(frozen=True, slots=True)
class GoldGroup:
    """One group of alternatives: the targets, the passages that hold any of them, their ranges with lead-ins."""

    targets: tuple[Target, ...]
    passages: frozenset[int]
    places: tuple[Place, ...]

    def quoted_by(self, citations: Iterable[Citation]) -> bool:
        """Tell whether a citation shows the group: quotes a whole snippet, or words of a provision or passage."""
        for citation in citations:
            quote = straighten(citation.quote)
            for target in self.targets:
                if target.kind is TargetKind.SNIPPET:
                    if straighten(target.value) in quote:
                        return True
                elif any(place.overlaps(citation) for place in self.places):
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold of one question in one library; a group without passages is not in it."""

    groups: tuple[GoldGroup, ...]

    @property
    def absent(self) -> tuple[GoldGroup, ...]:
        """The groups that no passage of the library holds."""
        return tuple(group for group in self.groups if not group.passages)

    def covered_by(self, passage: int) -> frozenset[int]:
        """Return the numbers of the groups that a passage covers."""
        return frozenset(i for i, group in enumerate(self.groups) if passage in group.passages)

    def right(self, citation: Citation) -> bool:
        """Tell whether a citation's quote overlaps a passage (or its lead-in) that holds any gold target."""
        return any(place.overlaps(citation) for group in self.groups for place in group.places)


class Resolver:
    """Finds gold targets in a library.

    Args:
        library: where to look.
        documents: slugs of the documents in which provisions count; all if empty.
        passages: passage id of the library for each id of a benchmark's corpus.
    """

    def __init__(
        self, library: Library, documents: Sequence[str] = (), passages: Mapping[str, int] | None = None
    ) -> None:
        self._library = library
        self._documents = {library.info(slug).number for slug in documents}
        self._passages = passages or {}

    def resolve(self, case: Case) -> Gold:
        """Return where the gold of a question stands."""
        return Gold(tuple(self._group(group) for group in case.gold))

    def _group(self, targets: Sequence[Target]) -> GoldGroup:
        passages: set[int] = set()
        places: dict[Place, None] = {}
        for target in targets:
            found, ranges = self._find(target)
            passages |= found
            places |= dict.fromkeys(ranges)
        return GoldGroup(tuple(targets), frozenset(passages), tuple(places))

    def _find(self, target: Target) -> tuple[set[int], list[Place]]:
        if target.kind is TargetKind.PROVISION:
            return self._provision(target.value)
        if target.kind is TargetKind.PASSAGE:
            ids = [self._passages[target.value]] if target.value in self._passages else []
        else:
            snippet = straighten(target.value)
            ids = [i for i, text in enumerate(self._straight) if snippet in text]
        rows = self._library.passages(ids)
        return set(ids), [place for row in rows for place in self._places_of(row)]

    def _provision(self, label: str) -> tuple[set[int], list[Place]]:
        passages: set[int] = set()
        places = []
        for number, _, span in self._library.provisions_labelled(label):
            if self._documents and number not in self._documents:
                continue
            passages |= {row.id for row in self._library.passages_within(number, span)}
            places.append(Place(self._library.documents[number].slug, label, span))
        return passages, places

    def _places_of(self, row: PassageRow) -> list[Place]:
        slug = self._library.documents[row.document].slug
        spans = [row.span] if row.lead_in is None else [row.lead_in, row.span]
        return [Place(slug, row.label, span) for span in spans]

    @functools.cached_property
    def _straight(self) -> list[str]:
        """The words of every passage, its lead-in before it, ready to be compared with snippets."""
        return [straighten(passage_text(self._library, row)) for row in self._library.all_passages()]


def passage_text(library: Library, row: PassageRow) -> str:
    """Return the words of a passage, its lead-in before them."""
    text = library.document(library.documents[row.document].slug).text
    lead = row.lead_in.of(text) if row.lead_in else ""
    return f"{lead} {row.span.of(text)}".strip()
