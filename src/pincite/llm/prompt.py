"""Prompts as a list of segments: ours, where special tokens count, and foreign text, where they never do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = ["Prompt", "Segment"]


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a prompt; in `foreign` text (documents, questions) ``<|im_start|>`` is only characters."""

    text: str
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole prompt in order; other prompts begin with its first `shared` segments, too: a model may keep them."""

    segments: tuple[Segment, ...]
    shared: int = 1

    @property
    def text(self) -> str:
        """The prompt as one string, for digests and logs."""
        return "".join(segment.text for segment in self.segments)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 over the segments with their trust marks, so that moved boundaries change it."""
        digest = hashlib.sha256()
        for segment in self.segments:
            digest.update(b"F" if segment.foreign else b"O")
            digest.update(str(len(segment.text)).encode())
            digest.update(segment.text.encode("utf-8"))
        return digest.hexdigest()
