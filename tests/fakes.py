"""Stand-ins for the models: an embedder that counts words and a language model that reads from a script."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from threading import Event as Flag

import numpy as np

from pincite.embed.protocol import Encoded, Vectors
from pincite.llm.prompt import Prompt
from pincite.llm.protocol import Generation, Piece, ReadProgress
from pincite.llm.templates import TEMPLATES

__all__ = ["EMBEDDER_SHA256", "FakeEmbedder", "FakeModel", "Killed"]

EMBEDDER_SHA256 = hashlib.sha256(b"fake embedder").hexdigest()

_WORD = re.compile(r"[^\W_]+")


class Killed(BaseException):
    """What a fake raises in place of a kill: no `except Exception` may swallow it."""


class FakeEmbedder:
    """Unit vectors of hashed words; texts that share words are similar, the same text is always the same.

    Args:
        die_after: raise `Killed` instead of encoding batch number `die_after` + 1.

    Attributes:
        batches: the texts of every call, in order.
    """

    def __init__(self, *, dimension: int = 96, sha256: str = EMBEDDER_SHA256, die_after: int | None = None) -> None:
        self.name = "fake"
        self.sha256 = sha256
        self.adapter_sha256 = ""
        self.dimension = dimension
        self.batches: list[list[str]] = []
        self._die_after = die_after

    @property
    def texts(self) -> list[str]:
        """Every text embedded so far."""
        return [text for batch in self.batches for text in batch]

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self._die_after is not None and len(self.batches) >= self._die_after:
            raise Killed
        self.batches.append(list(texts))
        return np.stack([self._vector(text) for text in texts]).astype(np.float32)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return self.encode(questions)

    def read(self, texts: Sequence[str]) -> list[Encoded]:
        return [self._read(text, vector) for text, vector in zip(texts, self.encode(texts), strict=True)]

    def read_questions(self, questions: Sequence[str]) -> list[Encoded]:
        vectors = self.encode_questions(questions)
        return [self._read(text, vector) for text, vector in zip(questions, vectors, strict=True)]

    def _read(self, text: str, vector: Vectors) -> Encoded:
        words = list(_WORD.finditer(text))
        tokens = np.zeros((len(words), len(vector)), np.float32)
        for row, word in zip(tokens, words, strict=True):
            row[:] = self._vector(word.group())[: len(vector)]
        return Encoded(vector, tokens, np.array([word.span() for word in words], np.int32).reshape(-1, 2))

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, np.float32)
        vector[0] = 0.01  # a text without words has a direction too
        for word in _WORD.findall(text.lower()):
            digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
            place = int.from_bytes(digest[:4], "big") % (self.dimension - 1)
            vector[1 + place] += 1.0 if digest[4] & 1 else -1.0
        return vector / np.linalg.norm(vector)


class FakeModel:
    """Writes its drafts one after the other, a word at a time.

    Args:
        drafts: what to write; or a function from the prompt to it.
        before_piece: called with the number of the piece that comes next, to set a stop flag in the middle.

    Attributes:
        prompts, grammars: what `generate` was called with.
        gain: what evidence adds to the likelihood of any question, in nats; or a function from the prompt to it.
        closed: whether `close` was called.
    """

    def __init__(
        self,
        *drafts: str,
        write: Callable[[Prompt], str] | None = None,
        before_piece: Callable[[int], None] | None = None,
        context: int = 4096,
        sequences: int = 1,
    ) -> None:
        self.title = "Fake on paper"
        self.sha256 = hashlib.sha256(b"fake model").hexdigest()
        self.context = context
        self.template = TEMPLATES["chatml"]
        self.prompts: list[Prompt] = []
        self.grammars: list[str] = []
        self.closed = False
        self.gain: float | Callable[[Prompt], float] = 20.0
        self._drafts = list(drafts)
        self._write = write
        self._before_piece = before_piece
        self._free = sequences

    def count(self, text: str) -> int:
        return len(text.split())

    def generate(
        self, prompt: Prompt, *, grammar: str = "", most: int = 160, stop: Flag | None = None
    ) -> Iterator[ReadProgress | Piece | Generation]:
        assert not self.closed, "generate after close"
        assert self._free, "more generations at a time than the model was loaded for"
        self.prompts.append(prompt)
        self.grammars.append(grammar)
        assert self._write or self._drafts, "the script has no draft for this prompt"
        draft = self._write(prompt) if self._write else self._drafts.pop(0)
        self._free -= 1
        try:
            yield from self._steps(draft, self.count(prompt.text), most, stop or Flag())
        finally:
            self._free += 1

    def log_probabilities(self, prompt: Prompt, text: str, *, stop: Flag | None = None) -> list[float]:
        assert not self.closed, "asked after close"
        if not text or (stop and stop.is_set()):
            return []
        if "[1] " not in prompt.text:
            return [-40.0]
        return [-40.0 + (self.gain(prompt) if callable(self.gain) else self.gain)]

    def _steps(self, draft: str, read: int, most: int, stop: Flag) -> Iterator[ReadProgress | Piece | Generation]:
        pieces = re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", draft)
        for done in (0, read // 2, read):
            if stop.is_set():
                yield Generation(done, 0, 0, 0.0, 0.0, 0.0, "cancelled")
                return
            yield ReadProgress(done, read)
        for number, piece in enumerate(pieces[:most]):
            if self._before_piece:
                self._before_piece(number)
            if stop.is_set():
                yield Generation(read, 0, number, 0.0, 0.0, 0.0, "cancelled")
                return
            yield Piece(piece)
        finish = "stop" if len(pieces) <= most else "length"
        yield Generation(read, 0, min(len(pieces), most), 0.0, 0.0, 0.0, finish)

    def close(self) -> None:
        self.closed = True
