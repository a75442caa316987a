"""Folders outside of a home in which a purge or retention may have to write, known before the process is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["named_folders"]


def named_folders(home: Path) -> list[Path]:
    """Return the existing folders of files that audit logs, or a pending purge, name.

    Reads nothing but clear text of the logs, and loads nothing: what cannot be read here is read, and complained
    about, by the command itself.
    """
    return sorted({path.parent for path in map(Path, _names(home)) if path.is_absolute() and path.parent.is_dir()})


def _names(home: Path) -> Iterator[str]:
    for log in (home / "audit" / "log", *home.glob("people/*/audit/log")):
        with suppress(OSError), log.open("rb") as file:
            for line in file:
                if b'"files":[' in line:
                    with suppress(ValueError):
                        yield from json.loads(line.partition(b" ")[2]).get("files", ())
    with suppress(OSError, ValueError, TypeError, AttributeError):
        pending = json.loads((home / "purge" / "pending.json").read_bytes())
        yield from (*pending["files"], *pending["journals"])
