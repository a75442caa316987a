"""Which documents of a library rule people: those that instruct the assistant are left out of answers."""

from __future__ import annotations

from pincite.domain.instructions import instructs
from pincite.library import Library

__all__ = ["documents_that_rule", "instructing"]

_READ: dict[tuple[str, str], bool] = {}


def instructing(library: Library, slug: str) -> bool:
    """Tell whether a document of a library instructs the assistant; it is read for that once a process."""
    key = library.generation, slug
    if key not in _READ:
        _READ[key] = bool(instructs(library.document(slug).text))
    return _READ[key]


def documents_that_rule(library: Library, documents: frozenset[str] | None = None) -> frozenset[str]:
    """Return those of `documents` (all if None) that instruct no assistant."""
    slugs = documents if documents is not None else [info.slug for info in library.documents]
    return frozenset(slug for slug in slugs if not instructing(library, slug))
