"""The journal: nothing finished is lost, whatever moment a run is killed at."""

import json
from pathlib import Path

import pytest

from pincite.errors import EvaluationError
from pincite.evaluate.journal import Journal, journal_of, write_run


def test_where_it_lies() -> None:
    assert journal_of(Path("/x/RUN.json")) == Path("/x/RUN.journal.jsonl")


def test_what_is_appended_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "r.journal.jsonl"
    with Journal(path) as journal:
        assert journal.get("a") is None
        journal.append("a", {"text": "ä\u2028"})
        assert journal.get("a") == {"text": "ä\u2028"}
    with Journal(path) as journal:
        journal.append("b", {"n": 2})
    with Journal(path) as journal:
        assert journal.get("a") == {"text": "ä\u2028"}
        assert journal.get("b") == {"n": 2}
    assert path.stat().st_mode & 0o077 == 0


def test_cut_off_at_every_byte_the_lines_before_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.journal.jsonl"
    with Journal(path) as journal:
        journal.append("a", {"n": 1})
        first = path.stat().st_size
        journal.append("b", {"n": "zwei ü"})
    content = path.read_bytes()
    for size in range(first, len(content)):
        path.write_bytes(content[:size])
        with Journal(path) as journal:
            assert journal.get("a") == {"n": 1}
            assert journal.get("b") is None
            journal.append("b", {"n": "again"})
        with Journal(path) as journal:
            assert journal.get("b") == {"n": "again"}


def test_fresh_forgets(tmp_path: Path) -> None:
    path = tmp_path / "r.journal.jsonl"
    with Journal(path) as journal:
        journal.append("a", {})
    with Journal(path, fresh=True) as journal:
        assert journal.get("a") is None
    assert path.read_bytes() == b""


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"key": "x"}', b'{"key": "x", "record": 1}', b"\xff"])
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "r.journal.jsonl"
    path.write_bytes(b'{"key": "a", "record": {}}\n' + line + b"\n")
    with pytest.raises(EvaluationError, match="line 2: damaged") as caught:
        Journal(path)
    assert "--fresh" in caught.value.hint
    with Journal(path, fresh=True) as journal:
        assert journal.get("a") is None


def test_two_runs_do_not_write_the_same_journal(tmp_path: Path) -> None:
    path = tmp_path / "r.journal.jsonl"
    with Journal(path) as journal:
        journal.append("a", {})
        with pytest.raises(EvaluationError, match="another run"):
            Journal(path, fresh=True)
        assert journal.get("a") == {}
    assert Journal(path).get("a") == {}


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match=r"Not a directory|File exists"):
        Journal(tmp_path / "file" / "r.journal.jsonl")
    with pytest.raises(EvaluationError, match="Is a directory"):
        Journal(tmp_path)
    with pytest.raises(EvaluationError, match="No such file"):
        write_run(tmp_path / "none" / "r.json", {})


def test_a_run_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_run(path, {"form": 1, "name": "ü"})
    write_run(path, {"form": 2})
    assert json.loads(path.read_text()) == {"form": 2}
    assert [one.name for one in tmp_path.iterdir()] == ["r.json"]
