"""Files of the log's directory: opened without following links, written and synced whole, errors in plain words."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path

from pincite.errors import RecordError

__all__ = ["failed", "open_file", "read_file", "replace_file", "sync_data", "sync_directory", "write_at"]

_HINTS = {
    errno.ENOSPC: "Free some space. What was recorded before is unharmed.",
    errno.EDQUOT: "Free some space. What was recorded before is unharmed.",
    errno.EROFS: "The audit log must be writable: an answer that cannot be recorded is not given.",
    errno.EACCES: "The audit log must be writable: an answer that cannot be recorded is not given.",
}


def failed(path: Path, error: OSError, what: str = "") -> RecordError:
    """Return the error for a file of the log that the system refused to read or write."""
    hint = _HINTS.get(error.errno or 0, "Check the disk. What was recorded before is verified again at the next try.")
    return RecordError(f"{path}: {what + ': ' if what else ''}{error.strerror or error}", hint=hint)


def open_file(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int:
    """Open a file, readable by its owner only, and return its descriptor.

    Raises:
        RecordError: if it cannot be opened, or is a link.
    """
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise failed(path, error) from error


def write_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of `content` at `offset`; part of it may stand there after an OSError."""
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def sync_data(descriptor: int) -> None:
    """Return when a file's bytes are on the disk, as far as the system and the disk say so.

    Raises:
        OSError: if not; what was written since the last success is then lost, whatever a later call says.
    """
    _sync(descriptor)


if sys.platform == "darwin":

    def _sync(descriptor: int) -> None:
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync leaves it in the disk's own memory there
else:
    _sync = os.fdatasync


def read_file(path: Path) -> bytes | None:
    """Return a file's bytes, None if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failed(path, error) from error


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file in one step, on the disk before this returns.

    Raises:
        RecordError: if it cannot; what stood there before is then untouched.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            write_at(descriptor, content, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise failed(path, error) from error


def sync_directory(directory: Path) -> None:
    """Bring the names in a directory to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
