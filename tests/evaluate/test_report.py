"""What people read: tables at 80 columns, the worst cases first, nothing that a terminal would obey."""

from pathlib import Path
from typing import Any

import pytest

from pincite.evaluate.examine import Examiner
from pincite.evaluate.report import run_table, severity, worst_cases
from pincite.evaluate.run import conditions, summary
from pincite.evaluate.sets import load_set
from pincite.search import Searcher
from tests.evaluate.cases import ROWS, examiner, write_set


def made(one: Examiner, directory: Path, rows: list[dict[str, Any]] = ROWS) -> dict[str, Any]:
    questions = load_set(write_set(directory / "set.jsonl", rows))
    return summary([questions], conditions(one), {}, [one.examine(case) for case in questions.cases])


def test_table(tiny_searcher: Searcher, tmp_path: Path) -> None:
    text = run_table(made(examiner(tiny_searcher), tmp_path))
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("set.jsonl: 4 questions, answers\n")
    assert "answer has the facts               1.000       0.342 to 1.000          2\n" in text
    assert "\nby kind " in text
    assert "\nby tag " in text
    retrieval = run_table(made(examiner(tiny_searcher, None), tmp_path))
    assert "R@10" in retrieval
    assert "facts" not in retrieval.split("facts: answer has")[0]


def test_long_and_hostile_names_keep_the_columns(tiny_searcher: Searcher, tmp_path: Path) -> None:
    rows = [ROWS[0] | {"kind": "k" * 100 + "\x1b[2J", "source": ["\x1b]0;x\x07" + "s" * 90]}]
    text = run_table(made(examiner(tiny_searcher), tmp_path, rows)) + worst_cases(
        made(examiner(tiny_searcher, lambda _: "Nothing of the kind is said in here at all. [1]\n"), tmp_path, rows), 1
    )
    assert "\x1b" not in text
    assert max(map(len, text.splitlines()[:-1])) <= 100


def test_of_many_groups_those_of_one_question_are_counted_only() -> None:
    value = {"value": 0.5, "low": 0.0, "high": 1.0}
    groups = {f"s{i:02}": {"facts": {**value, "questions": 1 + (i == 7)}} for i in range(20)}
    run = {
        "sets": [], "questions": [], "measures": {}, "by": {"source": groups},
        "conditions": {"mode": "answers", "library": "x", "documents": 1, "passages": 1, "embedder": {"name": "e"}},
    }  # fmt: skip
    text = run_table(run)
    assert "s07" in text
    assert "s08" not in text
    assert "and 19 with one question each\n" in text
    run["by"] = {"source": dict(list(groups.items())[:10])}
    assert "s09" in run_table(run)


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        ({"facts": 1, "evidence_cited": 1}, 0),
        ({"verbatim": [1, 2]}, 5),
        ({"answered_unanswerable": 1}, 4),
        ({"facts": 0, "ndcg_10": 1}, 3),
        ({"facts": 0, "ndcg_10": 0}, 3.5),
        ({"absent_refused": 0, "answered_unanswerable": 0}, 2),
        ({"facts": 0, "false_abstention": 1, "ndcg_10": 1}, 1),
        ({"false_abstention": 1, "ndcg_10": 0}, 1.5),
        ({"facts": 1, "evidence_cited": 0, "ndcg_10": 1}, 0.6),
    ],
)
def test_severity(measures: dict[str, Any], expected: float) -> None:
    assert severity({"measures": measures, "answered": {}}) == pytest.approx(expected)


def test_severity_of_a_search() -> None:
    assert severity({"measures": {"evidence_in_10": 0, "ndcg_10": 0}}) == 1.5
    assert severity({"measures": {"evidence_in_10": 1, "ndcg_10": 0.5}}) == 0


def test_worst_cases(tiny_searcher: Searcher, tmp_path: Path) -> None:
    rows = [
        ROWS[0] | {"must": ["the owner of the orchard"]},
        ROWS[3] | {"answerable": False, "evidence": [], "must": []},
        ROWS[2],
    ]
    run = made(examiner(tiny_searcher), tmp_path, rows)
    text = worst_cases(run, 2)
    assert max(map(len, text.splitlines())) <= 80
    first, second = text.split("─" * 80)[1:]
    assert first.startswith("\nladder · policy · ladder\n")
    assert "no answer" in first
    assert "came: answered" in first
    assert second.startswith("\nblight · deadline · orchard\n")
    assert "orchard Art. 3 (found at 1)" in second
    assert " 1.* orchard Art. 3" in second
    assert "[1]* orchard Art. 3: " in second
    assert worst_cases(run, 1) == "─" * 80 + first[:-1]
    assert worst_cases({"questions": []}, 3) == "No question went wrong.\n"
