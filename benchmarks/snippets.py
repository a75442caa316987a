"""Where the question sets are, and one reader for them; gold snippets are compared as `pincite evaluate` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pincite.evaluate.snippets import covered

__all__ = ["SHARED", "covered", "load_questions"]

SHARED = Path(__file__).resolve().parents[2] / "shared"


def load_questions(path: Path) -> list[dict[str, Any]]:
    """Read a question set, one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
