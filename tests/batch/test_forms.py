"""Every form is read into rows and filled in without losing anything that stood in it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import docx
import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

from pincite.batch.forms import open_form
from pincite.batch.grid import COLUMNS
from pincite.batch.result import Result
from pincite.batch.rows import Choice, Form, QuestionFileError
from pincite.domain.answers import Answer, Citation, Claim, Reason, Status
from pincite.domain.documents import DocumentKind


def answer(text: str = "Within 72 hours.", quote: str = "not later than 72 hours") -> Result:
    """Return a result with one claim and one quotation."""
    citation = Citation(1, "gdpr", "Regulation", "GDPR", "Art. 33(1)", DocumentKind.LAW, quote, 10, 33, "ab" * 32)
    made = Answer("q", "q", Status.ANSWERED, Reason.NONE, claims=(Claim(text, (1,)),), citations=(citation,))
    return Result(answer=made)


def fill(form: Form) -> bytes:
    """Fill in every row that was not filled in before."""
    return form.filled({row.number: answer(f"Answer {row.number}.") for row in form.rows if not row.kept})


def questions(form: Form) -> list[str]:
    return [row.asked for row in form.rows]


# -------------------------------------------------------------------- workbooks


def workbook(path: Path) -> Path:
    """Write a vendor's form: letterhead, merged section headings, formats, a second sheet, a formula."""
    book = openpyxl.Workbook()
    about = book.active
    about.title = "About"
    about["A1"] = "Return by Friday"
    sheet = book.create_sheet("Assessment")
    sheet["A1"] = "Orchard Holding: questionnaire"
    sheet.append([])
    sheet.append(["Ref.", "Question", "Response", "Weight", "As of"])
    sheet.append(["Section A: blight"])
    sheet.merge_cells("A4:E4")
    sheet.append(["A.1", "How long may it take to report blight?", None, 3, date(2031, 6, 1)])
    sheet.append(["A.2", "Who burns the wood?", "The keeper.", 2])
    sheet.append([])
    sheet.append(["A.3", '=CONCATENATE("Who ","prunes?")', None, "=D5+D6"])
    sheet.append(["A.4", "Who climbs?", None, 1])
    sheet.merge_cells("B9:B10")
    sheet["B5"].font = Font(bold=True, color="FF0000")
    sheet["D5"].fill = PatternFill("solid", fgColor="00FF00")
    sheet.column_dimensions["B"].width = 55
    sheet.freeze_panes = "A4"
    book.save(path)
    return path


def test_a_workbook_is_read_by_its_headings(tmp_path: Path) -> None:
    form = open_form(workbook(tmp_path / "form.xlsx"))
    assert [(row.id, row.asked) for row in form.rows] == [
        ("A.1", "How long may it take to report blight?"),
        ("A.2", "Who burns the wood?"),
        ("A.4", "Who climbs?"),
    ]
    assert form.rows[0].as_of == date(2031, 6, 1)
    assert form.rows[1].kept == "The keeper."
    assert form.rows[0].where == "row 5 of sheet “Assessment”"
    assert ("Sheet", "“Assessment”") in form.mapping
    assert ("Question", "“Question” (column B)") in form.mapping
    assert ("Answer", "“Response” (column C)") in form.mapping
    notes = " / ".join(form.notes)
    assert "the question in row 8 is a formula without a value" in notes
    assert "merged with the question above: row 10" in notes


def test_a_workbook_keeps_what_it_had(tmp_path: Path) -> None:
    path = workbook(tmp_path / "form.xlsx")
    filled = fill(open_form(path))
    before, after = zipfile.ZipFile(path), zipfile.ZipFile(io.BytesIO(filled))
    assert before.namelist() == after.namelist()
    changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
    assert sorted(changed) == ["xl/styles.xml", "xl/worksheets/sheet2.xml"]
    old, new = openpyxl.load_workbook(path)["Assessment"], openpyxl.load_workbook(io.BytesIO(filled))["Assessment"]
    for row in old.iter_rows():
        for cell in row:
            copy = new[cell.coordinate]
            if cell.value is None:
                continue
            assert copy.value == cell.value
            assert (copy.font.b, copy.fill.fgColor.rgb) == (cell.font.b, cell.fill.fgColor.rgb)
    assert new.column_dimensions["B"].width == 55
    assert new.freeze_panes == "A4"
    assert [str(merged) for merged in new.merged_cells.ranges] == [str(merged) for merged in old.merged_cells.ranges]
    # the blank answer column is filled, the others go behind the last
    assert new["C5"].value == "Answer 1. [1]"
    assert new["C6"].value == "The keeper."
    assert [new.cell(3, column).value for column in range(6, 15)] == list(COLUMNS[1:])
    assert new["F5"].value == "Answered"
    assert new["H5"].value == "[1] GDPR Art. 33(1) · law"
    assert new["F6"].value is None
    assert new["F5"].font.b  # as the question's cell, and wrapped
    assert new["F5"].alignment.wrap_text
    assert not new["B5"].alignment.wrap_text
    assert new.row_dimensions[5].height > 15


def test_filling_in_twice_gives_the_same_file(tmp_path: Path) -> None:
    form = open_form(workbook(tmp_path / "form.xlsx"))
    assert fill(form) == fill(form)


def test_an_output_from_before_answers_had_labels_gets_only_that_column(tmp_path: Path) -> None:
    path = tmp_path / "again.xlsx"
    path.write_bytes(fill(open_form(workbook(tmp_path / "form.xlsx"))))
    book = openpyxl.load_workbook(path)
    book["Assessment"].delete_cols(14)
    book.save(path)
    sheet = openpyxl.load_workbook(io.BytesIO(fill(open_form(path))))["Assessment"]
    assert (sheet.max_column, sheet.cell(3, 14).value) == (14, "Answer label")


def test_an_output_that_is_read_again_gets_no_second_set_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "again.xlsx"
    path.write_bytes(fill(open_form(workbook(tmp_path / "form.xlsx"))))
    form = open_form(path)
    assert [row.kept for row in form.rows] == ["Answer 1. [1]", "The keeper.", "Answer 3. [1]"]
    sheet = openpyxl.load_workbook(io.BytesIO(fill(form)))["Assessment"]
    assert sheet.max_column == 14


def test_words_that_look_like_a_formula_are_a_string_in_a_workbook(tmp_path: Path) -> None:
    form = open_form(workbook(tmp_path / "form.xlsx"))
    filled = form.filled({1: answer("=cmd|' /C calc'!A0")})
    cell = openpyxl.load_workbook(io.BytesIO(filled))["Assessment"]["C5"]
    assert (cell.data_type, cell.value) == ("s", "=cmd|' /C calc'!A0 [1]")
    assert b"<f>cmd" not in zipfile.ZipFile(io.BytesIO(filled)).read("xl/worksheets/sheet2.xml")


def test_a_long_answer_is_cut_for_a_cell_and_says_so(tmp_path: Path) -> None:
    form = open_form(workbook(tmp_path / "form.xlsx"))
    filled = form.filled({1: answer("x" * 40_000)})
    value = openpyxl.load_workbook(io.BytesIO(filled))["Assessment"]["C5"].value
    assert len(value) == 32_767
    assert value.endswith("(cut: a cell holds no more; the whole stands in the other outputs)")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(sheet="Vendors"), "no sheet is called “Vendors”; there are: “About”, “Assessment”"),
        (
            Choice(column="Requirement"),
            "sheet “About”: no column is headed “Requirement”; its fullest row has “Return by Friday”",
        ),
        (
            Choice(sheet="assessment", column="Ask"),
            "sheet “Assessment”: no column is headed “Ask”; its fullest row has “Ref.”, “Question”, “Response”",
        ),
    ],
)
def test_a_missing_sheet_or_column_is_named(tmp_path: Path, choice: Choice, message: str) -> None:
    path = workbook(tmp_path / "form.xlsx")
    with pytest.raises(QuestionFileError) as raised:
        open_form(path, choice)
    assert raised.value.message.startswith(f"{path}: {message}")


def test_another_column_can_be_chosen(tmp_path: Path) -> None:
    form = open_form(workbook(tmp_path / "form.xlsx"), Choice(column="weight"))
    assert questions(form)[:2] == ["3", "2"]


def test_a_workbook_with_a_password_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(QuestionFileError, match=r"locked.xlsx: it is protected with a password"):
        open_form(path)
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(QuestionFileError, match=r"locked.xlsx: not a whole ZIP archive"):
        open_form(path)


# ------------------------------------------------------------------- CSV and TSV


def test_csv_of_any_dialect_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "fragen.csv"
    path.write_bytes(
        'Nr;Question;Größe\r\n1;"Who prunes;\r\nand when?";-5\r\n2;Wer stutzt Bäume?;=1+1\r\n'.encode("cp1252")
    )
    form = open_form(path)
    assert "semicolons" in form.kind
    assert questions(form) == ["Who prunes; and when?", "Wer stutzt Bäume?"]
    assert any("read as Windows-1252" in note for note in form.notes)
    assert "the output is written as UTF-8" in form.notes
    assert any(note.startswith("1 cell(s) begin like a formula") for note in form.notes)
    filled = fill(form)
    assert filled.startswith(b"\xef\xbb\xbf")
    text = filled.decode("utf-8-sig")
    assert "\r\n" in text
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert records[0] == ["Nr", "Question", "Größe", *COLUMNS]
    assert records[1][2:4] == ["-5", "Answer 1. [1]"]
    assert records[2][2] == "'=1+1"


@pytest.mark.parametrize("start", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_formulas_are_neutralised_in_csv(tmp_path: Path, start: str) -> None:
    path = tmp_path / "q.csv"
    path.write_text(f'Question,Owner\nWho prunes?,"{start}"\nWho climbs?,x\n', encoding="utf-8")
    form = open_form(path)
    records = list(csv.reader(io.StringIO(form.filled({1: answer(start)}).decode(), newline="")))
    assert records[1][1] == f"'{start}"
    assert records[1][2].startswith("'")


def test_tsv_and_short_rows(tmp_path: Path) -> None:
    path = tmp_path / "q.tsv"
    path.write_text("Question\tOwner\nWho prunes?\n\nWho climbs?\tAnn\n", encoding="utf-16")
    form = open_form(path)
    assert questions(form) == ["Who prunes?", "Who climbs?"]
    lines = fill(form).decode("utf-8-sig").splitlines()
    assert lines[3].startswith("Who climbs?\tAnn\tAnswer 2. [1]\tAnswered")


def test_commas_in_a_single_column_are_words(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text('Question\nWho prunes, and when?\nWho, then, climbs?\n"Who, ""he""?"\n', encoding="utf-8")
    form = open_form(path)
    assert questions(form) == ["Who prunes, and when?", "Who, then, climbs?", 'Who, "he"?']
    records = list(csv.reader(io.StringIO(fill(form).decode(), newline="")))
    assert records[1][:2] == ["Who prunes, and when?", "Answer 1. [1]"]


def test_cells_beyond_the_headings_are_told(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("Id,Question\n1,Who prunes?\n2,Who, then, climbs?\n", encoding="utf-8")
    assert any(note.startswith("row 3 has more cells than there are headings") for note in open_form(path).notes)


def test_duplicate_ids_are_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("Id,Question\n7,Who prunes?\n7,Who climbs?\n", encoding="utf-8")
    form = open_form(path)
    assert [row.id for row in form.rows] == ["7", "7"]
    assert any("the id '7' stands more than once (row 2 of the table, row 3 of the table)" in n for n in form.notes)


def test_the_first_60_rows_are_looked_through_for_headings(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("Letter,\n" * 20 + "No,Question (answer all)\n1,Who prunes?\n", encoding="utf-8")
    assert questions(open_form(path)) == ["Who prunes?"]


def test_200_000_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    lines = [f"{n},Who prunes tree {n}?\n" for n in range(200_000)]
    path.write_text("Id,Question\n" + "".join(lines), encoding="utf-8")
    form = open_form(path)
    assert len(form.rows) == 200_000
    assert form.rows[-1].asked == "Who prunes tree 199999?"


# ------------------------------------------------------------------------- JSONL


def test_jsonl_keeps_every_member_and_every_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    lines = [
        '{"id": "a", "question": "Who prunes?", "documents": ["Ladder Policy", "gdpr"], "as_of": "2031-06-01", '
        '"x": [1]}',
        '"Who climbs?"',
        "{broken",
        '{"id": "d"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    form = open_form(path)
    assert [(row.id, row.where, bool(row.problem)) for row in form.rows] == [
        ("a", "line 1", False), ("2", "line 2", False), ("3", "line 3", True), ("d", "line 4", True),
    ]  # fmt: skip
    assert form.rows[0].documents == ("Ladder Policy", "gdpr")
    assert form.rows[0].as_of == date(2031, 6, 1)
    assert form.rows[2].problem.startswith("not JSON: ")
    assert form.rows[3].problem == "no member 'question' with a question"
    written = fill(form).decode().splitlines()
    assert json.loads(written[0])["x"] == [1]
    assert json.loads(written[0])["pincite"]["citations"][0]["cite"] == "GDPR Art. 33(1)"
    assert json.loads(written[1])["question"] == "Who climbs?"
    assert written[2] == "{broken"


def test_jsonl_without_a_question_names_its_members(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"ask": "Who?"}\n', encoding="utf-8")
    with pytest.raises(QuestionFileError, match="no line has a member 'question'; they have: ask"):
        open_form(path)
    assert questions(open_form(path, Choice(column="ask"))) == ["Who?"]


# ---------------------------------------------------------------------- Markdown


def test_markdown_tables_get_columns(tmp_path: Path) -> None:
    path = tmp_path / "q.md"
    path.write_text(
        "# Form\n\nIntro.\n\n"
        "| No | Question | Answer |\n|---|:--|---|\n| 1 | Who *prunes*? | |\n| 2 | a \\| b? | yes |\n\nEnd.\n",
        encoding="utf-8",
    )
    form = open_form(path)
    assert questions(form) == ["Who prunes?", "a | b?"]
    assert form.rows[1].kept == "yes"
    lines = fill(form).decode().split("\n")
    assert lines[:4] == ["# Form", "", "Intro.", ""]
    assert lines[4].startswith("| No | Question | Answer | Status | Reason |")
    assert lines[5].count("---") + lines[5].count(":--") >= len(COLUMNS)
    assert lines[6].startswith("| 1 | Who *prunes*? | Answer 1. \\[1\\] | Answered |")
    assert lines[7].startswith("| 2 | a \\| b? | yes |")
    assert lines[-2] == "End."
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse("\n".join(lines))
    assert sum(t.type in ("td_open", "th_open") for t in tokens) == 3 * (2 + len(COLUMNS))


def test_markdown_lists_get_answers_below(tmp_path: Path) -> None:
    path = tmp_path / "q.md"
    path.write_text(
        "Please answer:\n\n1. Who prunes,\n   and when?\n2. About ladders:\n   - [ ] Who climbs?\n\n"
        "```\n- no question\n```\n",
        encoding="utf-8",
    )
    form = open_form(path)
    assert questions(form) == ["Who prunes, and when?", "Who climbs?"]
    text = fill(form).decode()
    assert text.index("and when?") < text.index("Answer 1.") < text.index("Who climbs?") < text.index("Answer 2.")
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark").render(text)
    assert html.index("Answer 1.") < html.index("</ol>")  # inside the list


def test_markdown_without_questions(tmp_path: Path) -> None:
    path = tmp_path / "q.md"
    path.write_text("Just words.\n", encoding="utf-8")
    with pytest.raises(QuestionFileError, match="no table with a column headed “Question”, and no list"):
        open_form(path)


# -------------------------------------------------------------------------- Word


def word(path: Path, *, answer_column: bool) -> Path:
    document = docx.Document()
    document.add_heading("Form", 0)
    other = document.add_table(rows=1, cols=2)
    other.cell(0, 0).text = "Owner"
    headings = ["No.", "Question", *(["Answer"] if answer_column else [])]
    table = document.add_table(rows=3, cols=len(headings))
    table.style = "Table Grid"
    for cell, words in zip(table.rows[0].cells, headings, strict=True):
        cell.text = words
    for line, (number, question) in enumerate((("1", "Who prunes?"), ("2", "Who climbs?")), 1):
        table.cell(line, 0).text, table.cell(line, 1).text = number, question
    if answer_column:
        table.cell(2, 2).text = "Ann."
    document.add_paragraph("End.")
    document.save(str(path))
    return path


@pytest.mark.parametrize("answer_column", [True, False])
def test_word_tables_are_filled_in(tmp_path: Path, answer_column: bool) -> None:
    path = word(tmp_path / "form.docx", answer_column=answer_column)
    form = open_form(path)
    assert questions(form) == ["Who prunes?", "Who climbs?"]
    assert form.rows[1].kept == ("Ann." if answer_column else "")
    filled = fill(form)
    before, after = zipfile.ZipFile(path), zipfile.ZipFile(io.BytesIO(filled))
    assert [n for n in before.namelist() if before.read(n) != after.read(n)] == ["word/document.xml"]
    document = docx.Document(io.BytesIO(filled))
    table = document.tables[1]
    assert [cell.text for cell in table.rows[0].cells] == ["No.", "Question", "Answer"]
    lines = table.cell(1, 2).text.split("\n")
    assert lines[0] == "Answered · confidence high · review: no"
    assert lines[1:] == ["Answer 1. [1]", "[1] GDPR Art. 33(1) · law", "“not later than 72 hours”"]
    assert table.cell(2, 2).text.startswith("Ann." if answer_column else "Answered")
    assert document.tables[0].cell(0, 0).text == "Owner"
    assert document.paragraphs[-1].text == "End."


def test_a_word_document_without_a_table(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Who prunes?")
    document.save(str(tmp_path / "q.docx"))
    with pytest.raises(QuestionFileError, match="there is no table in it"):
        open_form(tmp_path / "q.docx")


# ------------------------------------------------------------------- plain text


def test_text_gets_answers_below(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_bytes(b"# Form\r\n\r\n1. Who prunes?\r\nQ2) Who climbs?\r\n    an answer of before\r\n")
    form = open_form(path)
    assert [(row.id, row.asked) for row in form.rows] == [("1", "Who prunes?"), ("Q2", "Who climbs?")]
    lines = fill(form).decode().split("\n")
    assert lines[:5] == [
        "# Form", "", "1. Who prunes?", "    Answered · confidence high · review: no", "    Answer 1. [1]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("q.csv", b"", "the file is empty"),
        ("q.csv", b"Name,Size\nx,1\n", "the table: no column is headed “Question”; its fullest row has “Name”, “Size”"),
        ("q.csv", b"Question\n\n\n", "there is no question in it"),
        ("q.xyz", b"Who?", "files ending in .xyz are not read"),
        ("q.xlsx", b"Who?", "its content is not that of an .xlsx file"),
        ("q.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old binary Office file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(QuestionFileError) as raised:
        open_form(tmp_path / name)
    assert raised.value.message.startswith(f"{tmp_path / name}: {message}")
    assert raised.value.hint


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(QuestionFileError, match=r"none.csv: No such file or directory"):
        open_form(tmp_path / "none.csv")
