"""The events of one answer, in order; CLI, TUI and batch are readers of the same stream."""

from __future__ import annotations

from dataclasses import dataclass

from pincite.domain.answers import Answer, EvidenceItem

__all__ = [
    "Cancelled",
    "Checked",
    "Checking",
    "Event",
    "Evidence",
    "Finished",
    "Loading",
    "Reading",
    "Refused",
    "Searching",
    "Token",
]


@dataclass(frozen=True, slots=True)
class Loading:
    """A model is being loaded; `what` names it."""

    what: str


@dataclass(frozen=True, slots=True)
class Searching:
    """The search has begun; `standalone` is the self-contained question."""

    standalone: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence is known and can be read while the model works."""

    items: tuple[EvidenceItem, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The model reads the prompt: `done` of `total` tokens so far."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the unchecked draft."""

    text: str


@dataclass(frozen=True, slots=True)
class Checking:
    """The draft is complete and its sentences are being checked."""

    sentences: int


@dataclass(frozen=True, slots=True)
class Checked:
    """One sentence of the draft was checked; `failed` names the check that failed, empty if supported."""

    text: str
    failed: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer, whole or in part (status answered or partial)."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no answer (status not_found or refused)."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The user stopped; `draft` is the unchecked text so far and is never an answer."""

    draft: str


Event = Loading | Searching | Evidence | Reading | Token | Checking | Checked | Finished | Refused | Cancelled
