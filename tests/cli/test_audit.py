"""`pincite audit` in this process: what it shows, finds, verifies, exports, and what other commands leave."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pincite.cli import main
from pincite.config import Home
from pincite.library import Library
from pincite.record import AuditLog
from tests.batch.conftest import QUESTIONS, batch_home, fakes

__all__ = ["batch_home", "fakes"]

ABSENT = "What does Article 99 of the Orchard Regulation say?"


@pytest.fixture
def home(fakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a home of this test's own in which two questions were asked."""
    place = Path(shutil.copytree(fakes, tmp_path / "home", ignore=shutil.ignore_patterns("audit")))
    monkeypatch.setenv("PINCITE_HOME", str(place))
    assert main(["ask", QUESTIONS[0]]) == 0
    assert main(["ask", ABSENT]) == 3
    return Home(place)


def kinds(home: Home) -> list[str]:
    log = AuditLog.open(home.audit)
    try:
        return [record.kind for record in log.records()]
    finally:
        log.close()


def test_each_question_leaves_session_and_ending(home: Home) -> None:
    assert kinds(home) == [
        "session-start", "answer", "session-stop", "session-start", "refusal", "session-stop",
    ]  # fmt: skip


def test_show_is_readable_and_pages_back(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["audit", "show", "-n", "2"]) == 0
    out, err = capsys.readouterr()
    assert re.findall(r"^#\d+", out, re.M) == ["#4", "#5"]
    assert f"question: {ABSENT}" in out
    assert "4 more before these: --before 4" in err
    assert main(["audit", "show", "--before", "4", "-n", "3"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^#\d+", out, re.M) == ["#1", "#2", "#3"]
    assert "72 hours" in out


def test_one_record_is_shown_whole(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["audit", "show", "1"]) == 0
    out = capsys.readouterr().out
    for words in ("public.library", "public.models.llm.sha256", "public.seal", "secret.draft", "public.passages[0]"):
        assert words in out


def test_filters_and_search(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*arguments: str) -> list[int]:
        capsys.readouterr()
        main(["audit", *arguments, "--json"])
        return [json.loads(line)["index"] for line in capsys.readouterr().out.splitlines()]

    assert shown("show", "--kind", "answer", "--kind", "refusal") == [1, 4]
    assert shown("show", "--user", "nobody-of-this-name") == []
    assert shown("search", "FIRE BLIGHT") == [1]
    assert shown("search", "orchard regulation", "--kind", "refusal") == [4]
    assert shown("show", "--from", "2001-01-01", "--to", "2001-12-31") == []
    assert len(shown("show", "--from", "2001-01-01")) == 6


def test_an_erased_payload_reads_erased(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    log = AuditLog.open(home.audit)
    log.erase([1])
    log.close()
    capsys.readouterr()
    assert main(["audit", "show", "1"]) == 0
    out = capsys.readouterr().out
    assert "payload: erased" in out
    assert "blight" not in out
    assert main(["audit", "search", "blight"]) == 3
    assert main(["audit", "verify"]) == 0


def test_verify_against_a_checkpoint_kept_elsewhere(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, key = tmp_path / "kept", tmp_path / "key"
    assert main(["audit", "checkpoint", "-o", str(kept)]) == 0
    key.write_bytes((home.audit / "public.key").read_bytes())
    assert main(["audit", "verify", "--checkpoint", str(kept), "--key", str(key)]) == 0
    assert capsys.readouterr().out.endswith("VERIFIED\n")
    log = home.audit / "log"
    log.write_bytes(log.read_bytes().replace(b'"face":"ask"', b'"face":"ASK"', 1))
    assert main(["audit", "verify", "--checkpoint", str(kept), "--key", str(key)]) == 1
    assert "record 0" in capsys.readouterr().err


def test_a_checkpoint_is_printed(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["audit", "checkpoint"]) == 0
    out, err = capsys.readouterr()
    assert out == (home.audit / "checkpoint").read_text()
    assert (home.audit / "public.key").read_text().strip() in err


def test_without_a_log_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("show", "verify"):
        assert main(["audit", command, "--home", str(tmp_path / "none")]) == 1
        assert "log" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_nothing_is_answered_where_nothing_can_be_recorded(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (home.audit / "state.json").write_text("{}")
    capsys.readouterr()
    assert main(["ask", QUESTIONS[0]]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Audit log: ")


# ------------------------------------------------------------------------------------------------- evidence packs


class Page(HTMLParser):
    """What a browser would see: elements, attributes and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.marked: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._open[-1:] == ["mark"]:
            self.marked.append(data)


def test_an_evidence_pack_stands_alone(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "pack"
    assert main(["audit", "checkpoint", "-o", str(kept)]) == 0
    assert main(["audit", "export", str(folder), "--question", "BLIGHT", "--since", str(kept)]) == 0
    assert {file.name for file in folder.iterdir()} == {
        "evidence.html", "evidence.json", "records", "checkpoint", "public.key", "verify_log.py",
    }  # fmt: skip
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-I", "-S", folder / "verify_log.py", "--pack", folder, "--key", home.audit / "public.key"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 payloads are those that their records committed to" in done.stdout
    evidence = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    assert [entry["index"] for entry in evidence["records"]] == [0, 1]  # the answer and its session's start
    assert list(evidence["documents"]) == ["orchard"]
    assert {model["use"] for model in evidence["models"].values()} == {"llm", "embedder"}
    page = Page((folder / "evidence.html").read_text(encoding="utf-8"))
    library = Library(home.library)
    text = library.document("orchard").text
    library.close()
    payload = json.loads(evidence["records"][1]["opening"]["payload"])
    cited = payload["answer"]["citations"]
    assert page.marked == [one["quote"] for one in cited] == [text[one["start"] : one["end"]] for one in cited]
    source = evidence["sources"][0]
    assert source["before"] + cited[0]["quote"] + source["after"] in text
    assert QUESTIONS[0] in page.words
    assert ABSENT not in page.words
    assert evidence["records"][1]["inclusion"][0] in page.words
    assert kinds(home)[-1] == "export"


def test_a_pack_that_was_changed_is_refused(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pack"
    assert main(["audit", "export", str(folder), "--kind", "answer", "--whole-log"]) == 0
    assert main(["audit", "verify", "--pack", str(folder)]) == 0
    original = {file: file.read_bytes() for file in folder.iterdir()}
    evidence, records, log = folder / "evidence.json", folder / "records", folder / "log"
    changes = {
        evidence: (
            original[evidence].replace(b"72 hours", b"96 hours"),
            original[evidence].replace(b'"index": 1', b'"index": 3'),
        ),
        records: (original[records][:-1], original[records].replace(b'"kind":"answer"', b'"kind":"Answer"')),
        log: (original[log][:-40], original[log].splitlines(keepends=True)[0]),
        folder / "checkpoint": (original[folder / "checkpoint"].replace(b"\n7\n", b"\n6\n"),),
    }  # fmt: skip
    for file, contents in changes.items():
        for content in contents:
            assert content != original[file]
            file.write_bytes(content)
            assert main(["audit", "verify", "--pack", str(folder)]) == 1, file
            file.write_bytes(original[file])
    assert main(["audit", "verify", "--pack", str(folder)]) == 0


def test_a_hostile_question_does_nothing_in_the_page(home: Home, tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script><img src=x onerror="x"> "><a href="javascript:1">blight & ladders</a>'
    main(["ask", hostile])
    assert main(["audit", "export", str(tmp_path / "pack")]) == 0
    text = (tmp_path / "pack" / "evidence.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not {"script", "img", "iframe", "object", "link"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert all((value or "").startswith("#") for name, value in page.attributes if name == "href")
    assert hostile in page.words
    assert "default-src 'none'" in text


def test_a_pack_of_erased_records_shows_that_they_were(home: Home, tmp_path: Path) -> None:
    log = AuditLog.open(home.audit)
    log.erase([1])
    log.close()
    assert main(["audit", "export", str(tmp_path / "pack"), "--record", "1"]) == 0
    page = Page((tmp_path / "pack" / "evidence.html").read_text(encoding="utf-8"))
    assert "payload of this record was erased" in page.words
    assert "blight" not in page.words
    assert main(["audit", "verify", "--pack", str(tmp_path / "pack")]) == 0


def test_a_pack_needs_records_and_a_new_folder(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "export", str(tmp_path / "pack"), "--question", "no such words"]) == 1
    assert "no record is meant" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "mine").write_text("")
    assert main(["audit", "export", str(tmp_path / "pack")]) == 1
    assert "is there already" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------ records of other commands


def test_a_batch_records_questions_and_output(home: Home, tmp_path: Path) -> None:
    questions, out = tmp_path / "q.csv", tmp_path / "out.csv"
    questions.write_text(f"Question\n{QUESTIONS[0]}\n{QUESTIONS[2]}\n", encoding="utf-8")
    assert main(["batch", str(questions), "-o", str(out)]) == 0
    assert kinds(home)[6:] == ["session-start", "answer", "answer", "session-stop", "export"]
    log = AuditLog.open(home.audit)
    export = list(log.records())[-1]
    log.close()
    assert export.files == (str(out),)
    assert set(export.documents) == {"orchard", "ladder"}
    before = len(kinds(home))
    assert main(["batch", str(questions), "-o", str(out)]) == 0
    assert kinds(home)[before:] == ["export"], "what is in the journal is not asked again"


def test_changes_of_the_corpus_are_recorded(home: Home, tmp_path: Path) -> None:
    policy = tmp_path / "hedge.md"
    policy.write_text("# Hedge Policy\n\n1.1 Staff must cut the hedge in May.\n", encoding="utf-8")
    log = AuditLog.open(home.audit)
    try:
        assert main(["corpus", "build", str(policy)]) == 0
        build = list(log.records())[-1]
        assert build.kind == "corpus"
        assert build.public["action"] == "build"
        assert build.public["added"] == ["hedge"]
        assert "orchard" in build.public["removed"]
        policy.write_text("# Hedge Policy\n\n1.1 Staff must cut the hedge in June.\n", encoding="utf-8")
        assert main(["corpus", "build", str(policy)]) == 0
        assert list(log.records())[-1].public["changed"] == ["hedge"]
        other = tmp_path / "fence.md"
        other.write_text("# Fence Policy\n\n1.1 Staff must paint the fence in May.\n", encoding="utf-8")
        assert main(["corpus", "add", str(other), "--no-build"]) == 0
        assert list(log.records())[-1].public == {"action": "add", "files": [str(other)]}
        assert main(["corpus", "remove", "hedge", "--no-build"]) == 0
        assert list(log.records())[-1].public == {"action": "remove", "documents": ["hedge"]}
    finally:
        log.close()


def test_an_evaluation_leaves_one_record(home: Home, tmp_path: Path) -> None:
    questions, out = tmp_path / "set.jsonl", tmp_path / "run.json"
    rows = [{"id": str(n), "question": question, "must": ["x"]} for n, question in enumerate(QUESTIONS[:2])]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    before = len(kinds(home))
    assert main(["evaluate", str(questions), "--out", str(out), "--retrieval"]) == 0
    assert kinds(home)[before:] == ["evaluation"]
    log = AuditLog.open(home.audit)
    record = list(log.records())[-1]
    log.close()
    assert (record.public["questions"], record.files) == (2, (str(out),))


def test_no_corpus_is_changed_where_nothing_can_be_recorded(home: Home, tmp_path: Path) -> None:
    policy = tmp_path / "hedge.md"
    policy.write_text("# Hedge Policy\n\n1.1 Staff must cut the hedge in May.\n", encoding="utf-8")
    before = (home.library / "CURRENT").read_text()
    (home.audit / "state.json").write_text("{}")
    assert main(["corpus", "build", str(policy)]) == 1
    assert (home.library / "CURRENT").read_text() == before
