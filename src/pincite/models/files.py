"""Files on disk: digests, one writer at a time, and moves that are either whole or did not happen."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pincite.domain.progress import Progress, silent
from pincite.errors import ConfigError, DownloadError

__all__ = ["digest", "discard", "locked", "need_space", "place", "reading"]

CHUNK = 1 << 20
_RESERVE = 64 << 20  # left free for logs, the library and the user's other work


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn operating-system errors about `path` into `ConfigError`s that name it."""
    try:
        yield
    except OSError as error:
        named = error.filename if isinstance(error.filename, str) else path
        raise ConfigError(f"{named}: {error.strerror or error}") from error


def digest(path: Path, progress: Progress = silent, *, what: str = "", before: int = 0, total: int = 0) -> str:
    """Return the hex SHA-256 of a file; reports `before` plus the bytes read so far, of `total` bytes.

    Raises:
        OSError: if it cannot be read.
    """
    sha, done = hashlib.sha256(), before
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha.update(chunk)
            done += len(chunk)
            progress(what or f"checking {path.name}", done, total or path.stat().st_size, "B")
    return sha.hexdigest()


def place(made: Path, target: Path) -> None:
    """Move a finished file or directory to its final name; after a power cut it is there whole or not at all.

    An older `target` is replaced. Both must be on the same file system.
    """
    for path in (*made.rglob("*"), made) if made.is_dir() else (made,):
        _sync(path)
    if target.is_dir() and not target.is_symlink():
        # a directory cannot be replaced in one step: the old one is moved out of the way first
        old = made.with_name(made.name + ".old")
        discard(old)
        target.rename(old)
        made.rename(target)
        discard(old)
    else:
        made.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Remove a file or directory if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def need_space(directory: Path, size: int) -> None:
    """Check that `size` bytes more fit below `directory`.

    Raises:
        DownloadError: if not; says how much is needed and how much is free.
    """
    free = shutil.disk_usage(directory).free
    if free < size + _RESERVE:
        raise DownloadError(
            f"{directory}: {(size + _RESERVE) / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free",
            hint="Free some space, or set PINCITE_MODELS to a directory on a larger disk.",
        )


@contextmanager
def locked(directory: Path, progress: Progress = silent) -> Iterator[None]:
    """Hold the directory's lock; a second process waits here and then sees what the first one fetched."""
    with reading(directory):
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / "lock").open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another fetch", 0, 0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
