"""What answers rest on: digests of library, models and settings, and the documents a row may be restricted to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from pincite.batch.rows import Row
from pincite.domain.labels import Labels

__all__ = ["Basis", "Catalogue", "Entry", "Ground", "UnknownScope"]

_WORDS = {
    "library": "library",
    "model": "language model",
    "embedder": "embedding model",
    "reranker": "reranking model",
    "settings": "settings",
    "program": "program",
}


@dataclass(frozen=True, slots=True)
class Basis:
    """Digests of everything but the question that decides an answer.

    Attributes:
        library: the generation's name.
        model, embedder, reranker: SHA-256 of the models; empty without a reranker.
        settings: digest of the settings that matter to answers.
        program: digest of the prompt, the checks and the search.
    """

    library: str
    model: str
    embedder: str
    settings: str
    program: str
    reranker: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the digests by name."""
        return asdict(self)

    def changed_since(self, earlier: Basis) -> str:
        """Name what differs from an earlier basis, in words; empty if nothing does."""
        before, now = earlier.to_json(), self.to_json()
        return " and ".join(_WORDS[name] for name in now if now[name] != before[name])


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of the library: its slug, all names that people use for it, its classification."""

    slug: str
    names: tuple[str, ...]
    label: str


class UnknownScope(ValueError):
    """A row names a document or a label that the library does not have."""


class Catalogue:
    """The library's documents by name and classification."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)
        self._slugs = {name.casefold(): entry.slug for entry in self._entries for name in (entry.slug, *entry.names)}
        self._labels = {entry.label.casefold() for entry in self._entries if entry.label}

    def resolve(self, row: Row) -> frozenset[str] | None:
        """Return the slugs of the documents that may answer a row; None for all.

        Raises:
            UnknownScope: naming what the library does not have.
        """
        if not row.documents and not row.label:
            return None
        chosen = self._named(row.documents) if row.documents else {entry.slug for entry in self._entries}
        if row.label:
            if row.label.casefold() not in self._labels:
                known = ", ".join(sorted({entry.label for entry in self._entries if entry.label})) or "none"
                raise UnknownScope(f"no document is classified “{row.label}”; the library has: {known}")
            chosen &= {entry.slug for entry in self._entries if entry.label.casefold() == row.label.casefold()}
            if not chosen:
                raise UnknownScope(f"none of the documents named is classified “{row.label}”")
        return frozenset(chosen)

    def _named(self, names: Sequence[str]) -> set[str]:
        unknown = [name for name in names if name.casefold() not in self._slugs]
        if unknown:
            known = ", ".join(sorted(entry.slug for entry in self._entries)[:20])
            raise UnknownScope(f"no document is called “{unknown[0]}”; the library has: {known}")
        return {self._slugs[name.casefold()] for name in names}


@dataclass(frozen=True, slots=True)
class Ground:
    """Basis and catalogue of one home, its labels, and the one for which this person is cleared; empty for all."""

    basis: Basis
    catalogue: Catalogue
    labels: Labels = field(default_factory=Labels)
    cleared: str = ""

    def shows(self, label: str) -> bool:
        """Tell whether this person is cleared for an answer with this label; one without any counts as unlabelled."""
        return not self.cleared or self.labels.rank(self.labels.of(label)) <= self.labels.rank(self.cleared)
