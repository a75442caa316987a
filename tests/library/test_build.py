"""Building: only what is new is embedded, a killed build goes on, and the old generation answers until the end."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pincite.ingest.vectors as building
from pincite.errors import LibraryError, ModelError
from pincite.ingest.build import build_library
from pincite.ingest.sources import expand_paths
from pincite.library import Library
from pincite.library.schema import Writer
from tests.conftest import POLICY, ROOT, build, write_corpus
from tests.fakes import FakeEmbedder, Killed


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "library"


def refuse() -> FakeEmbedder:
    raise AssertionError("the embedder was loaded")


def test_vectors_belong_to_their_rows(corpus: Path, home: Path) -> None:
    report = build(home, corpus)
    library = Library(home)
    assert report.passages == len(library.vectors) == sum(1 for _ in library.all_passages())
    assert np.allclose(np.linalg.norm(library.vectors, axis=1), 1, atol=1e-5)
    embedder = FakeEmbedder()
    for passage in library.all_passages():
        info = library.documents[passage.document]
        text = library.document(info.slug).text
        expected = f"{info.short} {' › '.join(passage.path)}\n{passage.span.of(text)}"
        assert passage.lead_in is None
        assert np.allclose(library.vectors[passage.id], embedder.encode([expected])[0], atol=1e-6)
        for row, span in library.sentences(passage.id):
            assert passage.span.contains(span)
            similarity = library.sentence_vectors[row] @ embedder.encode([span.of(text)])[0]
            assert similarity > 0.5 or ";" in span.of(text)  # heading and cells aside, the sentence's own words
    assert len(library.sentence_passages) == len(library.sentence_vectors)


def test_nothing_changed_loads_no_embedder(corpus: Path, home: Path) -> None:
    first = build(home, corpus)
    report = build_library(
        home, expand_paths([corpus]), embedder={"name": "fake", "sha256": FakeEmbedder().sha256}, load_embedder=refuse
    )
    assert report.up_to_date
    assert (report.generation, report.documents, report.passages) == (first.generation, 4, first.passages)


def test_a_changed_document_embeds_only_its_own_changed_texts(corpus: Path, home: Path) -> None:
    build(home, corpus)
    (corpus / "ladder.md").write_text(POLICY.replace("within 24 hours", "within 12 hours"))
    embedder = FakeEmbedder()
    report = build(home, corpus, embedder=embedder)
    assert not report.up_to_date
    assert report.embedded == len(embedder.texts) == 2  # the passage and its one sentence
    assert all("12 hours" in text for text in embedder.texts)
    assert "12 hours" in Library(home).document("ladder").text


def test_a_removed_document_is_gone_and_nothing_is_embedded(corpus: Path, home: Path) -> None:
    build(home, corpus)
    (corpus / "ladder.md").unlink()
    embedder = FakeEmbedder()
    build(home, corpus, embedder=embedder)
    assert embedder.texts == []
    assert [info.slug for info in Library(home).documents] == ["orchard", "pesticide", "tractor"]
    everything = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"chain saws" not in everything


def test_another_embedder_embeds_everything(corpus: Path, home: Path) -> None:
    total = build(home, corpus).embedded
    other = FakeEmbedder(sha256="0" * 64, dimension=32)
    assert build(home, corpus, embedder=other).embedded == total == len(other.texts)
    assert Library(home).vectors.shape[1] == 32


def test_rebuild_embeds_everything(corpus: Path, home: Path) -> None:
    total = build(home, corpus).embedded
    assert build(home, corpus, rebuild=True).embedded == total


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_killed_build_goes_on_where_it_was(
    corpus: Path, home: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(building, "_BATCH", 5)
    killed = FakeEmbedder(die_after=after)
    with pytest.raises(Killed):
        build(home, corpus, embedder=killed)
    assert not (home / "CURRENT").exists()
    embedder = FakeEmbedder()
    report = build(home, corpus, embedder=embedder)
    assert len(killed.texts) == 5 * after
    assert not set(killed.texts) & set(embedder.texts)
    assert report.reused == 5 * after
    assert report.embedded + report.reused == len({*killed.texts, *embedder.texts})
    library = Library(home)
    assert np.allclose(library.vectors, _built_at_once(corpus, home).vectors)
    assert not (home / "work").exists()


def _built_at_once(corpus: Path, home: Path) -> Library:
    build(home.parent / "other", corpus)
    return Library(home.parent / "other")


def test_damaged_leftovers_of_a_killed_build_are_thrown_away(
    corpus: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_BATCH", 5)
    with pytest.raises(Killed):
        build(home, corpus, embedder=FakeEmbedder(die_after=2))
    (store,) = (home / "work").iterdir()
    store.write_bytes(b"garbage" * 999)
    assert build(home, corpus).reused == 0
    Library(home)


def test_the_old_generation_answers_until_the_new_one_is_complete(
    corpus: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build(home, corpus).generation
    (corpus / "ladder.md").write_text(POLICY.replace("24 hours", "12 hours"))

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "add", fail)
        with pytest.raises(OSError, match="disk full"):
            build(home, corpus)
    library = Library(home)
    assert library.generation == old
    assert "24 hours" in library.document("ladder").text
    assert build(home, corpus).embedded == 0  # what was embedded before the failure is not lost
    assert "12 hours" in Library(home).document("ladder").text


def test_documents_that_cannot_be_read_are_listed_and_the_others_built(corpus: Path, home: Path) -> None:
    (corpus / "broken.docx").write_bytes((corpus / "tractor.docx").read_bytes()[:5000])
    (corpus / "empty.md").write_bytes(b"")
    (corpus / "hollow.md").write_text("# Title\n")
    report = build(home, corpus)
    assert report.documents == 4
    assert [Path(name).name for name, _ in report.failed] == ["broken.docx", "empty.md", "hollow.md"]
    assert report.failed[1][1] == "empty.md: the file is empty"
    again = build(home, corpus)
    assert again.up_to_date
    assert again.failed == report.failed
    assert Library(home).manifest["failed"] == [list(pair) for pair in report.failed]


def test_file_names_cannot_attack_a_terminal_or_stop_a_build(corpus: Path, home: Path) -> None:
    for name, content in (
        (b"evil\x1b[2J.md", b"# T\n\nWords.\n"),
        (b"\xff.md", b"# U\n\nWords.\n"),
        (b"\xfe\x9b.md", b""),
    ):
        (corpus / os.fsdecode(name)).write_bytes(content)
    report = build(home, corpus)
    assert report.documents == 6
    assert report.failed[0][0].endswith("/\ufffd\ufffd.md")
    library = Library(home)
    assert {info.provenance.source for info in library.documents} >= {"evil\ufffd[2J.md", "\ufffd.md"}
    assert all(info.slug.isprintable() for info in library.documents)


def test_a_library_of_nothing_is_an_error_and_the_old_one_stays(corpus: Path, home: Path, tmp_path: Path) -> None:
    old = build(home, corpus).generation
    (tmp_path / "empty.md").write_bytes(b"")
    with pytest.raises(LibraryError, match=r"no document could be read; first reason: empty\.md"):
        build(home, tmp_path / "empty.md")
    with pytest.raises(LibraryError, match="no document could be read"):
        build_library(home, [], embedder={"name": "fake", "sha256": "x"}, load_embedder=refuse)
    assert Library(home).generation == old


def test_progress_reaches_its_total(corpus: Path, home: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build_library(
        home, expand_paths([corpus]), embedder={"name": "fake", "sha256": "e" * 64}, load_embedder=FakeEmbedder,
        progress=lambda what, done, total, unit="": told.append((what, done, total)),
    )  # fmt: skip
    for what in ("Reading documents", "Embedding"):
        steps = [(done, total) for name, done, total in told if name == what]
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1] > 0


def test_a_library_built_in_steps_is_the_one_built_at_once(corpus: Path, home: Path) -> None:
    """Whatever a document carries survives being taken over: the files are the same to the last byte."""
    build(home, corpus)
    (corpus / "ladder.md").write_text(POLICY.replace("24 hours", "12 hours"))
    report = build(home, corpus)
    assert report.parsed == 1
    whole = build(home.parent / "other", corpus)
    assert whole.parsed == 4
    assert report.generation == whole.generation


def test_a_document_that_fails_now_is_said_to_be_lost(corpus: Path, home: Path) -> None:
    build(home, corpus)
    (corpus / "tractor.docx").write_bytes(b"PK\x03\x04")
    (corpus / "added.docx").write_bytes(b"PK\x03\x04")
    report = build(home, corpus)
    assert [Path(name).name for name, _ in report.failed] == ["added.docx", "tractor.docx"]
    assert [Path(name).name for name in report.lost] == ["tractor.docx"]
    assert (report.documents, report.parsed) == (3, 2)


def test_facts_about_the_embedder_are_recorded_as_given(corpus: Path, home: Path) -> None:
    embedder = FakeEmbedder()
    facts = {"name": "fake", "sha256": embedder.sha256, "backend": "paper", "bits": 8}
    build_library(home, expand_paths([corpus]), embedder=facts, load_embedder=lambda: embedder)
    assert Library(home).manifest["embedder"] == {**facts, "dimension": 96}


def test_an_embedder_that_gives_no_unit_vectors_is_refused(corpus: Path, home: Path) -> None:
    old = build(home, corpus).generation
    for wrong in (np.nan, 0.0, 3.0):
        embedder = FakeEmbedder(sha256=f"{wrong}" * 30)
        embedder._vector = lambda text, wrong=wrong: np.full(96, wrong, np.float32)  # type: ignore[method-assign]
        with pytest.raises(ModelError, match="no unit vectors of length 96"):
            build(home, corpus, embedder=embedder)
    assert Library(home).generation == old


DISK_FULL = """
import resource, sys
from pathlib import Path
from pincite.errors import LibraryError, ModelError
from tests.conftest import build
limit = int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    build(Path(sys.argv[1]), Path(sys.argv[2]))
except LibraryError as error:
    print(error.message, "|", error.hint)
"""


def build_with_little_room(home: Path, corpus: Path, limit: int = 0) -> str:
    return subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(home), str(corpus), str(limit)], cwd=ROOT, check=True, timeout=60,
        capture_output=True, text=True,
        # or Python leaves compiled modules cut off at the limit, which every later run then trips over
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
    ).stdout  # fmt: skip


@pytest.mark.parametrize("limit", [1000, 12_000, 40_000, 100_000])
def test_no_file_may_grow(corpus: Path, home: Path, limit: int) -> None:
    old = build(home, corpus).generation
    (corpus / "more.md").write_text(POLICY.replace("ladder", "stepladder") * 30)
    told = build_with_little_room(home, corpus, limit)
    assert str(home) in told
    assert "disk" in told
    assert "run the same command again" in told
    assert Library(home).generation == old
    assert not (home / "staging").exists()
    assert build(home, corpus).documents == 5
    assert sorted(path.name for path in home.iterdir()) == ["CURRENT", "build.lock", "generations"]


def test_a_full_disk(corpus: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(small)], check=False).returncode
    if mounted != 0:
        pytest.skip("only root can mount a small disk")
    try:
        old = build(small / "library", corpus).generation
        (corpus / "more.md").write_text(POLICY.replace("ladder", "stepladder") * 30)
        free = shutil.disk_usage(small).free
        for room in (0, 8192, 65536, 131072):
            (small / "filler").write_bytes(bytes(free - room))
            assert "the disk" in build_with_little_room(small / "library", corpus)
            assert Library(small / "library").generation == old
        (small / "filler").unlink()
        assert build(small / "library", corpus).documents == 5
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
