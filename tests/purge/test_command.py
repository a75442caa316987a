"""`pincite purge` as people type it: shown first, asked, certified, pending, verified, allowed again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pincite import assembly
from pincite.assembly import Parts
from pincite.cli import main
from pincite.purge import steps
from pincite.purge.run import resume
from pincite.record import AuditLog
from tests.fakes import FakeEmbedder
from tests.purge.conftest import RULE, Place

WHY = ["--reason", "court order 7", "--authority", "District Court"]


@pytest.fixture
def home(quick: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PINCITE_HOME", str(quick.home))
    monkeypatch.setattr(assembly, "shipped_corpus", lambda: None)
    monkeypatch.setattr(
        Parts, "embedder", lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)
    )
    return quick.home


def test_shown_certified_and_verified(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["purge", "kettle", *WHY]) == 1
    shown = capsys.readouterr().err
    assert "documents: 1\npassages: 1\n" in shown
    assert f"{home / 'sessions' / 'one.md'}" in shown
    assert f"payloads of the audit log {home / 'audit'}: records 0" in shown
    assert "nobody can be asked" in shown
    assert (home / "sessions" / "one.md").exists()
    assert main(["purge", "kettle", *WHY, "--yes"]) == 0
    certificate = capsys.readouterr().out.strip()
    assert json.loads(Path(certificate).read_text())["certificate"]["method"] == "Clear"
    key = home / "audit" / "public.key"
    for given in (str(key), key.read_text().strip()):
        assert main(["purge", "verify", certificate, "--key", given]) == 0
        out, err = capsys.readouterr()
        assert "authority: District Court\n" in out
        assert "The signature holds." in err
    text = Path(certificate).read_text().replace("District Court", "District Count")
    Path(certificate).write_text(text)
    assert main(["purge", "verify", certificate, "--key", str(key)]) == 1
    assert main(["purge", "--resume"]) == 0
    assert "No purge is pending" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["purge", "kettle", "--reason", "x", "--yes"], "--authority is missing"),
        (["purge", *WHY], "no document named"),
        (["purge", "kettles", *WHY, "--yes"], "There are: kettle, ladder."),
        (["purge", "verify", "x"], "one certificate and its key"),
    ],
)
def test_wrong_use(home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert main(arguments) == 1
    assert words in capsys.readouterr().err


def test_pending_is_told_everywhere_and_stops_builds(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(steps.ERASING, "files", lambda context: ["the disk is being repaired"])
        assert main(["purge", "kettle", *WHY, "--yes"]) == 4
        assert "no erasure yet" in capsys.readouterr().err
    for command in (["corpus", "list"], ["retention", "list"]):
        assert main(command) == 0
        told = "The purge of kettle is not finished. It waits because the disk is being repaired."
        assert told in capsys.readouterr().err
    assert main(["corpus", "build"]) == 1
    assert "nothing is built" in capsys.readouterr().err
    assert main(["doctor", "--quick", "--json"]) == 1
    assert "kettle is not finished" in json.loads(capsys.readouterr().out)["purge"]
    assert main(["purge", "ladder", *WHY, "--yes"]) == 1
    assert "another purge is not finished" in capsys.readouterr().err
    assert main(["purge", "--resume"]) == 0
    assert "nothing was found" in capsys.readouterr().err
    assert main(["corpus", "list"]) == 0
    assert "purge" not in capsys.readouterr().err


def test_a_purged_document_is_refused_until_it_is_allowed(
    home: Path, few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home.parent / "kettle.md"
    shutil.copy(few.parent / "kettle.md", file)
    assert main(["purge", "--allow", str(file), *WHY]) == 1
    assert main(["purge", "kettle", *WHY, "--yes"]) == 0
    file.write_text(file.read_text() + "\n\n")  # other bytes, the same words
    assert main(["corpus", "add", str(file)]) == 1
    assert "it was purged (" in capsys.readouterr().err
    assert main(["purge", "--allow", str(file), *WHY]) == 0
    assert main(["corpus", "add", str(file)]) == 0
    assert any(RULE.encode() in path.read_bytes() for path in (home / "sources").iterdir())
    log = AuditLog.open(home / "audit")
    assert [one.public["what"] for one in log.records() if one.kind == "purge"][-1] == "allowed again"
    log.close()


def test_files_elsewhere_go_if_that_is_asked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = home.parent / "desk"
    elsewhere.mkdir()
    (elsewhere / "copy.txt").write_text(RULE)
    (elsewhere / "other.txt").write_text("something else")
    assert main(["purge", "kettle", *WHY, "--yes", "--also", str(elsewhere)]) == 0
    assert [path.name for path in elsewhere.iterdir()] == ["other.txt"]
    assert resume(home, start="") is None
