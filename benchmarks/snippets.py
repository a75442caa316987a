"""Gold snippets compared with passages as ../shared/eval/check.py compares them with the sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["SHARED", "covered", "load_questions", "straighten"]

SHARED = Path(__file__).resolve().parents[2] / "shared"

_STRAIGHT = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"),
        **dict.fromkeys("\u00ad\u200b\ufeff", None),
    }
)


def straighten(text: str) -> str:
    """Return `text` with white space collapsed and quotation marks and dashes straightened."""
    return " ".join(text.translate(_STRAIGHT).split())


def load_questions(path: Path) -> list[dict[str, Any]]:
    """Read a question set, one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def covered(groups: list[list[str]], texts: list[str]) -> bool:
    """Tell whether every group has a snippet in some text."""
    straight = [straighten(text) for text in texts]
    return all(any(straighten(snippet) in text for snippet in group for text in straight) for group in groups)
