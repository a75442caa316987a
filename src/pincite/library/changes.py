"""What a new generation changed: documents added, removed and changed, for the audit log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pincite.errors import LibraryError
from pincite.library.generations import Generations

__all__ = ["changes", "listed"]


def listed(directory: Path) -> dict[str, str]:
    """Return what the manifest of a library's current generation says of each document, by slug.

    Empty if there is no library, or one so damaged that its manifest cannot be read.
    """
    found: dict[str, Any] = {}
    with suppress(LibraryError):
        generations = Generations(directory)
        current = generations.current()
        found = generations.manifest(current)["documents"] if current is not None else {}
    return {slug: json.dumps(entry, sort_keys=True) for slug, entry in found.items()}


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the slugs added, removed and changed between two states of `listed`."""
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(slug for slug in after.keys() & before.keys() if after[slug] != before[slug]),
    }
