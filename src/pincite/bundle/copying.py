"""Copies files and compares their digests on the way; goes on where an interrupted copy stopped."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from pincite.bundle.layout import read_regular
from pincite.errors import BundleError, BundleRefused
from pincite.models.files import digest

__all__ = ["PART", "copy_file"]

PART = ".part"
"""Ending of the name of an unfinished copy."""

_CHUNK = 1 << 20


def copy_file(
    source: Path, target: Path, length: int, sha256: str, tell: Callable[[int], None], twin: Path | None = None
) -> None:
    """Make `target` a copy of `source`, whole and with the right digest, or leave it absent.

    Args:
        source: the file, followed through no link.
        target: where it goes; a right one there is kept, a wrong one replaced.
        length: bytes.
        sha256: hex digest that the copy must have.
        tell: called with the bytes that are there so far.
        twin: a file that may be the same already: if its digest is right, it is linked instead of copied.

    Raises:
        BundleRefused: if the source cannot be read or is not of that length and digest; names it.
        BundleError: if the target cannot be written.
    """
    for known in (target, twin):
        if known is None or known.is_symlink() or not known.is_file() or known.stat().st_size != length:
            continue
        if digest(known, lambda _what, done, _total, _unit="": tell(done)) != sha256:
            continue
        if known is target:
            return
        with contextlib.suppress(OSError):  # another file system, or one without links: copied then
            _fresh(target)
            os.link(known, target)
            return
    part = target.with_name(target.name + PART)
    try:
        _fresh(target)
        found = _copy(source, part, length, tell)
        if found != sha256:
            part.unlink()
            raise BundleRefused(f"{source}: differs from what was signed (SHA-256 {found})")
        part.replace(target)
    except OSError as error:
        raise BundleError(
            f"{target}: {error.strerror}", hint="Free some space or choose another place; the next run goes on."
        ) from error


def _fresh(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)


def _copy(source: Path, part: Path, length: int, tell: Callable[[int], None]) -> str:
    """Copy to `part`, from where it ends, and return the digest of the whole."""
    try:
        descriptor = read_regular(source)
    except OSError as error:
        raise BundleRefused(f"{source}: {error.strerror}") from error
    sha, done = hashlib.sha256(), 0
    with os.fdopen(descriptor, "rb") as file, part.open("ab+") as copy:
        copy.seek(0)
        while chunk := copy.read(_CHUNK):
            sha.update(chunk)
            done += len(chunk)
            tell(done)
        file.seek(done)
        while chunk := _read(file.fileno(), source):
            copy.write(chunk)
            sha.update(chunk)
            done += len(chunk)
            tell(done)
            if done > length:
                break
        copy.flush()
        os.fsync(copy.fileno())
    if done != length:
        part.unlink()
        raise BundleRefused(f"{source}: {done:,} bytes instead of {length:,}")
    return sha.hexdigest()


def _read(descriptor: int, source: Path) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError as error:  # a bad stick is no fault of the target's
        raise BundleRefused(f"{source}: {error.strerror}") from error
