"""What every test shares: no real model outside integration tests, and a small library of documents of our own."""

from __future__ import annotations

import atexit
import importlib.abc
import importlib.machinery
import json
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from pincite.assembly import Parts
from pincite.ingest.build import build_library
from pincite.ingest.isolation import Parsers
from pincite.ingest.sources import expand_paths
from pincite.library import Library
from pincite.library.current import approve_policy
from pincite.search import Searcher
from tests.fakes import FakeEmbedder

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# a slow shared core is no defect, and the same examples on every run make a failure repeatable
settings.register_profile(
    "pincite", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("pincite")


def without_abstention(library: Path) -> None:
    """Let every question of the library in this directory reach the model: the fake's similarities say little."""
    shipped = resources.files("pincite.answer").joinpath("abstention.toml").read_text(encoding="utf-8")
    bold = re.sub(r"^(passage|sufficient|strong|missing_name|missing_figure) = .*", r"\1 = 0.0", shipped, flags=re.M)
    approve_policy(library, bold)


# -- real models are for integration tests only ------------------------------------------------------------

_REAL = ("llama_cpp", "torch", "sentence_transformers")
# our own modules that import them at their top: hidden too, so that a unit test fails in any order of tests
_HIDDEN = (*_REAL, "pincite.llm.llama", "pincite.embed.sentence_transformer")


class _Refusing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets code ask whether a module exists, but fails the test that loads it."""

    def __init__(self) -> None:
        self.attempts: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name.partition(".")[0] in _REAL else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        self.attempts.append(spec.name)
        raise ImportError(f"a unit test loads {spec.name}; mark it `integration` or bring a fake")

    def exec_module(self, module: ModuleType) -> None:
        raise AssertionError("never made, never run")


@pytest.fixture(autouse=True)
def no_real_models(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that imports a model runtime without being marked for it, also if it swallows the error."""
    if any(request.node.get_closest_marker(mark) for mark in ("integration", "default_model")):
        yield
        return
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_hidden(name)}
    refusing = _Refusing()
    sys.meta_path.insert(0, refusing)
    try:
        yield
    finally:
        sys.meta_path.remove(refusing)
        sys.modules.update(hidden)
    if refusing.attempts:
        pytest.fail(f"a unit test loads {', '.join(sorted(set(refusing.attempts)))}", pytrace=False)


def _is_hidden(name: str) -> bool:
    return name in _HIDDEN or name.partition(".")[0] in _REAL


@pytest.fixture(autouse=True)
def no_reranker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search in one stage, whatever models this machine has; what wants the second brings its own embedder."""
    if not request.node.get_closest_marker("default_model"):
        monkeypatch.setattr(Parts, "reranker_name", "")


# -- a small corpus ----------------------------------------------------------------------------------------

REGULATION = {
    "_meta": {"regulation": "Regulation (EU) 2031/7 on the care of orchards (Orchard Regulation)"},
    "chapters": [
        {
            "number": 1,
            "title": "General provisions",
            "articles": [
                {
                    "number": 1,
                    "title": "Subject matter",
                    "text": "This Regulation lays down rules on the care of orchards. "
                    "It applies to apples and to pears.",
                },
                {
                    "number": 2,
                    "title": "Definitions",
                    "text": "‘orchard’ means land on which at least ten fruit trees stand; "
                    "‘keeper’ means the person who prunes the trees.",
                },
            ],
        },
        {
            "number": 2,
            "title": "Duties of keepers",
            "articles": [
                {
                    "number": 3,
                    "title": "Notice of blight",
                    "text": "The keeper shall notify the orchard authority of fire blight without undue delay and "
                    "not later "
                    "than 72 hours after having seen it. The keeper shall do the following: mark the tree; burn the "
                    "wood; disinfect the tools.",
                },
                {
                    "number": 4,
                    "title": "Records",
                    "text": "The records referred to in Article 3 shall be kept for six years.",
                },
            ],
        },
    ],
    "recitals": [
        {"number": 1, "title": "", "text": "1 Orchards feed people. 2 Blight destroys them within weeks."},
        {"number": 2, "title": "", "text": "1 Keepers see blight first."},
    ],
}

POLICY = """---
title: Ladder Policy
id: ORCH-01
owner: Head of Orchards
version: "2.0"
effective: 2031-05-01
---

# Ladder Policy

## 1. Purpose

1.1 This policy keeps people from falling off ladders.

## 2. Use of ladders

2.1 Staff must check a ladder before they climb it.

2.2 The following must not be carried on a ladder:

(a) chain saws that are running;

(b) more than 20 kg of apples.

| Ladder | Longest climb | Inspection |
|---|---|---|
| Wooden | 4 metres | Every 3 months |
| Aluminium | 7 metres | Once a year |

## 3. Reports

3.1 A fall must be reported to the Head of Orchards within 24 hours, see section 2.2.
"""


def write_corpus(directory: Path) -> Path:
    """Write the small corpus: a regulation in JSON, policies as Markdown, Word and PDF."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "orchard.json").write_text(json.dumps(REGULATION), encoding="utf-8")
    (directory / "ladder.md").write_text(POLICY, encoding="utf-8")
    write_docx(directory / "tractor.docx")
    write_pdf(directory / "pesticide.pdf")
    return directory


def write_docx(path: Path) -> None:
    """Write a policy with a control table, numbered headings, numbered paragraphs and a table."""
    import docx

    document = docx.Document()
    document.add_heading("Tractor Policy", 0)
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("Owner", "Fleet Manager"), ("Version", "1.4")), strict=True):
        row.cells[0].text, row.cells[1].text = cells
    document.add_heading("1. Driving", 1)
    document.add_paragraph("1.1 Only staff with a licence may drive a tractor.")
    document.add_paragraph("1.2 A tractor must not leave the farm after 22:00.")
    document.add_heading("2. Refuelling", 1)
    document.add_paragraph("2.1 Diesel must be stored at least 15 metres from any building.")
    table = document.add_table(rows=2, cols=3)
    for row, cells in zip(
        table.rows, (("Tank", "Litres", "Check"), ("North", "900", "Weekly, by the mechanic")), strict=True
    ):
        for cell, words in zip(row.cells, cells, strict=True):
            cell.text = words
    document.save(str(path))


def write_pdf(path: Path) -> None:
    """Write a policy of three pages with running heads, page numbers and numbered paragraphs."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    pages = [
        [
            "1. Storage",
            "1.1 Pesticides must be locked away in the red cabinet and",
            "may be taken out by the chemist only.",
        ],
        ["2. Spraying", "2.1 Spraying must stop when the wind exceeds 5 metres per", "second, measured at the gate."],
        ["3. Disposal", "3.1 Empty drums must be rinsed three times and returned to", "the supplier within 14 days."],
    ]
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setTitle("Pesticide Policy")
    for number, lines in enumerate(pages, 1):
        canvas.drawString(60, 800, "Orchard Holding - Confidential")
        for at, line in enumerate(lines):
            canvas.drawString(60, 740 - 16 * at, line)
        canvas.drawString(280, 30, f"Page {number} of 3")
        canvas.showPage()
    canvas.save()


PARSERS = Parsers(preload=True)
"""One helper process for all builds of a test session: starting one takes longer than a small build."""
atexit.register(PARSERS.close)


def build(library: Path, *paths: Path, embedder: FakeEmbedder | None = None, rebuild: bool = False):
    """Build a library from files with the fake embedder and return the report."""
    embedder = embedder or FakeEmbedder()
    return build_library(
        library,
        expand_paths(paths),
        embedder={"name": embedder.name, "sha256": embedder.sha256},
        load_embedder=lambda: embedder,
        rebuild=rebuild,
        parsers=PARSERS,
    )


@pytest.fixture(scope="session")
def tiny_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a library built from the small corpus; not to be written to."""
    corpus = write_corpus(tmp_path_factory.mktemp("tiny") / "corpus")
    build(corpus.parent / "library", corpus)
    return corpus.parent / "library"


@pytest.fixture
def tiny_library(tiny_directory: Path) -> Iterator[Library]:
    """Open the small library: orchard (law), ladder, tractor and pesticide (policies)."""
    library = Library(tiny_directory)
    yield library
    library.close()


@pytest.fixture
def tiny_searcher(tiny_library: Library) -> Searcher:
    """Search the small library with the embedder that built it."""
    return Searcher(tiny_library, FakeEmbedder())


@pytest.fixture(scope="session")
def regulations() -> Path:
    """Return the official texts beside the checkout, or skip."""
    directory = SHARED / "corpora" / "regulations"
    if not directory.is_dir():
        pytest.skip(f"no official texts: {directory} does not exist")
    return directory
