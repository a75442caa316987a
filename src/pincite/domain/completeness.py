"""What of a document was found and what was not: counts, gaps in numbering, characters that reach no reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Completeness"]


@dataclass(frozen=True, slots=True)
class Completeness:
    """The account of one document; white space is never counted as characters.

    Attributes:
        counts: provisions by kind ("article": 99), in the order in which the kinds first occur.
        gaps: numbers that the numbering implies and that neither stand in the text nor are marked there as repealed.
        duplicates: numbers that stand twice in one enumeration.
        characters: of the normalised text.
        in_passages: of them, those that a search can find.
        in_headings: those of headings, which reach the reader as the path of a passage.
        unreached: the rest; 0 unless something is wrong.
        unreached_at: where the rest is, in words.
        replaced: U+FFFD in the text: characters that could not be decoded or must not be shown.
        left_out: characters of the source left out on purpose, by what they are.
    """

    counts: Mapping[str, int]
    gaps: tuple[str, ...]
    duplicates: tuple[str, ...]
    characters: int
    in_passages: int
    in_headings: int
    unreached: int
    unreached_at: tuple[str, ...]
    replaced: int
    left_out: Mapping[str, int]

    def warnings(self) -> tuple[str, ...]:
        """Return what a steward must know, each in one line."""
        found = [*(f"numbering: {gap}" for gap in self.gaps), *(f"numbering: {twice}" for twice in self.duplicates)]
        if self.unreached:
            found.append(f"{self.unreached} characters reach no passage: {'; '.join(self.unreached_at[:3])}")
        if self.replaced:
            found.append(f"{self.replaced} characters could not be read and are shown as \N{REPLACEMENT CHARACTER}")
        return tuple(found)
