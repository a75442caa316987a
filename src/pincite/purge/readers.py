"""Which processes still hold files of a home that are gone or must go: their memory and descriptors outlive a purge."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from pincite.seal.seccomp import NO_NETWORK, NO_PROCESSES, NO_WRITES, install

__all__ = ["holders", "observe"]

_GONE = " (deleted)"


_observer: tuple[int, int] | None = None  # descriptors to ask it and to hear its answer


def observe() -> None:
    """Start the process that looks at other processes for `holders`; to be called before this one is sealed.

    Inside of the seal the kernel shows nothing of processes outside of it (Landlock). The observer stays outside of
    that, gives up the network, new processes and all writing to files by itself, opens nothing but /proc, and ends with
    this process.
    """
    global _observer
    ask_read, ask_write = os.pipe()
    tell_read, tell_write = os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            os.close(ask_write)
            os.close(tell_read)
            install(NO_NETWORK, NO_PROCESSES, NO_WRITES)
            with os.fdopen(ask_read, encoding="utf-8") as questions, os.fdopen(tell_write, "w") as answers:
                for line in questions:
                    print(json.dumps(_look(json.loads(line), {os.getpid(), parent})), file=answers, flush=True)
        finally:
            os._exit(0)
    os.close(ask_read)
    os.close(tell_write)
    _observer = ask_write, tell_read


def holders(home: Path) -> list[str]:
    """Return "process N (name) holds FILE" for files of the home that are unlinked but open or mapped.

    What the kernel shows (Linux, /proc) is only of this user's processes, unless root asks; readers of a library are
    found for every user by their lock (`Generations.unread`), this finds all other ones of this user. If not even those
    can be seen, that is the answer.
    """
    if not Path("/proc/self/fd").is_dir():
        return []  # no Linux: the certificate's residual risk says what was looked at
    try:
        found, seen = _look(str(home), {os.getpid()}) if _observer is None else _ask(*_observer, str(home))
    except (OSError, ValueError):
        found, seen = [], False
    return found if seen else ["what other processes hold cannot be seen (start it from a shell of this user)"]


def _ask(asking: int, hearing: int, home: str) -> tuple[list[str], bool]:
    os.write(asking, json.dumps(home).encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        part = os.read(hearing, 1 << 16)
        if not part:
            raise OSError("the observer has ended")
        answer += part
    found, seen = json.loads(answer)
    return list(found), bool(seen)


def _look(home: str, ours: set[int]) -> tuple[list[str], bool]:
    """Return what processes but `ours` hold, and whether any process could be looked at that is not ours."""
    found: dict[str, None] = {}
    seen = False
    for number in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        if int(number) not in ours:
            try:
                for target in _targets(number, f"{home}/"):
                    if target.endswith(_GONE):
                        found[f"process {number} ({_name(number)}) holds {target.removesuffix(_GONE)}"] = None
                seen = True
            except OSError:  # another user's, or it has ended
                continue
    return list(found), seen


def _targets(number: str, inside: str) -> Iterator[str]:
    """Yield the files below `inside` that a process has open or mapped; plain strings, for there are many processes."""
    folder = f"/proc/{number}/fd"
    for name in os.listdir(folder):  # noqa: PTH208
        with contextlib.suppress(OSError):  # closed meanwhile
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
            if target.startswith(inside):
                yield target
    maps = Path(f"/proc/{number}/maps").read_text(encoding="utf-8", errors="replace")
    if inside in maps:
        for line in maps.splitlines():
            parts = line.split(maxsplit=5)
            if len(parts) == 6 and parts[5].startswith(inside):
                yield parts[5]


def _name(number: str) -> str:
    try:
        return Path(f"/proc/{number}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "ended"
