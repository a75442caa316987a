"""The log's file: lines appended and synced one by one, those of other writers taken in, a torn end found."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pincite.errors import RecordError
from pincite.record.files import failed, open_file, sync_data, sync_directory, write_at
from pincite.record.tree import Frontier
from pincite.record.verify_log import VerifyError, leaf_hash, parse_line

__all__ = ["LOG", "Chain"]

LOG = "log"
_PAGE = 4096


class Chain:
    """One writer's view of the log; who calls a method holds the log's lock.

    Args:
        directory: the log's.
        frontier: the tree of the records that a signed checkpoint vouches for.
        offset: where they end in the file, in bytes.

    Attributes:
        tree: over all records seen so far.
        offset: where the next record goes.

    Raises:
        RecordError: if the file cannot be opened or made.
    """

    def __init__(self, directory: Path, frontier: Frontier, offset: int) -> None:
        self.path = directory / LOG
        self._sure = (frontier.copy(), offset)
        self.tree, self.offset = frontier, offset
        self._suspect = False
        new = not self.path.exists()
        self._file = open_file(self.path)
        if new:
            try:
                sync_directory(directory)
            except OSError as error:
                raise failed(self.path, error) from error

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def vouched(self) -> None:
        """Take note that a checkpoint of the tree as it is now was signed and kept."""
        self._sure = (self.tree.copy(), self.offset)

    def catch_up(self) -> bytes:
        """Take in what other writers have appended; return the torn end that one may have left, else nothing.

        Torn is a last line without its line feed, or one whose hash is not that of its words: a writer was killed, or
        the power failed, before it was on the disk, so that nobody was told that it is recorded.

        Raises:
            RecordError: if records that were there are gone, or one before the last line is damaged.
        """
        try:
            if self._suspect:
                self._read_again()
            state, named = os.fstat(self._file), self.path.stat()
            if (state.st_dev, state.st_ino) != (named.st_dev, named.st_ino):
                raise self._changed("the file was replaced while this program had it open")
            if state.st_size < self.offset:
                raise self._changed("records that were there are gone")
            fresh = self._read(self.offset, state.st_size)
        except FileNotFoundError:
            raise self._changed("the file was removed while this program had it open") from None
        except OSError as error:
            raise failed(self.path, error) from error
        torn = self._take(fresh)
        if self._suspect and not torn:
            self._write_again()
        return torn

    def append(self, body: bytes) -> bytes:
        """Put one record at the end, over a torn one if there is one, and return its leaf hash; it is then on the disk.

        Raises:
            RecordError: if it is not; the records before are then as they were, and the next call tries anew.
        """
        leaf = leaf_hash(body)
        line = b"%s %s\n" % (leaf.hex().encode(), body)
        try:
            write_at(self._file, line, self.offset)
            if os.fstat(self._file).st_size > self.offset + len(line):
                os.ftruncate(self._file, self.offset + len(line))
        except OSError as error:
            self._take_back()
            raise failed(self.path, error) from error
        try:
            sync_data(self._file)
        except OSError as error:
            # the kernel may count the pages as clean now: neither they nor a later success say what is on the disk
            self._suspect = True
            self._take_back()
            raise failed(self.path, error, "the disk did not confirm") from error
        self.tree.append(leaf)
        self.offset += len(line)
        return leaf

    def _take(self, fresh: bytes) -> bytes:
        try:
            taken, torn = _extend(self.tree, fresh)
        except VerifyError as error:
            raise self._changed(str(error)) from error
        self.offset += taken
        return torn

    def _read(self, start: int, end: int) -> bytes:
        parts = []
        while start < end:
            part = os.pread(self._file, end - start, start)
            if not part:
                break
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def _take_back(self) -> None:
        # what cannot be taken back is a torn end or a whole record that was never acknowledged; both can be read
        with suppress(OSError):
            os.ftruncate(self._file, self.offset)

    def _read_again(self) -> None:
        """After a failed sync: open the file anew and read from the disk what no checkpoint vouches for yet."""
        size, root = self.tree.size, self.tree.root
        os.close(self._file)
        self._file = -1
        self._file = open_file(self.path)
        with suppress(OSError, AttributeError):  # advice only, and not on every system
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)
        sure, offset = self._sure
        tree = sure.copy()
        with suppress(VerifyError):
            _extend(tree, self._read(offset, self.offset))
        if (tree.size, tree.root) != (size, root):
            raise self._changed("records that were on the disk before it failed are not there any more")

    def _write_again(self) -> None:
        """Write the last page once more, so that a sync has something to do and says whether the disk takes it."""
        try:
            start = max(0, self.offset - 1) // _PAGE * _PAGE
            write_at(self._file, self._read(start, self.offset), start)
            sync_data(self._file)
        except OSError as error:
            raise failed(self.path, error, "the disk still does not confirm") from error
        self._suspect = False

    def _changed(self, what: str) -> RecordError:
        return RecordError(
            f"{self.path}: {what}",
            hint="See what happened: pincite audit verify. Move the directory aside, and a new log begins.",
        )


def _extend(tree: Frontier, fresh: bytes) -> tuple[int, bytes]:
    """Add the records in `fresh` to a tree; return how many bytes they take, and the torn rest.

    Raises:
        VerifyError: if a line before the last one is wrong.
    """
    *lines, rest = fresh.split(b"\n")
    taken = 0
    for number, line in enumerate(lines):
        try:
            leaf, _ = parse_line(line, tree.size)
        except VerifyError:
            if number == len(lines) - 1 and not rest:
                return taken, line + b"\n"
            raise
        tree.append(leaf)
        taken += len(line) + 1
    return taken, rest
