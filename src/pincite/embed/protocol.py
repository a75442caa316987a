"""What ingest, search and answer need of an embedding model; unit tests bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Embedder", "Encoded", "Vectors"]

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as an embedding model sees it, whole and token by token.

    Attributes:
        vector: of the text, unit length, shape (dimension,).
        tokens: of its tokens in their context, unit length each, shape (tokens, dimension); without the marks that the
            tokenizer puts around a text.
        spans: where each token stands in the text, shape (tokens, 2): first character, and the one after its last.
    """

    vector: Vectors
    tokens: Vectors
    spans: npt.NDArray[np.int32]


class Embedder(Protocol):
    """A loaded embedding model."""

    @property
    def name(self) -> str:
        """Name in the manifest."""
        ...

    @property
    def sha256(self) -> str:
        """Digest over the model's files."""
        ...

    @property
    def adapter_sha256(self) -> str:
        """Digest of the question adapter, empty without one."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 vectors of unit length, shape (len(texts), dimension), in the order of `texts`."""
        ...

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return vectors of questions, comparable with those of passages; shape and length as for `encode`.

        An embedder without a question adapter encodes them like any text.
        """
        ...

    def read(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the vectors of texts and of their tokens, in the order of `texts`."""
        ...

    def read_questions(self, questions: Sequence[str]) -> list[Encoded]:
        """Return the same of questions, comparable with those of passages as for `encode_questions`."""
        ...
