"""`corpus add`, `update`, `remove`, `diff`, `list --as-of` and `build PATH`, in this process."""

from __future__ import annotations

import json
import signal
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pincite import assembly
from pincite.assembly import Parts
from pincite.cli import main
from pincite.config import Home
from pincite.domain import validity
from pincite.library import Library
from tests.fakes import FakeEmbedder
from tests.ingest import bombs

OLD = """---
effective: 2030-01-01
version: "1"
---
# Kite Policy

## 1. Wind

1.1 Kites must come down within ten minutes when a storm is near.

1.2 Nobody flies a kite under a power line.
"""
NEW = OLD.replace("2030", "2031").replace('"1"', '"2"').replace("ten minutes", "five minutes")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home outside of any checkout, with the fake embedder, on 15 June 2031."""
    monkeypatch.setenv("PINCITE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PINCITE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("LOGNAME", "steward")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(assembly, "shipped_corpus", lambda: None)
    monkeypatch.setattr(validity, "today", lambda: date(2031, 6, 15))
    monkeypatch.setattr(
        Parts, "embedder", lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)
    )
    (tmp_path / "kite.md").write_text(OLD, encoding="utf-8")
    (tmp_path / "kite-2.md").write_text(NEW, encoding="utf-8")
    return tmp_path / "home"


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def both(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert (
        main(["corpus", "add", str(tmp_path / "kite.md"), "--from", "Gazette 7", "--classification", "Internal"]) == 0
    )
    assert main(["corpus", "update", "kite", str(tmp_path / "kite-2.md"), "--licence", "CC0"]) == 0
    capsys.readouterr()
    return home


def test_add_builds_and_says_so_on_stderr(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--title", "Kites", "--kind", "law", "--until", "31 December 2032", "--authority", "Town council"]
    assert main(["corpus", "add", str(tmp_path / "kite.md"), "--slug", "kites", *arguments]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "added kites\n" in err
    assert "1 documents, " in err
    info = Library(home / "library").info("kites")
    own = info.provenance
    assert (info.title, info.kind.value, own.until, own.authority) == ("Kites", "law", "2032-12-31", "Town council")
    assert (own.effective, own.retrieved, own.retrieved_by) == ("2030-01-01", "2031-06-15", "steward")
    assert own.source == "kite.md"


def test_add_without_building(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "add", str(tmp_path / "kite.md"), "--no-build"]) == 0
    assert "not built yet: pincite corpus build" in capsys.readouterr().err
    assert not (home / "library" / "CURRENT").exists()
    assert main(["corpus", "build"]) == 0
    assert [info.slug for info in Library(home / "library").documents] == ["kite"]


def test_an_ambiguous_date_is_wrong_usage(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["corpus", "add", str(tmp_path / "kite.md"), "--effective", "01/02/2031"])
    assert caught.value.code == 2
    assert "can be read as 2031-01-02 or 2031-02-01" in capsys.readouterr().err
    assert not (home / "corpus.toml").exists()


def test_list_shows_states(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "kite@2030-01-01  Kite Policy (policy · 1 passages · Internal · superseded by version 2 since 2031-01-01 · "
        "not searched)",
        "kite             Kite Policy (policy · 1 passages · Internal · in force since 2031-01-01)",
    ]
    assert main(["corpus", "list", "--as-of", "2030-06-01", "--json"]) == 0
    listed = printed(capsys)
    assert listed["as_of"] == "2030-06-01"
    assert [(row["document"], row["state"], row["searched"]) for row in listed["documents"]] == [
        ("kite@2030-01-01", "in force", True),
        ("kite", "not yet in force", False),
    ]
    assert listed["documents"][1]["provenance"]["licence"] == "CC0"


def test_search_as_of(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, slug, status in (
        ([], "kite", "in force"),
        (
            ["--as-of", "1 June 2030"],
            "kite@2030-01-01",
            "in force on 2030-06-01; superseded by version 2 since 2031-01-01",
        ),
    ):
        assert main(["search", "storm", "--json", *arguments]) == 0
        found = printed(capsys)
        assert found["day"] == "2031-06-15"
        assert {(row["document"], row["status"]) for row in found["passages"]} == {(slug, status)}
    assert main(["search", "storm", "--as-of", "2030-06-01"]) == 0
    assert " · in force on 2030-06-01; superseded by" in capsys.readouterr().out
    assert main(["search", "storm", "--as-of", "2029-06-01"]) == 3
    assert main(["search", "what does kite@2030-01-01 say?"]) == 0
    assert "kite@2030-01-01 is superseded by version 2 since 2031-01-01" in capsys.readouterr().out


def test_diff_of_versions_and_of_files(both: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["kite@2030-01-01", "kite"]
    files = [str(tmp_path / "kite.md"), str(tmp_path / "kite-2.md")]
    texts = []
    for pair in (names, files):
        assert main(["corpus", "diff", *pair]) == 0
        texts.append(capsys.readouterr().out.split("\n\n", 1)[1])
    assert texts[0] == texts[1]
    assert texts[0].startswith("1 changed, ")
    assert "~ 1.1 (changed)\n" in texts[0]
    assert "within [-ten-] {+five+} minutes" in texts[0]
    assert max(map(len, texts[0].splitlines())) <= 80
    assert main(["corpus", "diff", *names, "--json"]) == 0
    found = printed(capsys)
    assert found["counts"]["changed"] == 1
    assert found["new"]["effective"] == "2031-01-01"
    assert ["-", "ten"] in found["changes"][0]["words"]
    assert main(["corpus", "diff", *names, "--exit-code"]) == 1
    assert main(["corpus", "diff", "kite", "kite", "--exit-code"]) == 0
    capsys.readouterr()
    assert main(["corpus", "diff", "kite", "nothing"]) == 1
    assert "No such document: nothing" in capsys.readouterr().err


def test_diff_is_coloured_on_a_terminal_only(both: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    arguments = ["corpus", "diff", "kite@2030-01-01", "kite"]
    main(arguments)
    plain = capsys.readouterr().out
    assert "\x1b" not in plain
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    main(arguments)
    coloured = capsys.readouterr().out
    assert "\x1b[31m[-ten-]\x1b[0m \x1b[32m{+five+}\x1b[0m minutes" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    main(arguments)
    assert capsys.readouterr().out == plain


def test_remove(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy,) = (path for path in (both / "sources").iterdir() if path.read_text() == OLD)
    assert main(["corpus", "remove", "kite@2030-01-01"]) == 0
    err = capsys.readouterr().err
    assert f"deleted {copy}" in err
    assert "this is no provable erasure" in err
    assert [info.slug for info in Library(both / "library").documents] == ["kite"]
    assert main(["corpus", "remove", "kite@2030-01-01"]) == 1
    assert "There are: kite." in capsys.readouterr().err


def test_build_from_paths_becomes_the_corpus(both: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (both / "corpus.toml").read_bytes()
    assert main(["corpus", "build", str(tmp_path / "kite.md")]) == 0
    assert f"the earlier corpus.toml is kept as {both / 'corpus.toml.previous'}" in capsys.readouterr().err
    assert (both / "corpus.toml.previous").read_bytes() == before
    assert main(["corpus", "add", str(tmp_path / "kite-2.md")]) == 0
    assert [info.slug for info in Library(both / "library").documents] == ["kite", "kite-2"]
    assert main(["corpus", "build", str(both / "corpus.toml")]) == 0
    assert "up to date" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["corpus", "build", "--help"])


def test_a_home_without_a_corpus_starts_from_the_checkout(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "corpus" / "policies").mkdir(parents=True)
    (checkout / "corpus" / "policies" / "wind.md").write_text(OLD.replace("Kite", "Wind"), encoding="utf-8")
    shipped = checkout / "corpus" / "corpus.toml"
    shipped.write_text('# shipped\n[[source]]\nslug = "wind"\npath = "policies/wind.md"\n')
    monkeypatch.setattr(assembly, "shipped_corpus", lambda: checkout / "corpus" / "corpus.toml")
    assert main(["corpus", "add", str(tmp_path / "kite.md")]) == 0
    assert [info.slug for info in Library(home / "library").documents] == ["wind", "kite"]
    assert (home / "corpus.toml").read_text().startswith("# shipped\n")
    assert shipped.read_text() == '# shipped\n[[source]]\nslug = "wind"\npath = "policies/wind.md"\n'


def test_a_changed_copy_is_a_failed_document(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy,) = (path for path in (both / "sources").iterdir() if path.read_text() == NEW)
    copy.write_text(NEW.replace("five", "nine"))
    assert main(["corpus", "build"]) == 4
    assert "corpus.toml states" in capsys.readouterr().err
    assert [info.slug for info in Library(Home(both).library).documents] == ["kite@2030-01-01"]


def test_documents_of_unknown_origin_are_not_lost(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A library that was built before builds kept their paths."""
    assembly.build_corpus(Home(home), [tmp_path / "kite.md"])
    assert main(["corpus", "add", str(tmp_path / "kite-2.md")]) == 1
    assert "no corpus.toml says where kite came from" in capsys.readouterr().err
    assert main(["corpus", "build", str(tmp_path / "kite.md")]) == 0
    assert main(["corpus", "add", str(tmp_path / "kite-2.md")]) == 0
    assert [info.slug for info in Library(home / "library").documents] == ["kite", "kite-2"]


def test_a_hostile_file_is_refused_and_nothing_is_registered(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "settings.toml").write_text("parse_memory = 256\nparse_seconds = 5\n", encoding="utf-8")
    bomb = home.parent / "bomb.docx"
    bomb.write_bytes(bombs.docx_of_two_gigabytes())
    assert main(["corpus", "add", str(home.parent / "kite.md"), str(bomb), "--no-build"]) == 1
    said = capsys.readouterr().err
    assert "bomb.docx" in said
    assert "Traceback" not in said
    assert not (home / "corpus.toml").exists()
    assert not list(home.glob("sources/*"))


def test_foreign_files_are_not_parsed_in_this_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse_here(*_: object) -> None:
        raise AssertionError("parsed in the program's own process")

    monkeypatch.setattr("pincite.ingest.parse.parse", parse_here)
    old, new = str(home.parent / "kite.md"), str(home.parent / "kite-2.md")
    assert main(["corpus", "add", old, "--no-build"]) == 0
    assert main(["corpus", "update", "kite", new, "--no-build"]) == 0
    assert main(["corpus", "diff", old, new, "--exit-code"]) == 1


def test_a_build_after_add_that_is_stopped_ends_as_corpus_build_does(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def terminated(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(assembly, "build_corpus", terminated)
    before = signal.getsignal(signal.SIGTERM)
    assert main(["corpus", "add", str(home.parent / "kite.md")]) == 143
    assert "Stopped." in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before
