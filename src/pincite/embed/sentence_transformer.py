"""The embedder: a sentence-transformers model from a verified local directory, never from a hub."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

# Before the import: these libraries look at the environment when they are loaded, and none of them
# may try the network or start thread pools that outlive their use.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import numpy.typing as npt

_collecting = gc.isenabled()
gc.disable()  # the import makes a million objects that all stay: collecting among them is a tenth of its time
try:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    from pincite.embed.adapter import adapted, shared_copy
finally:
    if _collecting:
        gc.enable()

from pincite.embed.protocol import Encoded, Vectors
from pincite.errors import ModelError

__all__ = ["TransformerEmbedder"]

_BATCH_TOKENS = 512
"""Tokens in a batch, padding counted: few enough to stay in the processor's caches, and that a few passages keep all
cores busy (`make bench-embedding`)."""

_One = TypeVar("_One")

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
        self._passages = _Shared(self._model)
        self._questions = self._passages
        if adapter:
            self._questions = _Shared(adapted(self._model, adapter, base=sha256, sha256=adapter_sha256))
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
        return self._encode(self._passages, texts)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return unit vectors of questions, made with the question adapter, shape (len(questions), dimension)."""
        return self._encode(self._questions, questions)

    def read(self, texts: Sequence[str]) -> list[Encoded]:
        """See `Embedder.read`."""
        return _in_batches(self._passages, self._passages.read, texts)

    def read_questions(self, questions: Sequence[str]) -> list[Encoded]:
        """See `Embedder.read_questions`."""
        return _in_batches(self._questions, self._questions.read, questions)

    def _encode(self, model: _Shared, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self._dimension), dtype=np.float32)
        return np.stack(_in_batches(model, model.encode, texts))


class _Shared:
    """A model that several threads may use: each borrows a copy of its own, and all copies share the weights.

    A tokenizer of the tokenizers library is changed while it is used (padding, truncation) and then refuses a second
    thread.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model
        self._idle: SimpleQueue[SentenceTransformer] = SimpleQueue()

    @contextmanager
    def borrowed(self) -> Iterator[SentenceTransformer]:
        """Lend a copy that no other thread has."""
        try:
            model = self._idle.get_nowait()
        except Empty:
            model = shared_copy(self._model)
        try:
            yield model
        finally:
            self._idle.put(model)

    def tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of each text the model reads."""
        if len(texts) < 2:
            return [1] * len(texts)
        with self.borrowed() as model:
            encoded = model.tokenizer(list(texts), truncation=True, max_length=model.max_seq_length)
        return [len(tokens) for tokens in encoded["input_ids"]]

    def encode(self, texts: list[str]) -> Vectors:
        """Return unit vectors of one batch, shape (len(texts), dimension)."""
        with self.borrowed() as model:
            found = model.encode(
                texts,
                batch_size=len(texts),
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.asarray(found, dtype=np.float32)

    def read(self, texts: list[str]) -> list[Encoded]:
        """Return the texts of one batch, whole and token by token."""
        with self.borrowed() as model:
            read: Any = model.encode(texts, batch_size=len(texts), output_value=None, show_progress_bar=False)
            places = [self._places(model, text) for text in texts]
        return [_encoded(features, spans) for features, spans in zip(read, places, strict=True)]

    @staticmethod
    def _places(model: SentenceTransformer, text: str) -> npt.NDArray[np.int32]:
        """Return where each token of a text stands in it, nowhere for the marks around it, shape (tokens, 2)."""
        cut = model.tokenizer(text, truncation=True, max_length=model.max_seq_length, return_offsets_mapping=True)
        return np.array(cut["offset_mapping"], np.int32).reshape(-1, 2)


def _encoded(features: Mapping[str, torch.Tensor], spans: npt.NDArray[np.int32]) -> Encoded:
    """Return one text out of what sentence-transformers gives of it, which is padded and has the tokenizer's marks."""
    said = spans[:, 0] < spans[:, 1]
    tokens = features["token_embeddings"][features["attention_mask"].bool()][torch.from_numpy(said)]
    return Encoded(_unit(features["sentence_embedding"]), _unit(tokens), spans[said])


def _unit(vectors: torch.Tensor) -> Vectors:
    return np.asarray(torch.nn.functional.normalize(vectors.float(), dim=-1).numpy())


def _in_batches(model: _Shared, encode: Callable[[list[str]], Iterable[_One]], texts: Sequence[str]) -> list[_One]:
    """Return what `encode` gives for each text, the batches side by side."""
    batches = list(_batches(model.tokens(texts)))
    encoded = _workers().map(lambda rows: encode([texts[row] for row in rows]), batches)
    found: dict[int, _One] = {}
    for rows, batch in zip(batches, encoded, strict=True):
        found |= zip(rows, batch, strict=True)
    return [found[row] for row in range(len(texts))]


@cache
def _workers() -> ThreadPoolExecutor:
    """Return one worker a core, each with one thread of torch's.

    Threads that share the work of one batch wait for each other at every step, and for whatever else keeps a core busy:
    two measured 2.4 s for 16 passages and 6.1 s beside one busy process, where batches side by side took 1.9 and 3.0 s.
    """
    return ThreadPoolExecutor(torch.get_num_threads(), "embed", initializer=torch.set_num_threads, initargs=(1,))


def _batches(tokens: Sequence[int]) -> Iterator[list[int]]:
    """Yield positions in batches of at most `_BATCH_TOKENS`, the longest texts first."""
    order = sorted(range(len(tokens)), key=lambda row: -tokens[row])
    at = 0
    while at < len(order):
        size = max(1, _BATCH_TOKENS // max(1, tokens[order[at]]))
        yield order[at : at + size]
        at += size
