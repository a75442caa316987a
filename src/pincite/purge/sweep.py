"""The byte search over every file of a home: raw bytes, and what ZIP files such as workbooks hold."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pincite.domain.progress import Progress, silent
from pincite.purge.finder import Finder, Hits
from pincite.purge.fingerprint import TERMS

__all__ = ["Found", "Sweep", "Sweeper"]

_MOST_UNPACKED = 1 << 30
_PACKED = (b"%PDF", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
_DATABASE = b"SQLite format 3\0"
_BESIDE_DATABASES = ("-wal", "-journal", "-shm")


@dataclass(frozen=True, slots=True)
class Found:
    """A place: a file, the member of an archive or empty, how many of each kind, where the first begins (bytes)."""

    path: Path
    member: str
    counts: Mapping[str, int]
    first: int

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        return f"{self.path}{f' ({self.member})' if self.member else ''}: {counts}, first at byte {self.first}"


@dataclass(slots=True)
class Sweep:
    """What a search over many files came to.

    Attributes:
        files: how many were searched; size: bytes of them; members of archives not counted.
        found: every place with a hit.
        unread: "path: why" of what could not be searched; such a search proves nothing.
        packed: compressed files that were searched from outside only.
        links: links, which were not followed.
        patterns: which patterns were met, by kind.
    """

    files: int = 0
    size: int = 0
    found: list[Found] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    packed: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    patterns: dict[str, set[bytes]] = field(default_factory=dict)

    def counts(self) -> Counter[str]:
        """Return all hits by kind."""
        total: Counter[str] = Counter()
        for place in self.found:
            total.update(place.counts)
        return total


class Sweeper:
    """Searches files for patterns; index terms only in databases and the journals that SQLite keeps beside them."""

    def __init__(self, patterns: Mapping[str, set[bytes]]) -> None:
        self._anywhere = Finder({kind: found for kind, found in patterns.items() if not kind.endswith(TERMS)})
        self._terms = Finder({kind: found for kind, found in patterns.items() if kind.endswith(TERMS)})

    def sweep(self, paths: Iterable[Path], progress: Progress = silent, what: str = "Searching") -> Sweep:
        """Search files; those that vanish meanwhile are passed over, which a purge may not leave at that."""
        result = Sweep()
        sizes = [(path, self._size(path, result)) for path in paths]
        total = sum(size for _, size in sizes)
        progress(what, 0, total, "B")

        def told(count: int) -> None:
            result.size += count
            progress(what, min(result.size, total), total, "B")

        for path, size in sizes:
            if size < 0:
                continue
            self._file(path, result, told)
            result.files += 1
        progress(what, total, total, "B")
        return result

    def _size(self, path: Path, result: Sweep) -> int:
        """Return the size of a regular file, or -1 after noting what else it is."""
        try:
            status = path.lstat()
        except FileNotFoundError:
            return -1
        except OSError as error:
            result.unread.append(f"{path}: {error.strerror}")
            return -1
        if stat.S_ISLNK(status.st_mode):
            result.links.append(path)
        elif stat.S_ISREG(status.st_mode):
            return status.st_size
        return -1

    def _file(self, path: Path, result: Sweep, told: Callable[[int], None]) -> None:
        try:
            with path.open("rb") as file:
                head = file.read(16)
                file.seek(0)
                self._note(path, "", self._anywhere.search(file.read, told), result)
                if head.startswith(_DATABASE) or path.name.endswith(_BESIDE_DATABASES):
                    file.seek(0)
                    self._note(path, "", self._terms.search(file.read), result)
                if head.startswith(b"PK\x03\x04"):
                    self._members(path, result)
                elif head.startswith(_PACKED):
                    result.packed.append(path)
        except FileNotFoundError:
            return
        except OSError as error:
            result.unread.append(f"{path}: {error.strerror}")

    def _members(self, path: Path, result: Sweep) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(info.file_size for info in archive.infolist()) > _MOST_UNPACKED:
                    result.packed.append(path)
                    return
                for info in archive.infolist():
                    with archive.open(info) as member:
                        self._note(path, info.filename, self._anywhere.search(member.read), result)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
            result.packed.append(path)  # damaged, encrypted or packed in a way that Python does not know

    def _note(self, path: Path, member: str, hits: Hits, result: Sweep) -> None:
        if hits:
            result.found.append(Found(path, member, dict(hits.counts), min(hits.first.values())))
            for kind, found in hits.patterns.items():
                result.patterns.setdefault(kind, set()).update(found)
