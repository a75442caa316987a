"""Questions about the small corpus, their drafts, and an examiner with the fake models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pincite.answer.engine import Engine
from pincite.config import Settings
from pincite.evaluate.examine import Examiner
from pincite.evaluate.gold import Resolver
from pincite.evaluate.sets import Case, load_set
from pincite.llm.prompt import Prompt
from pincite.search import Searcher
from tests.fakes import FakeModel

BLIGHT = "Within how many hours must the keeper notify the orchard authority of fire blight?"
RIGHT = "The keeper must notify the orchard authority of fire blight within 72 hours. [1]\n"
WRONG = "The keeper must notify the orchard authority of fire blight within 48 hours. [1]\n"

ROWS: list[dict[str, Any]] = [
    {
        "id": "blight",
        "question": BLIGHT,
        "kind": "deadline",
        "answerable": True,
        "evidence": [["not later than 72 hours after having seen it", "nowhere in the corpus"]],
        "source": ["orchard"],
        "must": ["72 hours"],
        "must_not": ["48 hours"],
        "note": "72 hours",
    },
    {
        "id": "absent",
        "question": "What does Article 99 of Regulation (EU) 2031/7 say?",
        "kind": "absent-provision",
        "answerable": False,
    },
    {
        "id": "tax",
        "question": "Quantum chromodynamics lagrangian renormalisation?",
        "kind": "unanswerable-far",
        "answerable": False,
    },
    {
        "id": "ladder",
        "question": "What must staff do before they climb a ladder?",
        "kind": "policy",
        "evidence": [["Staff must check a ladder before they climb it."]],
        "source": ["ladder"],
        "must": ["check"],
        "tags": ["policy-only"],
    },
]


def write_set(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    """Write a question set."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def cases(directory: Path, rows: list[dict[str, Any]] = ROWS) -> tuple[Case, ...]:
    """Return rows as cases."""
    return load_set(write_set(directory / "set.jsonl", rows)).cases


def draft(prompt: Prompt) -> str:
    """Return what the fake model writes: right for both questions that have an answer."""
    if "blight?" in prompt.text:
        return RIGHT
    return "Staff must check a ladder before they climb it. [1]\n"


def examiner(searcher: Searcher, write: Callable[[Prompt], str] | None = draft) -> Examiner:
    """Return an examiner with a fake model, or without an engine."""
    settings = Settings()
    model = FakeModel(write=write) if write else None
    engine = Engine(searcher, lambda: model, settings, seal="test") if model else None
    return Examiner(searcher, Resolver(searcher.library), settings, engine)
