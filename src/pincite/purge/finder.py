"""Finds many byte strings at once in a stream of any size: hashes of all windows against a table, then the bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["LONG", "SHORT", "Finder", "Hits"]

LONG = 16
"""Patterns of at least so many bytes are found by the hash of their first 16."""

SHORT = 5
"""Patterns may not be shorter: fewer bytes come up by chance in files of numbers."""

_CHUNK = 1 << 19
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xC2B2AE3D27D4EB4F)
_MASK = np.uint64((1 << (8 * SHORT)) - 1)


@dataclass(slots=True)
class Hits:
    """What was found in one stream.

    Attributes:
        counts: occurrences by kind of pattern.
        first: where the first of each kind begins, in bytes.
        patterns: the patterns found, by kind.
    """

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    patterns: dict[str, set[bytes]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, kind: str, offset: int, pattern: bytes) -> None:
        """Count one occurrence."""
        self.counts[kind] += 1
        self.first[kind] = min(offset, self.first.get(kind, offset))
        self.patterns.setdefault(kind, set()).add(pattern)


class Finder:
    """Patterns of several kinds, prepared once and sought in any number of streams.

    Memory is that of the patterns, a table of at least one bit for each 64th of a pattern, and one chunk of 1 MiB.

    Args:
        patterns: byte strings by kind; those of fewer than `SHORT` bytes are refused.

    Raises:
        ValueError: if a pattern is too short.
    """

    def __init__(self, patterns: Mapping[str, Collection[bytes]]) -> None:
        self.kinds = {kind: len(found) for kind, found in patterns.items()}
        flat = [(kind, pattern) for kind, found in patterns.items() for pattern in found]
        if any(len(pattern) < SHORT for _, pattern in flat):
            raise ValueError(f"a pattern must have at least {SHORT} bytes")
        self._longest = max((len(pattern) for _, pattern in flat), default=0)
        self._tables = [
            _Table(size, chosen)
            for size in (LONG, SHORT)
            if (chosen := [pair for pair in flat if (len(pair[1]) >= LONG) == (size == LONG)])
        ]

    def search(self, read: Callable[[int], bytes], told: Callable[[int], None] | None = None) -> Hits:
        """Search a stream to its end.

        Args:
            read: as that of a file: at most so many bytes, none at the end.
            told: called with the bytes read after each chunk.
        """
        hits = Hits()
        carried, position = b"", 0
        while chunk := read(_CHUNK):
            data = carried + chunk
            for table in self._tables:
                table.search(data, len(carried), position - len(carried), hits)
            position += len(chunk)
            carried = data[-(self._longest - 1) :] if self._longest > 1 else b""
            if told:
                told(len(chunk))
        return hits

    def search_bytes(self, data: bytes) -> Hits:
        """Search bytes in memory."""
        parts = iter((data, b""))
        return self.search(lambda _: next(parts))


class _Table:
    """Patterns whose windows have one size: a table of bits over window hashes, and the patterns by window."""

    def __init__(self, size: int, patterns: Collection[tuple[str, bytes]]) -> None:
        self._size = size
        self._by_window: dict[bytes, list[tuple[str, bytes]]] = {}
        for kind, pattern in patterns:
            self._by_window.setdefault(pattern[:size], []).append((kind, pattern))
        bits = min(max((64 * len(self._by_window)).bit_length(), 16), 27)
        self._shift = np.uint64(64 - bits)
        self._marked = np.zeros(1 << bits, np.bool_)
        joined = b"".join(window.ljust(LONG, b"\0") for window in self._by_window)
        words = np.frombuffer(joined, "<u8").reshape(-1, 2)
        self._marked[self._hashes(words[:, 0], words[:, 1])] = True

    def _hashes(self, first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        if self._size == SHORT:
            mixed = first & _MASK
        else:
            mixed = second * _SECOND
            mixed ^= first
        mixed *= _FIRST
        mixed >>= self._shift
        return mixed.view(np.int64)

    def search(self, data: bytes, known: int, base: int, hits: Hits) -> None:
        """Find what ends behind the first `known` bytes of `data`, whose first byte is the stream's byte `base`."""
        padded = data + bytes(2 * LONG)  # so that a window may begin at any byte
        count = len(padded) // 8 - 1
        for offset in range(8):
            words = np.frombuffer(padded[offset : offset + 8 * count], "<u8")  # a copy: numbers must be aligned
            places = np.flatnonzero(self._marked[self._hashes(words[:-1], words[1:])])
            for place in places.tolist():
                at = offset + 8 * place
                for kind, pattern in self._by_window.get(data[at : at + self._size], ()):
                    if at + len(pattern) > known and data.startswith(pattern, at):
                        hits.add(kind, base + at, pattern)
