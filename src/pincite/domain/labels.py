"""Labels for handling (public, internal, …): their order, and what a document's own words for its label count as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pincite.domain.text import collapse

__all__ = ["STANDARD", "Labels"]

STANDARD = ("public", "internal", "confidential", "restricted")
"""The labels of a home that names no others, lowest first."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels in their order.

    Attributes:
        names: lowest first.
        spellings: further words for a label, in lower case, to its name ("internal use only" to "internal").
        unlabelled: what a missing or unknown label counts as; empty: nothing is assumed, and words that are no label
            are taken as one that ranks above all others.
    """

    names: tuple[str, ...] = STANDARD
    spellings: Mapping[str, str] = field(default_factory=dict)
    unlabelled: str = ""

    def of(self, classification: str) -> str:
        """Return the label that a document's own words mean ("Internal" means "internal"); empty for none."""
        words = collapse(classification).casefold()
        if self.knows(words):
            return self.spellings.get(words, words)
        return self.unlabelled or collapse(classification)

    def knows(self, classification: str) -> bool:
        """Tell whether a document's own words mean one of these labels."""
        words = collapse(classification).casefold()
        return self.spellings.get(words, words) in self.names

    def rank(self, label: str) -> int:
        """Return a label's place, 0 for the lowest; a word that is no label ranks above all, no label below all."""
        if not label:
            return -1
        return self.names.index(label) if label in self.names else len(self.names)

    def highest(self, classifications: Iterable[str]) -> str:
        """Return the highest of the labels that some documents' words mean; empty if there are none."""
        return max(sorted({self.of(words) for words in classifications}), key=self.rank, default="")
