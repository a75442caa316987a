"""``python -m tests.tui.demo [missing]`` shows the chat with the scripted assistant, slowly enough to watch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from pincite.batch.ground import Basis, Catalogue, Ground
from pincite.domain.answers import Answer
from pincite.errors import ModelMissing, PinciteError
from pincite.tui import Batches, run

from .fakes import FakeAssistant, answered, partial, refused


def _result(question: str) -> Answer:
    if "boom" in question:
        raise ZeroDivisionError("boom")
    if "error" in question:
        raise PinciteError("The model stopped working.", hint="Ask again.")
    chosen = partial if "part" in question else refused if "dress" in question else answered
    return chosen(question)


def _open(report: Callable[[str], None]) -> FakeAssistant:
    report("Loading model")
    time.sleep(1)
    if "missing" in sys.argv:
        raise ModelMissing("models/qwen.gguf is not on this machine.", hint="Run: pincite models fetch")
    return FakeAssistant(result=_result, delay=0.12)


if __name__ == "__main__":
    folder = Path(mkdtemp())
    lines = ["How long may HR keep leavers' records?", "Which dress code applies?", "Answer in part, please?"] * 9
    lines = [f"{n}. {line[:-1]} in case {n}?" for n, line in enumerate(lines, 1)]
    (folder / "vendor.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ground = Ground(Basis("library", "model", "embedder", "settings", "program"), Catalogue(()))
    batches = Batches(lambda: ground, "a model", (folder,))
    raise SystemExit(run(_open, export_directory=folder / "sessions", batches=batches))
