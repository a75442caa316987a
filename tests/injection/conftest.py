"""A library of the sample policies, a stand-in for the GDPR and all attack documents, made with the fake embedder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite.ingest.build import build_library
from pincite.ingest.sources import expand_paths, load_corpus_file
from pincite.library import Library
from tests.conftest import PARSERS, ROOT, without_abstention
from tests.fakes import FakeEmbedder
from tests.injection.attack_set import Attack, load_set, write_document

ATTACKS = load_set()
every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=[attack.slug for attack in ATTACKS])

# our own words under the real act's name: what matters is that a document with this name is there
_WORDS = {
    28: "Who processes for another engages nobody unasked.",
    33: "A personal data breach is reported within 72 hours.",
    35: "A high risk calls for an impact assessment first.",
}
_ARTICLES = [
    {"number": n, "title": f"Matter {n}", "text": _WORDS.get(n, f"This stands in for matter {n}.")}
    for n in range(1, 100)
]
_STAND_IN = {
    "_meta": {"regulation": "Regulation (EU) 2016/679 (General Data Protection Regulation)"},
    "chapters": [{"number": 1, "title": "Everything", "articles": _ARTICLES}],
    "recitals": [{"number": 1, "title": "", "text": "1 People care about what is known of them."}],
}


@pytest.fixture(scope="session")
def attacked_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the library; not to be written to."""
    directory = tmp_path_factory.mktemp("injection")
    law = directory / "gdpr.json"
    law.write_text(json.dumps(_STAND_IN), encoding="utf-8")
    corpus = load_corpus_file(ROOT / "corpus" / "corpus.toml", directory)
    policies = [source for source in corpus if source.wheel is None]
    files = [write_document(attack, directory / "attacks") for attack in ATTACKS]
    embedder = FakeEmbedder()
    report = build_library(
        directory / "library",
        [*policies, *expand_paths([law]), *expand_paths(files)],
        embedder={"name": embedder.name, "sha256": embedder.sha256},
        load_embedder=lambda: embedder,
        parsers=PARSERS,
    )
    assert report.failed == ()
    assert report.documents == len(policies) + 1 + len(ATTACKS)
    without_abstention(directory / "library")  # every attack shall reach the model
    return directory / "library"


@pytest.fixture(scope="session")
def attacked(attacked_directory: Path) -> Iterator[Library]:
    """Open the library with all attack documents in it."""
    library = Library(attacked_directory)
    yield library
    library.close()


__all__ = ["ATTACKS", "Attack", "every_attack"]
