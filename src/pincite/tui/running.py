"""What the screen knows of the question being answered, while it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event as Flag

from pincite.tui.bars import Metrics
from pincite.tui.conversation import Turn

__all__ = ["Run"]


@dataclass
class Run:
    """The question being answered; `stop` ends it, `number` tells its messages from those of an earlier one."""

    number: int
    question: str
    turn: Turn
    started: float
    stop: Flag = field(default_factory=Flag)
    draft: str = ""
    tokens: int = 0
    first_token: float = 0.0
    prompt: int = 0
    passages: int = 0
    sentences: int = 0
    checked: int = 0

    def reading(self, done: int = 0, total: int = 0) -> str:
        """Return the status words for reading, with how much of the prompt has been read."""
        passages = "1 passage" if self.passages == 1 else f"{self.passages} passages"
        return f"Reading {passages}" + (f" {100 * done // total}%" if total else "")

    def metrics(self, now: float) -> Metrics:
        """Return the numbers so far."""
        writing = now - self.first_token if self.first_token else 0.0
        return Metrics(
            tokens=self.tokens,
            # the first token starts the clock, so it is not counted
            rate=(self.tokens - 1) / writing if self.tokens > 1 and writing > 0 else 0.0,
            seconds=now - self.started,
            used=self.prompt + self.tokens,
        )
