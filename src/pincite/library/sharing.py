"""Who may read a library, set in the file system: its directory's group, and everything else in a home closed."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from pincite.clearance import Clearance
from pincite.config import Home

__all__ = ["OPEN", "check_home", "close_the_rest", "lead_to", "problems", "share"]

OPEN = frozenset({"clearance.toml", "libraries", "models", "people", "settings.toml"})
"""What in a home with a clearance.toml is not closed to all but its owner."""

_OTHERS = 0o077


def share(directory: Path, group: str, gid: int | None) -> list[str]:
    """Let a group read the library in `directory`, or everyone where `group` is empty; the directory is made if absent.

    New generations follow the directory (`Generations.publish`); those that are there are mended. Where this process
    may not give files to the group, the library is closed to all but its owner.

    Returns:
        What could not be done, with the commands that do it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if group and gid is None:
        directory.chmod(0o700)
        return [
            f"{directory.name}: this system has no group {group}; nobody but the home's owner reads these documents"
        ]
    try:
        for path in (directory, *_published(directory)):
            if gid is not None and path.lstat().st_gid != gid:
                path.chmod(0o700 if path.is_dir() else 0o600)  # never open to the group that it had
                os.chown(path, -1, gid, follow_symlinks=False)
            # only where it differs: chmod by one who is no member of the group takes the set-group-ID bit off
            if stat.S_IMODE(path.lstat().st_mode) != _mode(path, directory, group):
                path.chmod(_mode(path, directory, group))
    except PermissionError:
        directory.chmod(0o700)
    wrong = next(problems(directory, group, gid), "")
    return [f"{wrong}; closed to the group until root runs: {_commands(directory, group)}"] if wrong else []


def problems(directory: Path, group: str, gid: int | None) -> Iterator[str]:
    """Yield what is wrong with the permissions of a library, in words."""
    for path in (directory, *_published(directory)):
        status, wanted = path.lstat(), _mode(path, directory, group)
        if group and (gid is None or status.st_gid != gid):
            yield f"{path}: does not belong to the group {group}"
        elif stat.S_IMODE(status.st_mode) != wanted:
            yield f"{path}: its mode is {stat.S_IMODE(status.st_mode):04o}, not {wanted:04o}"


def _published(directory: Path) -> Iterator[Path]:
    """Yield what a reader of a library opens."""
    yield from (path for path in (directory / "CURRENT", directory / "abstention.toml") if path.exists())
    generations = directory / "generations"
    if generations.is_dir():
        yield generations
        yield from (path for path in sorted(generations.rglob("*")) if not path.is_symlink())


def _mode(path: Path, directory: Path, group: str) -> int:
    if path == directory:
        return 0o2750 if group else 0o755
    if path.is_dir():
        return 0o750 if group else 0o755
    return 0o640 if group else 0o644


def _commands(directory: Path, group: str) -> str:
    place, name = _quoted(directory), shlex.quote(group)
    closed = f"chmod -R u=rwX,g=rX,o= {place} && chmod g+s {place}"
    return f"chgrp -R {name} {place} && {closed}" if group else f"chmod -R u=rwX,go=rX {place}"


def lead_to(home: Home) -> None:
    """Let everyone pass through a home to its libraries, without listing it, and make their own part in `people`."""
    for path, mode in _ways(home):
        path.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)


def close_the_rest(home: Path) -> list[str]:
    """Close everything in a home but what is named in `OPEN` to all but its owner.

    Returns:
        What could not be closed, and which of the files named others cannot read, with the commands that mend it.
    """
    for path in _ajar(home):
        with contextlib.suppress(PermissionError):
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~_OTHERS)
    return [
        *(f"{path} is open to others than its owner: chmod go= {_quoted(path)}" for path in _ajar(home)),
        *_unreadable(home),
    ]


def check_home(home: Home, clearance: Clearance) -> Iterator[str]:
    """Yield what is wrong with the permissions of a home and its libraries, in words; for those who keep it."""
    yield from (f"{path} is open to others than its owner: chmod go= {_quoted(path)}" for path in _ajar(home.path))
    yield from _unreadable(home.path)
    for path, mode in _ways(home):
        if not path.is_dir() or stat.S_IMODE(path.stat().st_mode) != mode:
            yield f"{path} is not there or its mode is not {mode:04o}: pincite corpus build"
    for level in clearance.served:
        directory = home.library_of(level.name)
        if level.group and level.gid is None:
            yield f"{level.name}: this system has no group {level.group}"
        elif directory.is_dir() and (wrong := next(problems(directory, level.group, level.gid), "")):
            yield f"{wrong}: {_commands(directory, level.group)}"
    extra = {path.name for path in home.libraries} - {level.name for level in clearance.served}
    if extra:
        yield f"{', '.join(sorted(extra))}: a library of no label in use: pincite corpus build"


def _ways(home: Home) -> Iterator[tuple[Path, int]]:
    """Yield the directories that lead to the libraries, and their modes."""
    yield home.library_of(""), 0o711
    yield home.people, 0o1733
    yield home.path, 0o711


def _ajar(home: Path) -> list[Path]:
    """Return what in a home is open to others and should not be."""
    return [
        path
        for path in sorted(home.iterdir())
        if path.name not in OPEN and not path.is_symlink() and path.lstat().st_mode & _OTHERS
    ]


def _unreadable(home: Path) -> Iterator[str]:
    for path in (home / name for name in sorted(OPEN)):
        if path.is_file() and not path.stat().st_mode & stat.S_IROTH:
            yield f"{path}: only its owner can read it, and Pincite needs it: chmod go+r {_quoted(path)}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
