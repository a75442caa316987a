"""One library for each label: what each holds, what a build moves, and what it says and sets of permissions."""

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pincite.config import Home
from pincite.domain.validity import State
from pincite.ingest.build import BuildReport, build_library
from pincite.ingest.labelled import build_by_label
from pincite.ingest.sources import Source, expand_paths
from pincite.library import Library
from pincite.library.sharing import share
from tests.conftest import PARSERS, write_corpus
from tests.fakes import FakeEmbedder

CLEARANCE = """
[[label]]
name = "public"
[[label]]
name = "internal"
group = 64001
[[label]]
name = "restricted"
group = 64002
"""
LABELS = {"orchard": "Public", "ladder": "Internal", "tractor": "Internal", "pesticide": "Restricted"}

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="giving files to groups of which one is no member needs root")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Source]:
    found = expand_paths([write_corpus(tmp_path / "corpus")])
    return {one.slug: replace(one, metadata={"classification": LABELS[one.slug]}) for one in found}


def build(
    home: Home,
    sources: dict[str, Source],
    embedder: FakeEmbedder | None = None,
    before: Callable[[Path], None] = lambda directory: None,
) -> BuildReport:
    embedder = embedder or FakeEmbedder()

    def one(directory: Path, own: list[Source], **more: object) -> BuildReport:
        before(directory)
        return build_library(
            directory, own, embedder={"name": "fake", "sha256": embedder.sha256}, load_embedder=lambda: embedder,
            parsers=PARSERS, **more,
        )  # fmt: skip

    return build_by_label(home, list(sources.values()), one)


def held(home: Home, label: str) -> set[str]:
    library = Library(home.library_of(label))
    slugs = {info.slug for info in library.documents}
    library.close()
    return slugs


def test_without_a_file_there_is_one_library(home: Home, sources: dict[str, Source]) -> None:
    report = build(home, sources)
    assert report.labels == report.notes == ()
    assert home.libraries == (home.path / "library",)
    assert home.path.stat().st_mode & 0o077 == 0


@needs_root
def test_each_library_holds_what_its_label_may_hold_and_is_its_group_s(home: Home, sources: dict[str, Source]) -> None:
    (home.path / "clearance.toml").write_text(CLEARANCE)
    (home.path / "corpus.toml").write_text("")
    report = build(home, sources)
    assert report.labels == (("public", 1), ("internal", 3), ("restricted", 4))
    assert report.notes == ()
    assert held(home, "public") == {"orchard"}
    assert held(home, "internal") == {"orchard", "ladder", "tractor"}
    assert held(home, "restricted") == set(LABELS)
    for label, group, mode in (("public", 0, 0o755), ("internal", 64001, 0o2750), ("restricted", 64002, 0o2750)):
        status = home.library_of(label).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (mode, group)
        for path in (home.library_of(label) / "generations").rglob("*"):
            wanted = mode & 0o777 & (0o755 if path.is_dir() else 0o644)
            assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_gid) == (wanted, group)
    assert (home.path / "corpus.toml").stat().st_mode & 0o077 == 0
    again = build(home, sources)
    assert again.up_to_date
    assert again.labels == report.labels


@needs_root
def test_a_home_that_gets_or_loses_the_file_embeds_nothing_again(home: Home, sources: dict[str, Source]) -> None:
    build(home, sources)
    (home.path / "clearance.toml").write_text(CLEARANCE)
    embedder = FakeEmbedder()
    build(home, sources, embedder)
    assert embedder.texts == []
    assert {path.name for path in home.libraries} == {"public", "internal", "restricted"}
    (home.path / "clearance.toml").unlink()
    build(home, sources)
    assert home.libraries == (home.path / "library",)
    assert not home.library_of("").exists()
    assert (home.path / "library").stat().st_mode & 0o7777 == 0o700
    library = Library(home.path / "library")
    assert {info.slug for info in library.documents} == set(LABELS)
    library.close()


@needs_root
def test_a_changed_label_moves_the_document(home: Home, sources: dict[str, Source]) -> None:
    (home.path / "clearance.toml").write_text(CLEARANCE)
    build(home, sources)
    raised = sources | {"orchard": replace(sources["orchard"], metadata={"classification": "Restricted"})}
    embedder = FakeEmbedder()
    report = build(home, raised, embedder)
    assert report.labels == (("public", 0), ("internal", 2), ("restricted", 4))
    assert embedder.texts == []
    assert not home.library_of("public").exists()  # nothing is left that it could hold
    assert held(home, "internal") == {"ladder", "tractor"}
    words = b"orchard authority"
    left = [path for path in home.library_of("internal").rglob("*") if path.is_file() and words in path.read_bytes()]
    assert left == []
    build(home, sources)
    assert held(home, "public") == {"orchard"}


@needs_root
def test_a_label_that_is_raised_while_the_libraries_are_built(home: Home, sources: dict[str, Source]) -> None:
    (home.path / "clearance.toml").write_text(CLEARANCE)
    file = sources["ladder"].path
    words = file.read_text()
    file.write_text(words.replace("owner:", "classification: Internal\nowner:"))

    def raise_label(directory: Path) -> None:
        if directory.name == "internal":
            file.write_text(words.replace("owner:", "classification: Restricted\nowner:"))

    build(home, sources | {"ladder": replace(sources["ladder"], metadata={})}, before=raise_label)
    assert held(home, "internal") == {"orchard", "tractor"}
    assert "ladder" in held(home, "restricted")


@needs_root
def test_a_missing_or_unknown_label_is_the_highest_and_named(home: Home, sources: dict[str, Source]) -> None:
    (home.path / "clearance.toml").write_text(CLEARANCE)
    odd = sources | {
        "ladder": replace(sources["ladder"], metadata={}),
        "tractor": replace(sources["tractor"], metadata={"classification": "Cosmic"}),
    }
    report = build(home, odd)
    assert held(home, "internal") == {"orchard"}
    assert "counted as restricted: ladder, tractor" in report.notes[0]


@needs_root
def test_a_file_that_cannot_be_read_is_named_in_the_highest_library_only(
    home: Home, sources: dict[str, Source], tmp_path: Path
) -> None:
    (home.path / "clearance.toml").write_text(CLEARANCE)
    broken = tmp_path / "corpus" / "merger.docx"
    broken.write_bytes(b"PK\x03\x04")
    report = build(home, sources | {"merger": Source(broken, "merger", None, {"classification": "Public"}, (), {})})
    assert len(report.failed) == 1
    for label in ("public", "internal", "restricted"):
        library = Library(home.library_of(label))
        assert bool(library.manifest["failed"]) == (label == "restricted")
        library.close()


@needs_root
@pytest.mark.parametrize("stated", [True, False])
def test_what_a_document_above_supersedes_stays_superseded_by_one_without_a_name(
    home: Home, sources: dict[str, Source], tmp_path: Path, stated: bool
) -> None:
    (home.path / "clearance.toml").write_text(CLEARANCE)
    new = {"classification": "Restricted", "effective": "2030-01-01", "title": "Hidden Rules"}
    old = {"classification": "Internal", "effective": "2020-01-01", **({"superseded_by": "rules"} if stated else {})}
    file = tmp_path / "corpus" / "ladder.md"
    versions = {
        "rules@2020": replace(sources["ladder"], slug="rules@2020", metadata=old),
        "rules": Source(file, "rules", None, new, (), {}),
    }
    build(home, {"orchard": sources["orchard"], **versions})
    library = Library(home.library_of("internal"))
    state = library.versions.validity("rules@2020", date(2031, 1, 1))
    assert (state.state, state.successor, state.since) == (State.SUPERSEDED, "a later document", date(2030, 1, 1))
    assert library.versions.validity("rules@2020", date(2029, 12, 31)).state is State.IN_FORCE
    assert "rules@2020" not in library.versions.searched(None, date(2031, 1, 1))
    library.close()
    kept = b"".join(path.read_bytes() for path in home.library_of("internal").rglob("*") if path.is_file())
    assert b"Hidden Rules" not in kept


@needs_root
def test_a_label_no_longer_in_use_has_no_library(home: Home, sources: dict[str, Source]) -> None:
    (home.path / "clearance.toml").write_text(CLEARANCE)
    build(home, sources)
    (home.path / "clearance.toml").write_text(
        CLEARANCE.replace('name = "internal"', 'name = "staff"\nalso = ["internal"]')
    )
    build(home, sources)
    assert {path.name for path in home.libraries} == {"public", "staff", "restricted"}
    assert held(home, "staff") == {"orchard", "ladder", "tractor"}


def test_a_group_that_cannot_be_given_closes_the_library_and_names_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    place = tmp_path / "internal"
    (note,) = share(place, "64001", 64001)
    assert place.stat().st_mode & 0o077 == 0
    assert "does not belong to the group 64001" in note
    assert f"chgrp -R 64001 {place} && chmod -R u=rwX,g=rX,o= {place} && chmod g+s {place}" in note
    (note,) = share(place, "no-such-group-here", None)
    assert "this system has no group no-such-group-here" in note
    assert place.stat().st_mode & 0o077 == 0


@contextlib.contextmanager
def as_account(user: int) -> Iterator[None]:
    """Act with the rights of an account that is in no group but its own."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@needs_root
def test_a_steward_who_is_in_no_group_builds_on_after_root_ran_the_commands_once(sources: dict[str, Source]) -> None:
    steward, place = 64999, Path(tempfile.mkdtemp())
    try:
        place.chmod(0o755)
        corpus = shutil.copytree(sources["ladder"].path.parent, place / "corpus")
        own = {slug: replace(one, path=corpus / one.path.name) for slug, one in sources.items()}
        home = Home(place / "home")
        home.path.mkdir(mode=0o700)
        os.chown(home.path, steward, steward)
        with as_account(steward):
            (home.path / "clearance.toml").write_text(CLEARANCE)
            notes = build(home, own).notes
            assert [note.partition(" until root runs: ")[0].partition(": ")[2] for note in notes] == [
                "does not belong to the group 64002; closed to the group",
                "does not belong to the group 64001; closed to the group",
            ]
            assert home.library_of("internal").stat().st_mode & 0o7777 == 0o700
        for note in notes:
            subprocess.run(note.partition(" until root runs: ")[2], shell=True, check=True)
        (corpus / "ladder.md").write_text("# Ladder Policy\n\n1.1 Ladders are red.\n")
        with as_account(steward):
            assert build(home, own).notes == ()
        for label, group in (("internal", 64001), ("restricted", 64002)):
            directory = home.library_of(label)
            library = Library(directory)
            assert "Ladders are red" in library.document("ladder").text
            library.close()
            assert directory.stat().st_mode & 0o7777 == 0o2750
            for path in (directory / "CURRENT", *(directory / "generations").rglob("*")):
                assert (path.stat().st_gid, path.stat().st_uid) == (group, steward)
                assert path.stat().st_mode & 0o777 == (0o750 if path.is_dir() else 0o640)
    finally:
        shutil.rmtree(place)
