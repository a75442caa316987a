"""The stream between a build and its helper process: limits, and frames of a job's number, a kind and bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["DATA", "END", "HEADER", "HELLO", "OUT_OF_MEMORY", "Limits", "frame"]

HEADER = struct.Struct("<IBI")
HELLO, DATA, END = 1, 2, 3
"""The helper's first word, a piece of a child's output, a child's end."""

OUT_OF_MEMORY = 3
"""Exit code of a child that ran into its limit of memory and could not say so otherwise."""


def frame(job: int, kind: int, content: bytes) -> bytes:
    """Return one frame."""
    return HEADER.pack(job, kind, len(content)) + content


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost.

    Attributes:
        memory: bytes of address space.
        seconds: of the clock, and as many of the processor.
        output: bytes that a parser may send about one document.
        processes: documents at a time; 0 is one for each core this process may use.
    """

    memory: int = 1500 * 1024 * 1024
    seconds: int = 30
    output: int = 64 * 1024 * 1024
    processes: int = 0
