"""The embedder: a sentence-transformers model from a verified local directory, never from a hub."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

# Before the import: these libraries look at the environment when they are loaded, and none of them
# may try the network or start thread pools that outlive their use.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np

_collecting = gc.isenabled()
gc.disable()  # the import makes a million objects that all stay: collecting among them is a tenth of its time
try:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    from pincite.embed.adapter import adapted
finally:
    if _collecting:
        gc.enable()

from pincite.embed.protocol import Vectors
from pincite.errors import ModelError

__all__ = ["TransformerEmbedder"]

_BATCH_TOKENS = 2048
"""Tokens in a batch, padding counted: few enough to stay in the processor's caches (`make bench-embedding`)."""

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it draws over the TUI and into standard error


class TransformerEmbedder:
    """A sentence-transformers model on the CPU; implements `Embedder`.

    Args:
        directory: the model's files, verified by the caller.
        name: its name in the manifest.
        sha256: the verified digest over its files.
        adapter: the file of its question adapter, None if it has none.
        adapter_sha256: the approved digest of that file, compared with the bytes that are used.

    Raises:
        ModelError: if the directory does not hold a loadable model.
    """

    def __init__(
        self, directory: Path, *, name: str, sha256: str, adapter: Path | None = None, adapter_sha256: str = ""
    ) -> None:
        try:
            self._model = SentenceTransformer(
                str(directory), device="cpu", local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # whatever the libraries raise, the user needs the directory's name
            raise ModelError(
                f"{directory}: sentence-transformers cannot load it: {error}",
                hint="Check it with `pincite models verify`.",
            ) from error
        self._questions = self._model
        if adapter:
            self._questions = adapted(self._model, adapter, base=sha256, sha256=adapter_sha256)
        self._adapter_sha256 = adapter_sha256 if adapter else ""
        self._name = name
        self._sha256 = sha256
        self._dimension = int(self._model.get_embedding_dimension() or 0)

    @property
    def model(self) -> SentenceTransformer:
        """The model itself, for training."""
        return self._model

    @property
    def name(self) -> str:
        """Name in the manifest."""
        return self._name

    @property
    def sha256(self) -> str:
        """Digest over the model's files."""
        return self._sha256

    @property
    def adapter_sha256(self) -> str:
        """Digest of the question adapter, empty without one."""
        return self._adapter_sha256

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimension).

        Texts of like length share a batch, counted in tokens: what pads a batch costs as much as what it says.
        """
        return self._encode(self._model, texts)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return unit vectors of questions, made with the question adapter, shape (len(questions), dimension)."""
        return self._encode(self._questions, questions)

    def _encode(self, model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for rows in _batches(self._tokens(texts)):
            vectors[rows] = model.encode(
                [texts[row] for row in rows],
                batch_size=len(rows),
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of each text the model reads."""
        if len(texts) < 2:
            return [1] * len(texts)
        encoded = self._model.tokenizer(list(texts), truncation=True, max_length=self._model.max_seq_length)
        return [len(tokens) for tokens in encoded["input_ids"]]


def _batches(tokens: Sequence[int]) -> Iterator[list[int]]:
    """Yield positions in batches of at most `_BATCH_TOKENS`, the longest texts first."""
    order = sorted(range(len(tokens)), key=lambda row: -tokens[row])
    at = 0
    while at < len(order):
        size = max(1, _BATCH_TOKENS // max(1, tokens[order[at]]))
        yield order[at : at + size]
        at += size
