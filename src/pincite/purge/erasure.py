"""Files overwritten, synced, and only then unlinked: what NIST SP 800-88r2 calls Clear, as far as a file goes."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pincite.errors import PurgeError

__all__ = ["erase", "files_below", "overwriting"]

_BLOCK = bytes(1 << 20)


def erase(path: Path) -> int:
    """Overwrite a file, or every file of a directory, with zeros, bring that to the disk and remove it.

    A link is removed, what it leads to is not touched. What is not there counts as erased.

    Returns:
        How many files were overwritten.

    Raises:
        PurgeError: if one cannot be overwritten or removed; those before it are gone.
    """
    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            count = sum([erase(child) for child in sorted(path.iterdir())])
            path.rmdir()
        else:
            count = int(stat.S_ISREG(mode))
            if count:
                _overwrite(path)
            path.unlink()
        _sync(path.parent)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise PurgeError(f"{path}: {error.strerror}", hint="Mend the cause, then: pincite purge --resume") from error
    return count


@contextlib.contextmanager
def overwriting(path: Path) -> Iterator[None]:
    """Overwrite what a file held before the block put another one in its place."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        descriptor = -1
    try:
        yield
        if descriptor >= 0 and not (path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())):
            _zero(descriptor)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _overwrite(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _zero(descriptor)
    finally:
        os.close(descriptor)


def _zero(descriptor: int) -> None:
    left = os.fstat(descriptor).st_size
    os.lseek(descriptor, 0, os.SEEK_SET)
    while left > 0:
        left -= os.write(descriptor, _BLOCK[: min(left, len(_BLOCK))])
    os.fsync(descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files_below(directory: Path) -> Iterator[Path]:
    """Yield every file, link and other non-directory below a directory, in order; links are not followed.

    Raises:
        PurgeError: if a directory cannot be looked into.
    """

    def stop(error: OSError) -> None:
        raise PurgeError(f"{error.filename}: {error.strerror}", hint="Give access to it, then try again.") from error

    for folder, folders, names in os.walk(directory, followlinks=False, onerror=stop):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = sorted(set(folders) - set(links))
        yield from (Path(folder, name) for name in sorted([*names, *links]))
