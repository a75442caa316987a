"""Question sets: every form is read, every row that cannot be used is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from pincite.errors import EvaluationError
from pincite.evaluate.sets import QuestionSet, Target, TargetKind, choose, load_passage_set, load_set

GOOD = {"id": "1", "question": "Who prunes?", "evidence": [["the person who prunes the trees"]], "must": ["keeper"]}


def write(path: Path, *rows: Any) -> Path:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def load(tmp_path: Path, *rows: Any) -> QuestionSet:
    return load_set(write(tmp_path / "set.jsonl", *rows))


def test_our_own_form(tmp_path: Path) -> None:
    row = GOOD | {
        "kind": "definition",
        "source": ["orchard"],
        "tags": ["scenario"],
        "must_not": ["^owner"],
        "note": "the keeper",
        "provision": ["Art. 2"],
    }
    found = load(tmp_path, row, b"", {"id": "2", "question": " What \n is  tax?", "answerable": False})
    assert found.form == "pincite"
    first, second = found.cases
    assert (first.kind, first.answerable, first.source, first.tags) == ("definition", True, ("orchard",), ("scenario",))
    assert first.gold == ((Target(TargetKind.SNIPPET, "the person who prunes the trees"),),)
    assert first.must[0].search("The KEEPER does")
    assert (second.question, second.answerable, second.gold, second.must) == ("What is tax?", False, (), ())
    assert first.digest != second.digest


def test_expected_facts(tmp_path: Path) -> None:
    row = {"id": "1", "question": "When?", "expected_facts": ["27 April 2016|27/04/2016", "4 %"],
           "gold_units": ["A4", "R26"], "category": "single-fact", "difficulty": "Easy",
           "explanation": "Title."}  # fmt: skip
    found = load(tmp_path, row)
    (case,) = found.cases
    assert (found.form, case.kind, case.tags, case.note) == ("facts", "single-fact", ("Easy",), "Title.")
    assert [[target.value for target in group] for group in case.gold] == [["Art. 4"], ["Recital 26"]]
    assert case.must[0].search("on 27/04/2016.")
    assert not case.must[0].search("27-04-2016")
    assert not case.must[1].search("4x%")  # plain text, no pattern


def test_units(tmp_path: Path) -> None:
    base = {"set": "tuning", "sources": None, "needs_2026_amendment": []}
    found = load(
        tmp_path,
        base | {"id": "1", "category": "direct", "question": "A?", "gold": ["art_99", "anx_IV", "rct_12", "art_4a"]},
        base | {"id": "2", "category": "out_of_corpus", "question": "B?", "gold": []},
        base | {"id": "3", "category": "other_source", "question": "C?", "gold": [], "sources": ["NIST"]},
        base
        | {"id": "4", "category": "direct", "question": "D?", "gold": ["art_4a"], "needs_2026_amendment": ["art_4a"]},
    )
    assert found.form == "units"
    first, second, third, fourth = found.cases
    assert [group[0].value for group in first.gold] == ["Art. 99", "Annex IV", "Recital 12", "Art. 4a"]
    assert [case.answerable for case in found.cases] == [True, False, None, True]
    assert second.kind == "out_of_corpus"
    assert third.source == ("NIST",)
    assert fourth.tags == ("needs-2026-amendment",)


def test_passages(tmp_path: Path) -> None:
    path = write(tmp_path / "dev.jsonl", {"id": "1", "question": "A?", "gold": ["x", "y", "x"], "n_gold_passages": 2})
    found = load_passage_set(path)
    assert [group[0] for group in found.cases[0].gold] == [
        Target(TargetKind.PASSAGE, "x"),
        Target(TargetKind.PASSAGE, "y"),
    ]
    with pytest.raises(EvaluationError, match="passage ids") as caught:
        load_set(path)
    assert "--bench" in caught.value.hint


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        ({"question": "A?", "must": ["a"]}, "id: a text is needed"),
        ({"id": 7, "question": "A?", "must": ["a"]}, "id: not a text"),
        ({"id": "2", "must": ["a"]}, "question: a text is needed"),
        ({"id": "2", "question": "\u200b", "must": ["a"]}, "question is empty"),
        ({"id": "2", "question": "x" * 5000, "must": ["a"]}, "5,000 characters"),
        ({"id": "2", "question": "A?"}, "needs evidence or must"),
        ({"id": "2", "question": "A?", "answerable": "yes"}, "answerable: true or false"),
        ({"id": "2", "question": "A?", "answerable": False, "must": ["a"]}, "cannot be answered"),
        ({"id": "2", "question": "A?", "evidence": ["words"]}, "evidence: a list of groups"),
        ({"id": "2", "question": "A?", "evidence": [[]]}, "evidence: a list of groups"),
        ({"id": "2", "question": "A?", "evidence": [[" "]]}, "evidence: a list of groups"),
        ({"id": "2", "question": "A?", "must": "a"}, "must: a list of texts"),
        ({"id": "2", "question": "A?", "must": ["(a"]}, "no regular expression"),
        ({"id": "2", "question": "A?", "must": ["a"], "must_not": [3]}, "must_not: a list of texts"),
        ({"id": "2", "question": "A?", "must": ["a"], "mustnot": ["b"]}, "unknown field 'mustnot'"),
        ({"id": "1", "question": "A?", "must": ["a"]}, "id '1' stands twice"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: Any, words: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        load(tmp_path, GOOD, b"", row)
    assert "set.jsonl, line 3: " in caught.value.message
    assert words in caught.value.message
    assert "docs/evaluate.md" in caught.value.hint


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "1", "question": "A?", "expected_facts": ["a||b"]}, "an alternative of"),
        ({"id": "1", "question": "A?", "expected_facts": [], "gold_units": []}, "are needed"),
        ({"id": "1", "question": "A?", "expected_facts": ["a"], "gold_units": ["X4"]}, "'X4' is no unit"),
        ({"id": "1", "question": "A?", "gold": ["art-3"], "category": "direct"}, "'art-3' is no unit"),
        ({"id": "1", "question": "A?", "gold": ["art_3"], "category": "out-of-corpus"}, "out of the corpus has none"),
    ],
)
def test_rows_of_other_forms(tmp_path: Path, row: Any, words: str) -> None:
    with pytest.raises(EvaluationError, match="line 1") as caught:
        load(tmp_path, row)
    assert words in caught.value.message


def test_a_row_of_another_form_is_an_error_of_that_row(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="line 2: unknown field 'expected_facts'"):
        load(tmp_path, GOOD, {"id": "2", "question": "A?", "expected_facts": ["a"]})


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="No such file"):
        load_set(tmp_path / "none.jsonl")
    with pytest.raises(EvaluationError, match="nothing in it"):
        load(tmp_path, b"", b" ")


def test_choosing(tmp_path: Path) -> None:
    cases = load(tmp_path, *(GOOD | {"id": str(i), "kind": "ab"[i % 2]} for i in range(10))).cases
    assert [case.id for case in choose(cases, kinds=["a"])] == ["0", "2", "4", "6", "8"]
    assert [case.id for case in choose(cases, kinds=["a"], every=2, limit=2)] == ["0", "4"]
    assert len(choose(cases, kinds=["a", "b"], limit=99)) == 10
    with pytest.raises(EvaluationError, match="kind 'c'") as caught:
        choose(cases, kinds=["c"])
    assert caught.value.hint == "There are: a, b."
    with pytest.raises(EvaluationError, match="no question is left"):
        choose(cases, limit=0)
