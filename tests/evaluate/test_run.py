"""A run: resumed after a kill at every boundary, stopped, summed up, read again."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest

from pincite.errors import EvaluationError
from pincite.evaluate.journal import Journal, write_run
from pincite.evaluate.run import Stopped, conditions, load_run, run_set, summary
from pincite.evaluate.sets import load_set
from pincite.llm.prompt import Prompt
from pincite.search import Searcher
from tests.evaluate.cases import ROWS, cases, draft, examiner, write_set
from tests.fakes import Killed


def without_times(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without what differs from run to run."""
    text = json.dumps(records)
    rows: list[dict[str, Any]] = json.loads(text)
    for row in rows:
        for name in ("search_seconds", "seconds"):
            row["measures"].pop(name, None)
        row.get("answered", {}).pop("timings", None)
    return rows


def whole(searcher: Searcher, directory: Path) -> list[dict[str, Any]]:
    one = examiner(searcher)
    with Journal(directory / "whole.journal.jsonl") as journal:
        return run_set(cases(directory), one, journal, conditions(one))


@pytest.mark.parametrize("boundary", range(len(ROWS)))
@pytest.mark.parametrize("moment", ["before", "torn", "after"])
def test_a_run_killed_at_every_boundary_goes_on(
    tiny_searcher: Searcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boundary: int, moment: str
) -> None:
    expected = without_times(whole(tiny_searcher, tmp_path))
    path = tmp_path / "r.journal.jsonl"
    written = 0
    append = Journal.append

    def killed(self: Journal, key: str, record: dict[str, Any]) -> None:
        nonlocal written
        if written == boundary:
            if moment == "torn":
                with path.open("ab") as file:
                    file.write(b'{"key": "' + key.encode() + b'", "record": {"id')
            if moment == "after":
                append(self, key, record)
            raise Killed
        written += 1
        append(self, key, record)

    one = examiner(tiny_searcher)
    given = conditions(one)
    with monkeypatch.context() as patch, Journal(path) as journal:
        patch.setattr(Journal, "append", killed)
        with pytest.raises(Killed):
            run_set(cases(tmp_path), one, journal, given)
    asked: list[str] = []
    again = examiner(tiny_searcher)
    examine = type(again).examine

    def counted(self: Any, case: Any, stop: Any = None) -> Any:
        asked.append(case.id)
        return examine(self, case, stop)

    monkeypatch.setattr(type(again), "examine", counted)
    with Journal(path) as journal:
        records = run_set(cases(tmp_path), again, journal, conditions(again))
    kept = boundary + (moment == "after")
    assert asked == [row["id"] for row in ROWS[kept:]]
    assert without_times(records) == expected


def test_other_conditions_ask_anew(tiny_searcher: Searcher, tmp_path: Path) -> None:
    one = examiner(tiny_searcher)
    told: list[tuple[int, int]] = []

    def run(given: dict[str, Any], rows: list[dict[str, Any]] = ROWS) -> None:
        told.clear()
        with Journal(tmp_path / "r.journal.jsonl") as journal:
            run_set(
                cases(tmp_path, rows),
                one,
                journal,
                given,
                progress=lambda _, done, total, unit="": told.append((done, total)),
            )

    given = conditions(one)
    run(given)
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    run(given)
    assert told == [(4, 4)]
    run(given, [*ROWS[:3], ROWS[3] | {"note": "other"}])
    assert told == [(3, 4), (4, 4)]
    for name in ("library", "model", "settings", "abstention", "code", "mode"):
        run(given | {name: "other"})
        assert told[0] == (0, 4), name


def test_conditions_name_what_decides(tiny_searcher: Searcher) -> None:
    answers, retrieval = conditions(examiner(tiny_searcher)), conditions(examiner(tiny_searcher, None))
    assert answers["library"] == tiny_searcher.library.generation
    assert answers["model"]["title"] == "Fake on paper"
    assert "model" not in retrieval
    assert (answers["mode"], retrieval["mode"]) == ("answers", "retrieval")
    assert answers["settings"]["evidence_tokens"] == 380
    assert "threads" not in answers["settings"]


@pytest.mark.parametrize("after", range(3))
def test_stopping_keeps_what_is_finished(tiny_searcher: Searcher, tmp_path: Path, after: int) -> None:
    stop = Flag()
    one = examiner(tiny_searcher)

    def progress(what: str, done: int, total: int, unit: str = "") -> None:
        if done == after:
            stop.set()

    path = tmp_path / "r.journal.jsonl"
    with Journal(path) as journal, pytest.raises(Stopped) as caught:
        run_set(cases(tmp_path), one, journal, conditions(one), progress=progress, stop=stop)
    assert (caught.value.done, caught.value.total) == (after, 4)
    assert path.read_bytes().count(b"\n") == after


def test_stopping_within_an_answer_does_not_keep_it(tiny_searcher: Searcher, tmp_path: Path) -> None:
    stop = Flag()

    def write(prompt: Prompt) -> str:
        stop.set()
        return draft(prompt)

    one = examiner(tiny_searcher, write)
    with Journal(tmp_path / "r.journal.jsonl") as journal, pytest.raises(Stopped) as caught:
        run_set(cases(tmp_path), one, journal, conditions(one), stop=stop)
    assert caught.value.done == 0


def test_summary_and_reading_it_again(tiny_searcher: Searcher, tmp_path: Path) -> None:
    questions = load_set(write_set(tmp_path / "set.jsonl"))
    one = examiner(tiny_searcher)
    run = summary([questions], conditions(one), {"limit": None}, whole(tiny_searcher, tmp_path))
    measures = run["measures"]
    assert measures["facts"]["value"] == 1
    assert measures["facts"]["questions"] == 2
    assert measures["abstention_f1"]["value"] == 1
    assert measures["absent_refused"]["questions"] == 1
    assert set(run["by"]["kind"]) == {"deadline", "absent-provision", "unanswerable-far", "policy"}
    assert run["by"]["source"]["orchard"]["facts"]["questions"] == 1
    assert run["by"]["tags"]["policy-only"]["facts"]["value"] == 1
    assert run["sets"][0]["file"] == "set.jsonl"
    path = tmp_path / "r.json"
    write_run(path, run)
    assert load_run(path) == json.loads(json.dumps(run))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_bytes(b"\xff"), "not JSON"),
        (lambda path: path.write_text("{"), "not JSON"),
        (lambda path: path.write_text("[]"), "no run"),
        (lambda path: path.write_text('{"form": 99, "questions": []}'), "no run"),
    ],
)
def test_files_that_are_no_run(tmp_path: Path, make: Callable[[Path], Any], words: str) -> None:
    make(tmp_path / "r.json")
    with pytest.raises(EvaluationError, match=words):
        load_run(tmp_path / "r.json")
