"""A home with the small library, and forms written for one test each."""

from __future__ import annotations

from pathlib import Path

import pytest

from pincite.assembly import Parts
from tests.batch.process import build_home, copy_first
from tests.fakes import FakeEmbedder, FakeModel

QUESTIONS = (
    "Within how many hours must the keeper notify the orchard authority of fire blight?",
    "For how long shall the records referred to in Article 3 be kept?",
    "What must not be carried on a ladder?",
    "What is the dress code of the astronauts?",
)


@pytest.fixture(scope="session")
def batch_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose library was built with the fake embedder; not to be written to."""
    return build_home(tmp_path_factory.mktemp("batch") / "home")


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, batch_home: Path) -> Path:
    """Put scripted models in the place of the real ones for this process; return the home."""
    monkeypatch.setenv("PINCITE_HOME", str(batch_home))
    monkeypatch.setattr(
        Parts, "embedder", lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)
    )
    monkeypatch.setattr(Parts, "model", lambda parts: FakeModel(write=copy_first, sequences=parts.sequences))
    return batch_home
