"""A home with everything that may hold a document's words: library, sources, sessions, journals, workbook, log."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from pincite.batch.ground import Basis
from pincite.batch.journal import Journal
from pincite.domain.answers import Answer
from pincite.domain.events import Finished, Refused
from pincite.ingest.build import BuildReport, build_library
from pincite.ingest.corpus_file import HEADER
from pincite.ingest.isolation import read_document
from pincite.ingest.register import Facts, Registry
from pincite.ingest.sources import load_corpus_file
from pincite.ingest.withdrawn import Withdrawn
from pincite.library import Library
from pincite.purge.fingerprint import phrases_of
from pincite.purge.plan import Plan, make_plan
from pincite.purge.run import Outcome, begin
from pincite.record import AuditLog
from pincite.search import Searcher
from pincite.tui.export import export
from tests.answer.test_engine import engine_of
from tests.conftest import PARSERS, write_corpus
from tests.fakes import FakeEmbedder, FakeModel

SECRET = "kettle"
RULE = "The kettle in the north hut must be descaled every 19 days by the warden."
QUESTION = "How often must the kettle in the north hut be descaled?"
LADDERS = "What must not be carried on a ladder?"
DRAFT = "The kettle in the north hut must be descaled every 19 days. [1]\n"
LIMESCALE = "Descaling acid is zwirbelgrau and kept beside “König & Söhne” soda in the ångström cupboard."
OUTPUT = "answers.xlsx"


def secret_text() -> str:
    """Return a policy of more than 1,000 phrases that no other document has."""
    chance = random.Random(11)
    syllables = "bra cle dri flo gru kna pli quo sca twi vre zho mun tor lep".split()
    words = ["".join(chance.choices(syllables, k=3)) for _ in range(900)]
    parts = ["# Kettle Policy\n\n## 1. Kettles\n", f"1.1 {RULE}\n", f"1.2 {LIMESCALE}\n"]
    parts += [f"1.{n} {' '.join(chance.choices(words, k=14)).capitalize()}.\n" for n in range(3, 280)]
    return "\n".join(parts)


def build_home(home: Path) -> BuildReport:
    """Build the home's library from its corpus.toml, as the command does."""
    embedder = FakeEmbedder()
    return build_library(
        home / "library",
        load_corpus_file(home / "corpus.toml", home / "sources"),
        embedder={"name": embedder.name, "sha256": embedder.sha256},
        load_embedder=lambda: embedder,
        parsers=PARSERS,
        refused=Withdrawn(home).reason,
    )


def register(home: Path, *paths: Path, slug: str = "") -> None:
    Registry(home, HEADER, lambda source: read_document(source, PARSERS)).add(paths, Facts(slug=slug))


def ask(home: Path, question: str = QUESTION, draft: str = DRAFT) -> Answer:
    """Ask the home's library; the model drafts what the policy says, or something else."""
    with contextlib.closing(Library(home / "library")) as library:
        *_, last = engine_of(Searcher(library, FakeEmbedder()), FakeModel(draft)).ask(question)
    assert isinstance(last, Finished | Refused)
    return last.answer


@dataclass(frozen=True)
class Place:
    """A home, and a folder outside of it in which a batch was answered."""

    home: Path
    outside: Path

    def plan(self, *slugs: str, also: tuple[Path, ...] = ()) -> Plan:
        return make_plan(self.home, slugs or (SECRET,), names=("court order 7",), also=also)

    def purge(self, *slugs: str) -> Outcome:
        return begin(self.home, self.plan(*slugs), reason="court order 7", authority="District Court", start=HEADER)

    def phrases(self) -> list[str]:
        with contextlib.closing(Library(self.home / "library")) as library:
            return sorted(set(phrases_of(library.document(SECRET).text)))


def _make(root: Path) -> None:
    home, outside = root / "home", root / "outside"
    corpus = write_corpus(root / "corpus")
    (corpus / "kettle.md").write_text(secret_text(), encoding="utf-8")
    outside.mkdir()
    register(home, corpus)
    build_home(home)
    answer = ask(home)
    assert answer.citations[0].document == SECRET
    export([answer], home / "sessions")
    other = ask(home, LADDERS, "Chain saws that are running must not be carried on a ladder. [1]\n")
    export([other], home / "sessions")
    (home / "llama.log").write_text(f"prompt: {RULE}\n" * 3)
    (home / "sessions" / "utf16.txt").write_text(RULE, encoding="utf-16")
    book = openpyxl.Workbook()
    book.active["A1"] = RULE
    book.save(home / "sessions" / "report.xlsx")
    book.save(outside / OUTPUT)
    journal = Journal(outside / f"{OUTPUT}.journal")
    basis = Basis("g", "m", "e", "s", "p")
    journal.add_answer("1", basis, answer, [])
    journal.add_answer("2", basis, other, [])
    journal.add_output(str(outside / OUTPUT))
    journal.close()
    log = AuditLog.open(home / "audit")
    log.append("answer", {"n": 1}, secret={"question": QUESTION, "answer": answer.text}, documents=[SECRET])
    log.append("answer", {"n": 2}, secret={"question": "ladders", "answer": other.text}, documents=["ladder"])
    log.append("answer", {"n": 3}, secret={"question": f"Is it so that {RULE}"})
    log.append("bundle", {"library": "1"}, documents=[SECRET, "ladder"], files=["/media/stick/bundle-1"])
    log.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of a filled home, made once; not to be written to."""
    root = tmp_path_factory.mktemp("filled")
    _make(root)
    return root


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with two small policies, a session and a record; made once, not to be written to."""
    root = tmp_path_factory.mktemp("few")
    (root / "kettle.md").write_text(f"# Kettle Policy\n\n1.1 {RULE}\n\n1.2 {LIMESCALE}\n", encoding="utf-8")
    (root / "ladder.md").write_text("# Ladder Policy\n\n1.1 Staff must check a ladder before they climb it.\n")
    register(root / "home", root / "kettle.md", root / "ladder.md")
    build_home(root / "home")
    (root / "home" / "sessions").mkdir()
    (root / "home" / "sessions" / "one.md").write_text(RULE)
    log = AuditLog.open(root / "home" / "audit")
    log.append("answer", {"n": 1}, secret={"answer": RULE}, documents=[SECRET])
    log.close()
    return root / "home"


@pytest.fixture
def quick(few: Path) -> Iterator[Place]:
    """Return a copy of the small home that a test may purge, in memory where the system allows it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        shutil.copytree(few, Path(folder) / "home")
        yield Place(Path(folder) / "home", Path(folder))


@pytest.fixture
def place(filled: Path, tmp_path: Path) -> Place:
    """Return a copy of the filled home that a test may purge."""
    root = tmp_path / "place"
    shutil.copytree(filled, root)
    log = AuditLog.open(root / "home" / "audit")
    log.append("batch", {"rows": 2}, documents=[SECRET], files=[str(root / "outside" / OUTPUT)])
    (root / "outside" / "pack").mkdir()
    (root / "outside" / "pack" / "index.html").write_text(f"<q>{RULE}</q>")
    log.append("export", {"what": "evidence"}, documents=[SECRET], files=[str(root / "outside" / "pack")])
    log.close()
    return Place(root / "home", root / "outside")
