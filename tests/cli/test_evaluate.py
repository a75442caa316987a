"""`pincite evaluate` in this process with fake models, and as a process that is killed."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

import pincite.assembly as assembly
from pincite.assembly import Parts
from pincite.cli import main
from pincite.config import Home
from pincite.evaluate.examine import Examiner
from tests.conftest import write_corpus
from tests.evaluate.cases import ROWS, draft, write_set
from tests.fakes import FakeEmbedder, FakeModel, Killed


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home with the small corpus whose models are the fake ones."""
    monkeypatch.setenv("PINCITE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PINCITE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(
        Parts, "embedder", lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)
    )
    monkeypatch.setattr(Parts, "model", lambda _: FakeModel(write=draft))
    assembly.build_corpus(Home(tmp_path / "home"), [write_corpus(tmp_path / "corpus")])
    return tmp_path / "home"


@pytest.fixture
def questions(tmp_path: Path) -> str:
    return str(write_set(tmp_path / "set.jsonl"))


def test_answers(home: Path, questions: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "r.json"
    assert main(["evaluate", questions, "--out", str(out), "--worst", "1"]) == 0
    table, err = capsys.readouterr()
    assert table.startswith("set.jsonl: 4 questions, answers\n")
    assert table.endswith("No question went wrong.\n")
    assert "Asking: 100% (4 questions of 4 questions)" in err
    assert f"kept in {out}" in err
    run = json.loads(out.read_text())
    assert [question["id"] for question in run["questions"]] == [row["id"] for row in ROWS]
    assert run["measures"]["success"]["value"] == 1
    assert not (tmp_path / "r.journal.jsonl").exists()


def test_json_is_the_run_and_it_is_kept_in_the_home(
    home: Path, questions: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", questions, "--retrieval", "--json", "--every", "3", "--limit", "2"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run == json.loads((home / "evaluations" / "set-retrieval.json").read_text())
    assert [question["id"] for question in run["questions"]] == ["blight", "ladder"]
    assert run["options"] == {"every": 3, "limit": 2, "kinds": []}
    assert run["conditions"]["mode"] == "retrieval"


def test_searching_loads_no_language_model(
    home: Path, questions: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Parts, "model", lambda _: pytest.fail("the model was loaded"))
    assert main(["evaluate", questions, "--retrieval", "--kind", "deadline", "policy"]) == 0
    assert "2 questions, retrieval" in capsys.readouterr().out


def test_gold_that_the_library_lacks_is_told(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_set(tmp_path / "set.jsonl", [ROWS[0] | {"evidence": [["not in any document of this library"]]}])
    assert main(["evaluate", str(path), "--retrieval"]) == 0
    assert "warning: the library lacks gold evidence of 1 questions: blight\n" in capsys.readouterr().err


def test_units_of_a_document(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "1", "question": "When must blight be notified?", "expected_facts": ["72 hours"], "gold_units": ["A3"]}
    path = write_set(tmp_path / "set.jsonl", [row])
    assert main(["evaluate", str(path), "--retrieval", "--document", "orchard", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["measures"]["recall_50"]["value"] == 1
    assert main(["evaluate", str(path), "--retrieval", "--document", "gdpr"]) == 1
    assert "No such document: gdpr" in capsys.readouterr().err


def killing(monkeypatch: pytest.MonkeyPatch, after: int) -> list[str]:
    """Let the process "die" when it asks its question number `after` + 1; return the questions asked."""
    asked: list[str] = []
    examine = Examiner.examine

    def dying(self: Examiner, case: Any, stop: Any = None) -> Any:
        if len(asked) == after:
            raise Killed
        asked.append(case.id)
        return examine(self, case, stop)

    monkeypatch.setattr(Examiner, "examine", dying)
    return asked


def test_a_killed_run_goes_on_and_fresh_starts_anew(
    home: Path, questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.json"
    command = ["evaluate", questions, "--out", str(out)]
    with monkeypatch.context() as patch:
        killing(patch, 2)
        with pytest.raises(Killed):
            main(command)
    assert not out.exists()
    assert (tmp_path / "r.journal.jsonl").read_text().count("\n") == 2
    with monkeypatch.context() as patch:
        asked = killing(patch, 99)
        assert main(command) == 0
        assert asked == ["tax", "ladder"]
    assert "Asking: 50% (2 questions of 4 questions)" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        killing(patch, 3)
        with pytest.raises(Killed):
            main(command)
    with monkeypatch.context() as patch:
        asked = killing(patch, 99)
        assert main([*command, "--fresh"]) == 0
        assert len(asked) == 4


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_says_what_is_kept(
    home: Path,
    questions: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    code: int,
) -> None:
    def write(prompt: Any) -> str:
        if "ladder?" in prompt.text:
            os.kill(os.getpid(), number)
        return draft(prompt)

    monkeypatch.setattr(Parts, "model", lambda _: FakeModel(write=write))
    before = signal.getsignal(number)
    out = tmp_path / "r.json"
    assert main(["evaluate", questions, "--out", str(out)]) == code
    assert "Stopped. 3 of 4 questions are kept; run the same command to go on.\n" in capsys.readouterr().err
    assert not out.exists()
    assert signal.getsignal(number) is before
    monkeypatch.setattr(Parts, "model", lambda _: FakeModel(write=draft))
    assert main(["evaluate", questions, "--out", str(out)]) == 0
    assert len(json.loads(out.read_text())["questions"]) == 4


def test_compare(home: Path, questions: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = str(tmp_path / "a.json"), str(tmp_path / "b.json")
    assert main(["evaluate", questions, "--out", first]) == 0
    run = json.loads(Path(first).read_text())
    run["questions"][0]["measures"]["facts"] = 0
    Path(second).write_text(json.dumps(run))
    capsys.readouterr()
    assert main(["evaluate", "--compare", first, second]) == 0
    assert "answer has the facts, right to wrong (1): blight" in capsys.readouterr().out
    assert main(["evaluate", "--compare", first, second, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["common"] == 4


@pytest.fixture
def nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the library was opened")

    monkeypatch.setattr(assembly, "open_engine", refuse)
    monkeypatch.setattr(assembly, "open_searcher", refuse)


@pytest.mark.usefixtures("nothing_is_opened")
def test_errors_before_anything_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = write_set(tmp_path / "bad.jsonl", [ROWS[0], {"id": "2", "question": "A?", "must": ["("]}])
    for arguments, words in (
        ([str(bad)], "bad.jsonl, line 2: must: '(' is no regular expression"),
        ([str(tmp_path / "none.jsonl")], "none.jsonl: No such file or directory"),
        ([], "no question set is named"),
        ([str(bad), "--bench", str(tmp_path)], "--bench takes its questions from DIR"),
        (["--calibrate", "--bench", str(tmp_path)], "--bench takes its questions from DIR"),
        (["--compare", str(bad), str(bad)], "bad.jsonl: not JSON"),
    ):
        assert main(["evaluate", *arguments]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("Evaluation cannot be run: ")
        assert words in err


@pytest.mark.parametrize("value", ["0", "-1", "x", "²"])
def test_numbers_that_are_none(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "set.jsonl", "--limit", value])
    assert caught.value.code == 2


def test_a_benchmark_has_a_library_of_its_own(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.evaluate.test_bench import write

    directory = str(write(tmp_path / "pears"))
    current = (home / "library" / "CURRENT").read_text()
    assert main(["evaluate", "--bench", directory, "--json"]) == 0
    out, err = capsys.readouterr()
    run = json.loads(out)
    assert run["conditions"]["passages"] == 3
    assert run["measures"]["recall_1"]["questions"] == 3
    assert set(run["by"]["source"]) == {"dev"}
    assert "the library lacks gold evidence of 1 questions: dev/3" in err
    assert (home / "bench" / "pears" / "evaluations" / "pears.json").is_file()
    assert (home / "library" / "CURRENT").read_text() == current
    assert main(["evaluate", "--bench", directory, "--home", str(home)]) == 1
    assert "a library of documents" in capsys.readouterr().err


def test_calibrating(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": f"a{i}", "question": f"What must staff do before they climb a ladder, case {i}?", "must": ["check"]}
        for i in range(5)
    ] + [{"id": f"u{i}", "question": f"Quantum chromodynamics number {i}?", "answerable": False} for i in range(5)]
    path = str(write_set(tmp_path / "set.jsonl", rows))
    assert main(["evaluate", path, "--calibrate", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["on_these"]["answered_unanswerable"], found["on_these"]["false_abstention"]) == (0, 0)
    assert f"written to {home / 'library' / 'abstention.toml'}" in err
    assert main(["evaluate", path, "--retrieval", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert [question["strength"]["reason"] == "" for question in run["questions"]] == [True] * 5 + [False] * 5
    from pincite.answer.abstain import Policy

    policy = Policy.of(home / "library")
    assert run["conditions"]["abstention"] == policy.sha256
    assert policy.sufficient == pytest.approx(found["threshold"], abs=1e-4)
    assert main(["evaluate", path, "--calibrate", "--limit", "3"]) == 1
    assert "too few to choose a threshold" in capsys.readouterr().err
