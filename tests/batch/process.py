"""The command with scripted models in the place of the real ones: ``python -m tests.batch.process batch FILE …``.

Seconds that the model takes for a draft stand in PINCITE_TEST_PAUSE.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

from pincite.assembly import Parts
from pincite.cli import main
from pincite.config import Home
from pincite.llm.prompt import Prompt
from pincite.models.registry import Registry
from tests.conftest import build, write_corpus
from tests.fakes import FakeEmbedder, FakeModel

EMBEDDER = "all-minilm-l6-v2"


def copy_first(prompt: Prompt) -> str:
    """Draft the first sentence of the first piece of evidence; a draft about a ladder gets a wrong number beside it."""
    time.sleep(float(os.environ.get("PINCITE_TEST_PAUSE", "0")))
    match = re.search(r"\[1\][^:]*: (.*?\.)(?:\s|$)", prompt.text, re.S)
    words = " ".join(match[1].split()) if match else "Nothing."
    wrong = " The ladder must be checked 99 times. [1]" if "ladder" in prompt.text.rpartition("Question:")[2] else ""
    return f"{words} [1]{wrong}\n"


def use_fakes() -> None:
    """Put the fakes in the place of the models, for this process."""
    Parts.embedder = lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)  # type: ignore[method-assign]
    Parts.reranker_name = ""  # type: ignore[assignment,misc]
    Parts.model = lambda parts: FakeModel(write=copy_first)  # type: ignore[method-assign]


def build_home(directory: Path) -> Path:
    """Build the small library in a home for these fakes and return the home."""
    home = Home(directory)
    home.create()
    digest = Registry.open(home).get(EMBEDDER).sha256
    build(home.library, write_corpus(directory.parent / "corpus"), embedder=FakeEmbedder(sha256=digest))
    return directory


if __name__ == "__main__":
    use_fakes()
    raise SystemExit(main(sys.argv[1:]))
