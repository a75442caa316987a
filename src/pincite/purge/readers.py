"""Which processes still hold files of a home that are gone or must go: their memory and descriptors outlive a purge."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["holders"]

_GONE = " (deleted)"


def holders(home: Path, going: tuple[Path, ...] = ()) -> list[str]:
    """Return "process N (name) holds FILE" for files of the home that are unlinked but open or mapped, or in `going`.

    What the kernel shows (Linux, /proc) is only of this user's processes, unless root asks; readers of a library are
    found for every user by their lock (`Generations.unread`), this finds all other ones of this user.
    """
    inside = f"{home}/"
    places = tuple(str(path) for path in going)
    found: dict[tuple[int, str], None] = {}
    for number in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):  # noqa: PTH112, PTH208
        if int(number) == os.getpid():
            continue
        for target in _targets(number, inside):
            if target.endswith(_GONE) or any(target == place or target.startswith(f"{place}/") for place in places):
                found[int(number), target.removesuffix(_GONE)] = None
    return [f"process {number} ({_name(number)}) holds {target}" for number, target in found]


def _targets(number: str, inside: str) -> Iterator[str]:
    """Yield the files below `inside` that a process has open or mapped; plain strings, for there are many processes."""
    folder = f"/proc/{number}/fd"
    try:
        for name in os.listdir(folder):  # noqa: PTH208
            with contextlib.suppress(OSError):  # closed meanwhile
                target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
                if target.startswith(inside):
                    yield target
        maps = Path(f"/proc/{number}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:  # another user's, or it has ended
        return
    if inside in maps:
        for line in maps.splitlines():
            parts = line.split(maxsplit=5)
            if len(parts) == 6 and parts[5].startswith(inside):
                yield parts[5]


def _name(number: int) -> str:
    try:
        return Path(f"/proc/{number}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "ended"
