"""What the answer engine needs of a language model; unit tests bring their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event as Flag
from typing import Protocol

from pincite.llm.prompt import Prompt
from pincite.llm.templates import Template

__all__ = ["Generation", "LanguageModel", "Piece", "ReadProgress"]


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """Prompt tokens read so far, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Newly written text."""

    text: str


@dataclass(frozen=True, slots=True)
class Generation:
    """The end of a generation: token counts and seconds.

    Attributes:
        prompt_tokens: tokens of the prompt; `cached_tokens` of them needed no reading.
        answer_tokens: tokens written.
        prompt_seconds, answer_seconds: wall time of reading and writing, ours included, and that of generations
            under way at the same time.
        backend_seconds: the part of both that llama.cpp itself took for this one.
        finish: "stop" (the model ended), "length" or "cancelled".
    """

    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    prompt_seconds: float
    answer_seconds: float
    backend_seconds: float
    finish: str


class LanguageModel(Protocol):
    """A loaded model; one generation at a time, or as many as it was loaded for."""

    @property
    def title(self) -> str:
        """Name for people, with the device: ``Qwen2.5 Coder 1.5B Q4 on CPU``."""
        ...

    @property
    def sha256(self) -> str:
        """Digest of the model file."""
        ...

    @property
    def context(self) -> int:
        """Context length in tokens."""
        ...

    @property
    def template(self) -> Template:
        """How its prompts are built."""
        ...

    def count(self, text: str) -> int:
        """Return how many tokens foreign text takes."""
        ...

    def generate(
        self, prompt: Prompt, *, grammar: str = "", most: int = 160, stop: Flag | None = None
    ) -> Iterator[ReadProgress | Piece | Generation]:
        """Yield progress of reading, then pieces of text, then one `Generation`.

        Greedy, so that the same inputs give the same answer. Setting `stop` ends it within one graph node of
        llama.cpp. `grammar` is GBNF with the rule ``root``.

        Raises:
            ModelError: if the prompt does not fit the context or llama.cpp fails.
        """
        ...

    def log_probabilities(self, prompt: Prompt, text: str, *, stop: Flag | None = None) -> list[float]:
        """Return what the model gives to each token of foreign text as what it writes after a prompt, in nats.

        Of a long text only the last hundred tokens or so are told; the others are read. Empty if stopped or if there
        is no text.

        Raises:
            ModelError: if both do not fit the context or llama.cpp fails.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...
