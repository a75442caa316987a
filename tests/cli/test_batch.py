"""`pincite batch` in this process, with scripted models: what it writes, says and returns."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from pincite.assembly import Parts, batch_ground
from pincite.cli import main
from pincite.config import Home, Settings
from pincite.library import Library
from pincite.models.manifest import ModelEntry
from pincite.models.registry import Registry
from tests.batch.conftest import QUESTIONS, batch_home, fakes
from tests.conftest import ROOT

__all__ = ["batch_home", "fakes"]

ABSENT = "What does Article 99 of the Orchard Regulation say?"


@pytest.fixture
def questions(tmp_path: Path, fakes: Path) -> Path:
    """Write four questions and one on a provision that does not exist."""
    path = tmp_path / "q.csv"
    words = "".join(f'{n},"{question}",=cmd|x\n' for n, question in enumerate((*QUESTIONS[:3], ABSENT), 1))
    path.write_text(f"Id,Question,Owner\n{words}", encoding="utf-8")
    return path


def batch(*arguments: object) -> int:
    return main(["batch", *map(str, arguments)])


def test_several_at_a_time_write_what_one_at_a_time_writes(
    questions: Path, fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    model = Parts.model
    monkeypatch.setattr(Parts, "model", lambda parts: given.append(parts.sequences) or model(parts))
    for jobs in (1, 3):
        assert batch(questions, "-o", questions.parent / f"{jobs}.csv", "--jobs", jobs) == 0
    assert given == [1, 3]  # as many as are under way is what the model is loaded for
    assert (questions.parent / "3.csv").read_bytes() == (questions.parent / "1.csv").read_bytes()


@pytest.mark.parametrize("jobs", ["0", "17", "-1", "two", "²"])
def test_a_number_of_jobs_that_is_none(questions: Path, capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    with pytest.raises(SystemExit) as ended:
        batch(questions, f"--jobs={jobs}")
    assert ended.value.code == 2
    assert f"'{jobs}' is not a number from 1 to 16" in capsys.readouterr().err


def test_another_adapter_makes_another_program(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = batch_ground(Home(fakes)).basis
    get = Registry.get

    def other(registry: Registry, name: str) -> ModelEntry:
        entry = get(registry, name)
        return replace(entry, adapter=replace(entry.adapter, sha256="0" * 64)) if entry.adapter else entry

    monkeypatch.setattr(Registry, "get", other)
    after = batch_ground(Home(fakes)).basis
    assert after.program != before.program
    assert replace(after, program=before.program) == before


def test_a_reranker_makes_other_answers(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "there", lambda registry, name: "")
    before = batch_ground(Home(fakes)).basis
    assert before.reranker == ""
    monkeypatch.setattr(Registry, "there", lambda registry, name: name)
    after = batch_ground(Home(fakes)).basis
    assert after.reranker == Registry.open(Home(fakes)).get(Settings().reranker).sha256
    assert "reranking model" in after.changed_since(before)
    assert after.program != before.program  # its question adapter


def test_all_outputs_of_one_run(questions: Path, fakes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = questions.parent
    outputs = [folder / f"out.{ending}" for ending in ("csv", "jsonl", "md", "html", "xlsx")]
    assert batch(questions, *(part for output in outputs for part in ("-o", output)), "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["questions"] == summary["asked"] == 4
    assert summary["counts"]["refused"] == 1
    assert summary["counts"]["answered"] == 2
    assert set(summary["digests"]["outputs"]) == {str(output) for output in outputs}
    library = Library(Home(fakes).library)
    assert summary["digests"]["library"] == library.generation
    # every quotation is the stored text, character by character
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    citations = [citation for line in lines for citation in line["citations"]]
    assert citations
    for citation in citations:
        text = library.document(citation["document"]).text
        assert citation["quote"] == text[citation["start"] : citation["end"]]
    library.close()
    assert [line["id"] for line in lines] == ["1", "2", "3", "4"]
    assert lines[3]["reason"] == "no_such_provision"
    records = list(csv.reader(io.StringIO((folder / "out.csv").read_text(encoding="utf-8"), newline="")))
    assert [record[2] for record in records[1:]] == ["'=cmd|x"] * 4
    assert records[4][4] == "Refused"
    for output in outputs:
        assert stat.S_IMODE(output.stat().st_mode) == 0o600


def test_the_report_is_whole_in_itself_and_every_link_leads_somewhere(questions: Path) -> None:
    output = questions.parent / "out.html"
    batch(questions, "-o", output)
    text = output.read_text(encoding="utf-8")
    ids = re.findall(r' id="([^"]+)"', text)
    links = re.findall(r' href="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert len(links) > 8
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    assert not re.search(r"<script|<link|<img|src=|url\(|@import|https?://", text)
    assert "<mark>The keeper shall notify the orchard authority" in text
    assert '<a href="#q1-s1">[1]</a>' in text


def test_foreign_words_stay_words_in_the_report(tmp_path: Path, fakes: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text('<script>alert(1)</script> "who" prunes <b>?\n', encoding="utf-8")
    batch(path, "-o", tmp_path / "out.html", "-o", tmp_path / "out.md")
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &quot;who&quot; prunes &lt;b&gt;?" in text
    assert "<script" not in (tmp_path / "out.md").read_text(encoding="utf-8").replace("\\<script", "")


def test_a_workbook_of_its_own(questions: Path) -> None:
    output = questions.parent / "out.xlsx"
    batch(questions, "-o", output)
    book = openpyxl.load_workbook(output)
    assert book.sheetnames == ["Answers", "Quotations", "Summary"]
    answers = book["Answers"]
    assert answers.freeze_panes == "C2"
    assert [answers.cell(line, 1).value for line in range(2, 6)] == ["1", "2", "3", "4"]
    assert all(cell.data_type in ("s", "n") for row in answers.iter_rows() for cell in row)
    facts = dict(list(book["Summary"].iter_rows(values_only=True))[1:])
    assert facts["Questions"] == "4"
    assert facts["Refused"] == "1"


def test_the_default_output_is_the_form_filled_in(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(questions) == 0
    out, err = capsys.readouterr()
    assert "4 questions: 2 answered, 1 answered in part, 1 refused. 2 need review." in out
    assert f"Written: {questions.parent / 'q.answered.csv'}" in out
    assert "Note: 4 cell(s) begin like a formula" in err
    text = (questions.parent / "q.answered.csv").read_text(encoding="utf-8")
    assert text.startswith("Id,Question,Owner,Answer,Status,Reason,Citations,Quotes,Confidence")
    # again: nothing is asked, the same is written
    assert batch(questions) == 0
    out, err = capsys.readouterr()
    assert "asked in" not in out
    assert "3 of 4 rows" not in err
    assert "4 of 4 rows are in the journal; 0 questions to ask." in err
    assert (questions.parent / "q.answered.csv").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 0), (("--fail-on", "not-found"), 3), (("--fail-on", "partial"), 3), (("--limit", "2"), 0)],
)
def test_exit_codes(questions: Path, arguments: tuple[str, ...], code: int) -> None:
    assert batch(questions, *arguments) == code


def test_a_limit_asks_the_first_and_later_the_next(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch(questions, "--limit", "3")
    assert "3 asked" in capsys.readouterr().out
    batch(questions, "--limit", "3")
    assert "1 asked" in capsys.readouterr().out


def test_a_preview_asks_nothing(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(questions, "--preview") == 0
    out = capsys.readouterr().out
    assert "CSV file, commas between cells, 4 questions" in out
    assert "  Question: “Question”" in out
    assert list(questions.parent.iterdir()) == [questions]


def told(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert "Unexpected" not in err
    assert out == ""
    return err


def test_an_output_of_somebody_else_is_not_replaced(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = questions.parent / "mine.html"
    other.write_text("mine")
    assert batch(questions, "-o", other) == 1
    assert "mine.html: this file exists and is not of an earlier run" in told(capsys)
    assert other.read_text() == "mine"
    assert sorted(path.name for path in questions.parent.iterdir()) == ["mine.html", "q.csv"]
    assert batch(questions, "-o", other, "--overwrite") == 0
    assert batch(questions, "-o", other) == 0


def test_the_question_file_is_never_the_output(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = questions.read_bytes()
    assert batch(questions, "-o", questions, "--overwrite") == 1
    assert "this is the question file itself" in told(capsys)
    assert questions.read_bytes() == before


def test_an_output_that_cannot_be_written_is_told_before_anything_is_asked(
    questions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # the superuser may write into read-only folders; into a folder that is none, nobody may
    assert batch(questions, "-o", questions / "out.csv") == 1
    err = told(capsys)
    assert "out.csv.journal: Not a directory" in err
    assert "Choose a place that can be written with -o" in err
    assert batch(questions, "-o", "/proc/out.csv") == 1
    assert "/proc/out.csv.journal: " in told(capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write into read-only folders")
def test_a_read_only_folder(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = questions.parent / "locked"
    folder.mkdir(mode=0o500)
    assert batch(questions, "-o", folder / "out.csv") == 1
    assert "Permission denied" in told(capsys)


def test_a_full_disk_when_the_output_is_written_keeps_every_answer(
    questions: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    import pincite.batch.outputs as outputs

    real = os.fsync

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".new":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(outputs.os, "fsync", full)
    assert batch(questions) == 1
    err = told(capsys)
    assert "q.answered.csv: No space left on device" in err
    assert "Answers already in a journal stay there" in err
    assert not (questions.parent / "q.answered.csv").exists()
    lines = (questions.parent / "q.answered.csv.journal").read_bytes().splitlines()
    assert sum(b'"answer":' in line for line in lines) == 4


def test_too_many_questions_need_a_limit(tmp_path: Path, fakes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "many.txt"
    path.write_text("".join(f"Who prunes tree {n}?\n" for n in range(200_000)))
    assert batch(path) == 1
    err = told(capsys)
    assert "200,000 questions; without a limit, at most 50,000 are taken" in err
    assert "--limit N" in err
    assert list(tmp_path.iterdir()) == [path]


def test_a_question_of_40_000_characters_fails_alone(tmp_path: Path, fakes: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text(f"Question\n{'why ' * 10_000}\n{QUESTIONS[0]}\n", encoding="utf-8")
    assert batch(path, "-o", tmp_path / "out.jsonl") == 1
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["error"] == "the question has 39,999 characters; the limit is 4,000"
    assert second["status"] == "answered"


def test_without_a_library_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "q.txt").write_text("Who prunes?\n")
    assert batch(tmp_path / "q.txt", "--home", tmp_path / "home") == 1
    assert "No library: " in told(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["q.txt"]


@pytest.mark.parametrize("path", sorted((ROOT / "corpus" / "questions").glob("[!R]*")), ids=lambda path: path.name)
def test_the_shipped_question_files_are_read(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(path, "--preview") == 0
    questions = int(re.search(r", (\d+) questions", capsys.readouterr().out)[1])  # type: ignore[index]
    assert questions >= (40 if path.stem == "third-party-dataset" else 15)


def test_the_shipped_workbook_is_the_csv_beside_it() -> None:
    from pincite.batch.forms import open_form

    folder = ROOT / "corpus" / "questions"
    table, book = (open_form(folder / f"third-party-dataset.{ending}") for ending in ("csv", "xlsx"))
    assert [(row.id, row.asked) for row in table.rows] == [(row.id, row.asked) for row in book.rows]
    assert book.notes == ()
