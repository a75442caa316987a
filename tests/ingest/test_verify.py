"""Verification: a sound library passes, and every kind of damage is named even where all digests agree."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import numpy as np
import pytest

from pincite.cli import main
from pincite.errors import LibraryMissing
from pincite.ingest.sources import expand_paths
from pincite.ingest.verify import compare_sources, verify_library
from pincite.library import Generations, Library
from tests.conftest import POLICY, build, write_corpus


@pytest.fixture
def home(tiny_directory: Path, tmp_path: Path) -> Path:
    """Return a copy of the small library that may be damaged."""
    return shutil.copytree(tiny_directory, tmp_path / "library")


def forge(home: Path, change: Callable[[Path], None]) -> list[str]:
    """Change the files of the current generation, seal them with right digests, and verify."""
    generations = Generations(home)
    current = generations.require_current()
    facts = {key: value for key, value in generations.manifest(current).items() if key != "files"}
    staging = generations.stage()
    for path in current.iterdir():
        if path.name != "manifest.json":
            shutil.copy(path, staging)
    change(staging)
    generations.publish(staging, facts)
    return list(verify_library(home))


def sql(*statements: str) -> Callable[[Path], None]:
    def change(staging: Path) -> None:
        connection = apsw.Connection(str(staging / "passages.db"))
        for statement in statements:
            connection.execute(statement)
        connection.close()

    return change


def vectors(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    return lambda staging: np.save(staging / name, change(np.load(staging / name)), allow_pickle=False)


def spoil(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(matrix: np.ndarray) -> np.ndarray:
        matrix[3, 5] = value
        return matrix

    return change


def test_a_sound_library(tiny_directory: Path) -> None:
    assert list(verify_library(tiny_directory)) == []


def test_nothing_changed_is_nothing_found(home: Path) -> None:
    assert forge(home, lambda staging: None) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (sql("UPDATE documents SET text = replace(text, 'kg', 'lb') WHERE slug = 'ladder'"), "ladder: its text"),
        (sql("UPDATE passages SET start = start + 1 WHERE id = 2"), "full-text index differ"),
        (sql("UPDATE passages SET \"end\" = 99999999 WHERE id = 2"), "does not lie in the text"),
        (sql("UPDATE passages SET ordinal = 7 WHERE id = 0"), "passage 0"),
        (sql("UPDATE sentences SET \"end\" = 99999999 WHERE id = 2"), "a sentence of passage"),
        (sql("UPDATE sentences SET vector_key = 'x' WHERE id = 2"), "a sentence's vector belongs to other words"),
        (sql("UPDATE passages SET vector_key = 'x' WHERE id = 2"), "a passage's vector belongs to other words"),
        (sql("UPDATE provisions SET parent = 99 WHERE document = 0 AND idx = 3"), "provision 3"),
        (sql("UPDATE provisions SET parent = 0 WHERE document = 0 AND idx = 0"), "no root"),
        (sql("UPDATE provisions SET \"end\" = 99999999 WHERE document = 0 AND idx = 3"), "provision 3"),
        (sql("UPDATE terms SET \"end\" = 99999999"), "a reference or a term"),
        (sql("UPDATE documents SET source_sha256 = 'x' WHERE slug = 'ladder'"), "ladder: its source has another"),
        (sql("UPDATE documents SET slug = 'leader' WHERE slug = 'ladder'"), "leader: in the database only"),
        (sql("DELETE FROM passages_fts WHERE rowid = 1"), "1 rows of the full-text index"),
        (sql("UPDATE passages_fts SET body = 'forged' WHERE rowid = 1"), "1 rows of the full-text index"),
        (sql("DELETE FROM passages_fts_data WHERE id > 10"), "passages.db: "),
        (sql("INSERT INTO sentences SELECT 999, 999, 0, 1, 'x'"), "31 vectors, the database has 32 sentences"),
        (vectors("vectors.npy", spoil(np.nan)), "vectors.npy: 1 rows are no unit vectors"),
        (vectors("sentences.npy", spoil(np.inf)), "sentences.npy: 1 rows are no unit vectors"),
        (vectors("sentences.npy", spoil(0.9)), "sentences.npy: 1 rows are no unit vectors"),
        (vectors("vectors.npy", lambda matrix: matrix[1:]), "14 vectors, the database has 15 passages"),
        (vectors("vectors.npy", lambda matrix: matrix.astype(np.float64)), "no matrix of float32"),
    ],
)  # fmt: skip
def test_damage_behind_right_digests_is_named(home: Path, change: Callable[[Path], None], words: str) -> None:
    found = forge(home, change)
    assert any(words in finding for finding in found), found


def test_a_flipped_bit_is_found(home: Path) -> None:
    path = Generations(home).require_current() / "vectors.npy"
    data = bytearray(path.read_bytes())
    data[-9] ^= 4
    path.write_bytes(data)
    (finding,) = verify_library(home)
    assert finding == f"{path} differs from its digest"


def test_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing):
        list(verify_library(tmp_path))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    corpus = write_corpus(tmp_path / "corpus")
    (corpus / "broken.docx").write_bytes(b"PK\x03\x04")
    build(tmp_path / "home" / "library", corpus)
    return corpus


def test_sources_are_compared(corpus: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "home" / "library")
    assert compare_sources(library, expand_paths([corpus])).same == 4
    (corpus / "ladder.md").write_text(POLICY + "\n")
    (corpus / "orchard.json").unlink()
    (corpus / "added.md").write_text(POLICY)
    states = compare_sources(library, expand_paths([corpus]))
    assert (states.changed, states.missing, states.new, states.same) == (("ladder",), ("orchard",), ("added",), 2)


def test_the_command(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert main(["corpus", "verify", *home]) == 0
    assert "The library is sound." in capsys.readouterr().err
    assert main(["corpus", "verify", "--sources", str(corpus), "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "sound": True, "findings": [], "sources": {"changed": [], "missing": [], "new": [], "same": 4},
    }  # fmt: skip
    (corpus / "tractor.docx").unlink()
    assert main(["corpus", "verify", "--sources", str(corpus), *home]) == 1
    assert capsys.readouterr().out == "missing: tractor\n"
    assert main(["corpus", "verify", str(corpus), *home]) == 1
    assert "only with --sources" in capsys.readouterr().err
    path = Generations(tmp_path / "home" / "library").require_current() / "passages.db"
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["corpus", "verify", *home]) == 1
    assert capsys.readouterr().out == f"{path} differs from its digest\n"
