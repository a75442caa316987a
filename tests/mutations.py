"""Damaged copies of a file, the same on every run: bits flipped, cut off, longer, header fields, other files' bytes."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence

__all__ = ["mutations"]

_WORDS = [0, 1, 2, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1]


def mutations(
    whole: bytes, other: bytes, count: int, *, fields: Sequence[int] = (), seed: int = 0
) -> Iterator[tuple[str, bytes]]:
    """Yield `count` different files that are not `whole`, each with what was done to it.

    Args:
        whole: the good file.
        other: another good file, to put in its place or to take a piece from.
        fields: byte offsets of the header, where numbers are put that counts and lengths should not be.
        seed: of the choices.
    """
    rng = random.Random(seed)
    seen = {whole}
    for number in range(100 * count):
        if len(seen) > count:
            return
        what, data = _one(whole, other, number % 7, fields or range(min(len(whole), 64)), rng)
        if data not in seen:
            seen.add(data)
            yield what, data
    raise AssertionError(f"only {len(seen) - 1} different mutations of {len(whole)} bytes")


def _one(whole: bytes, other: bytes, kind: int, fields: Sequence[int], rng: random.Random) -> tuple[str, bytes]:
    size = len(whole)
    match kind:
        case 0 | 1:
            at, bit = rng.randrange(size), rng.randrange(8)
            return f"bit {bit} of byte {at} flipped", whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
        case 2:
            length = rng.randrange(size)
            return f"cut off after {length} bytes", whole[:length]
        case 3:
            more = rng.randbytes(rng.randrange(1, 40))
            return f"{len(more)} bytes longer", whole + more
        case 4:
            at, word = rng.choice(fields), rng.choice(_WORDS)
            packed = struct.pack("<Q", word)[: rng.choice((4, 8))]
            return f"{word:#x} at byte {at}", whole[:at] + packed + whole[at + len(packed) :]
        case 5:
            return "another file in its place", other[
                : rng.choice((len(other), max(1, len(other) - rng.randrange(99))))
            ]
        case _:
            at, length = rng.randrange(size), rng.randrange(1, 64)
            piece = rng.randbytes(length)
            return f"{length} bytes at {at} replaced", whole[:at] + piece + whole[at + length :]
