"""Where things lie in a home: its libraries, audit logs and journals, also where people have parts of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pincite.library.generations import Generations
from pincite.record.reader import Record, read_records

__all__ = ["audit_directories", "is_batch_journal", "libraries", "log_records", "source_copies"]


def libraries(home: Path) -> list[Generations]:
    """Return all libraries of a home that have or had a generation."""
    found = {home / "library", *(path.parent for path in home.glob("*/CURRENT")), *home.glob("libraries/*")}
    return [Generations(path) for path in sorted(found) if (path / "generations").is_dir()]


def audit_directories(home: Path) -> list[Path]:
    """Return the directories of all audit logs of a home, the home's own first."""
    others = sorted(path for path in home.glob("people/*/audit") if path.is_dir())
    return [home / "audit", *others]


def log_records(directory: Path) -> Iterator[Record]:
    """Yield the records of an audit log; none where it has not begun."""
    from pincite.record.chain import LOG

    if (directory / LOG).exists():
        yield from read_records(directory)


def is_batch_journal(path: Path) -> bool:
    """Tell whether a file is the journal of a batch: JSON lines that each state their form."""
    if path.suffix != ".journal":
        return False
    try:
        with path.open("rb") as file:
            line = file.readline(1 << 24)
        return not line or "form" in json.loads(line)
    except (OSError, ValueError, TypeError):
        return False


def source_copies(home: Path, slug: str, path: str, used: set[Path]) -> list[Path]:
    """Return the copies in HOME/sources of a document that no other document uses.

    Args:
        home: the home.
        slug: the document.
        path: that of its entry in corpus.toml, empty if it has none.
        used: files that other entries name.
    """
    folder = home / "sources"
    named = {home / path} if path and (home / path).parent == folder else set()
    digits = "[0-9a-f]" * 12
    kept = {found for found in folder.glob("*") if found.match(f"{slug}-{digits}") or found.match(f"{slug}-{digits}.*")}
    return sorted((named | kept) - used)
