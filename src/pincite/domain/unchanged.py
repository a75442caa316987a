"""That files are still those whose digests were compared, when they are opened by name afterwards.

A library opens files by their names, after we have compared their digests. In between somebody may put another file
in the place of one. So what the kernel says of each file is noted before the comparison and compared after the file
has been opened: device, inode, size, and the times of the last change of content and of the inode. The last one,
ctime, no program can set back; renaming, replacing or writing a file renews it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["Snapshot", "State", "state_of"]

State = tuple[int, int, int, int, int]


def state_of(path: Path) -> State:
    """Return what tells a file, as it is now, from any other and from itself after a change.

    Raises:
        OSError: if it is not there.
    """
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Snapshot:
    """What some files and directories were when their digests were about to be compared.

    Raises:
        OSError: if one is not there.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._states = {path: state_of(path) for path in paths}

    def changed(self) -> Path | None:
        """Return one of them that is no longer what it was, a file rather than its directory; None if all are."""
        found = [path for path, state in self._states.items() if _now(path) != state]
        return min(found, key=Path.is_dir, default=None)


def _now(path: Path) -> State | None:
    try:
        return state_of(path)
    except OSError:
        return None
