"""Generations: what is published is whole, and anything else is named and refused."""

import json
import shutil
from pathlib import Path

import pytest

from pincite.errors import LibraryDamaged, LibraryError, LibraryMissing
from pincite.library import Generations, Library
from tests.conftest import build, write_corpus

FILES = ["passages.db", "vectors.npy", "sentences.npy", "manifest.json"]


@pytest.fixture
def home(tiny_directory: Path, tmp_path: Path) -> Path:
    """Return a copy of the small library that may be damaged."""
    return shutil.copytree(tiny_directory, tmp_path / "library")


@pytest.fixture
def generation(home: Path) -> Path:
    return home / "generations" / (home / "CURRENT").read_text().strip()


def flip(path: Path, at: float) -> None:
    data = bytearray(path.read_bytes())
    data[int((len(data) - 1) * at)] ^= 1
    path.write_bytes(data)


def test_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing) as caught:
        Library(tmp_path)
    assert caught.value.hint == "Build one: pincite corpus build"


def test_what_is_on_disk(home: Path, generation: Path) -> None:
    assert sorted(path.name for path in home.iterdir()) == ["CURRENT", "build.lock", "generations"]
    assert [path.name for path in (home / "generations").iterdir()] == [generation.name]
    assert sorted(path.name for path in generation.iterdir()) == sorted(FILES)
    assert generation.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("at", [0.0, 0.31, 0.5, 0.77, 1.0])
@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_found_and_named(generation: Path, home: Path, name: str, at: float) -> None:
    flip(generation / name, at)
    with pytest.raises(LibraryDamaged, match=name) as caught:
        Library(home)
    assert str(generation) in caught.value.message
    assert "corpus build" in caught.value.hint


@pytest.mark.parametrize("at", [0.0, 0.5])
def test_a_pointer_to_nothing(home: Path, at: float) -> None:
    flip(home / "CURRENT", at)
    with pytest.raises(LibraryDamaged, match="CURRENT"):
        Library(home)


@pytest.mark.parametrize("name", ["", "..", ".", "../generations", "a\x00b"])
def test_a_pointer_cannot_lead_elsewhere(home: Path, name: str) -> None:
    (home / "CURRENT").write_text(name + "\n")
    with pytest.raises(LibraryDamaged):
        Library(home)


def test_forged_manifest(home: Path, generation: Path) -> None:
    manifest = json.loads((generation / "manifest.json").read_text())
    manifest["passages"] += 1
    (generation / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False))
    with pytest.raises(LibraryDamaged, match=r"manifest\.json differs"):
        Library(home)


@pytest.mark.parametrize("name", FILES)
def test_missing_file(home: Path, generation: Path, name: str) -> None:
    (generation / name).unlink()
    with pytest.raises(LibraryDamaged, match=name):
        Library(home)


@pytest.mark.parametrize("extra", ["passages.db-wal", "notes.txt"])
def test_extra_file(home: Path, generation: Path, extra: str) -> None:
    (generation / extra).write_text("x")
    with pytest.raises(LibraryDamaged, match=f"{extra} is not in the manifest"):
        Library(home)


def test_link_or_directory_in_place_of_a_file(home: Path, generation: Path, tmp_path: Path) -> None:
    path = generation / "vectors.npy"
    path.rename(tmp_path / "moved.npy")
    path.symlink_to(tmp_path / "moved.npy")
    with pytest.raises(LibraryDamaged, match=r"vectors\.npy"):
        Library(home)
    path.unlink()
    path.mkdir()
    with pytest.raises(LibraryDamaged, match=r"vectors\.npy"):
        Library(home)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("rebuild", [False, True])
def test_building_again_mends_a_damaged_library(tmp_path: Path, name: str, rebuild: bool) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    home = tmp_path / "library"
    good = build(home, corpus).generation
    flip(home / "generations" / good / name, 0.5)
    assert not build(home, corpus, rebuild=rebuild).up_to_date
    library = Library(home)
    assert library.generation == good  # the same inputs make the same bytes
    assert library.document("ladder").text.startswith("Ladder Policy")


def test_publishing_removes_the_old_generation_after_the_pointer_moved(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    targets = []
    for content in ("one", "two"):
        staging = generations.stage()
        for name in FILES[:3]:
            (staging / name).write_text(content)
        targets.append(generations.publish(staging, {"schema": 1}))
    assert generations.current() == targets[1]
    assert not targets[0].exists()
    assert not (tmp_path / "staging").exists()


def test_a_failure_while_publishing_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generations = Generations(tmp_path)
    for content in ("one", "two"):
        staging = generations.stage()
        for name in FILES[:3]:
            (staging / name).write_text(content)
        if content == "one":
            old = generations.publish(staging, {})
        else:
            with monkeypatch.context() as patched:
                patched.setattr(Path, "replace", _disk_full)
                with pytest.raises(OSError, match="disk full"):
                    generations.publish(staging, {})
    assert generations.current() == old
    generations.verify(old)


def _disk_full(*_: object) -> None:
    raise OSError("disk full")


def test_only_one_builder_at_a_time(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    with Generations(tmp_path / "library").lock(), pytest.raises(LibraryError, match="another build is running"):
        build(tmp_path / "library", corpus)
    assert build(tmp_path / "library", corpus).documents == 4  # and free again
