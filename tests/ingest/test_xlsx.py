"""Excel workbooks: rows that can be cited, column headings, what is hidden, values as they are shown."""

import datetime
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers import read_bytes
from pincite.ingest.readers.office.xlsx_values import display
from tests.ingest.helpers import parse_file
from tests.ingest.office import packed
from tests.ingest.test_readers import with_part

ROWS = (
    ("Control", "Title", "Owner", "Due"),
    ("A.5.1", "Policies", "CISO", datetime.date(2031, 5, 1)),
    ("A.5.2", "Roles", "Head of People", None),
    ("see above", "Duties", "Ada", datetime.datetime(2031, 5, 2, 14, 30)),
)


def workbook(*rows: tuple[object, ...], change: Callable[[Worksheet], None] = lambda sheet: None) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Controls"
    for row in rows:
        sheet.append(row)
    change(sheet)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def read(*rows: tuple[object, ...], change: Callable[[Worksheet], None] = lambda sheet: None) -> RawDocument:
    return read_bytes(workbook(*rows, change=change), "a.xlsx")


def lines(raw: RawDocument) -> list[tuple[str, str]]:
    return [(block.opens[0].label if block.opens else "", block.text) for block in raw.blocks]


def test_rows_carry_their_column_headings_and_are_cited_by_code_or_place() -> None:
    assert lines(read(*ROWS)) == [
        ("", "Controls"),
        ("", "Control | Title | Owner | Due"),
        ("A.5.1", "Control: A.5.1; Title: Policies; Owner: CISO; Due: 2031-05-01"),
        ("A.5.2", "Control: A.5.2; Title: Roles; Owner: Head of People"),
        ("Controls row 4", "Control: see above; Title: Duties; Owner: Ada; Due: 2031-05-02 14:30"),
    ]


def test_each_row_is_a_passage_below_its_sheet(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(workbook(*ROWS))
    parsed = parse_file(tmp_path / "a.xlsx")
    assert [(p.label, p.path) for p in parsed.passages] == [
        ("Controls", ("Controls",)),
        ("A.5.1", ("Controls",)),
        ("A.5.2", ("Controls",)),
        ("Controls row 4", ("Controls",)),
    ]


def test_a_code_that_two_rows_have_is_no_pin_cite() -> None:
    assert [label for label, _ in lines(read(*ROWS, ("A.5.1", "Policies again", "Bea")))][2:] == [
        "Controls row 2", "A.5.2", "Controls row 4", "Controls row 5"
    ]  # fmt: skip


def test_titles_above_the_headings_are_kept() -> None:
    raw = read(("Register of controls",), (), ("Owner", "CISO"), *ROWS)
    assert raw.title == "Register of controls"
    assert [text for _, text in lines(raw)][:5] == [
        "Controls", "Register of controls", "Owner | CISO", "Control | Title | Owner | Due",
        "Control: A.5.1; Title: Policies; Owner: CISO; Due: 2031-05-01",
    ]  # fmt: skip
    assert lines(raw)[-1][0] == "Controls row 7"  # as Excel counts, empty rows too


def test_numbers_without_headings() -> None:
    assert [text for _, text in lines(read((1, 2.5, "x"), (3, 4, "y")))] == ["Controls", "1 | 2.5 | x", "3 | 4 | y"]


def test_merged_headings_and_rows() -> None:
    def merge(sheet: Worksheet) -> None:
        for cells in ("A1:A2", "B1:C1", "A3:A4", "A6:C6"):
            sheet.merge_cells(cells)

    raw = read(
        ("Tree", "Work", None), (None, "Who", "When"), ("Apple", "Ada", "March"), (None, "Bea", "May"),
        ("Pear", "Cem", "June"), ("Nuts", None, None), ("Hazel", "Ada", "July"), change=merge,
    )  # fmt: skip
    assert [text for _, text in lines(raw)][1:] == [
        "Tree | Work", "Who | When", "Tree: Apple; Work Who: Ada; Work When: March",
        "Tree: Apple; Work Who: Bea; Work When: May", "Tree: Pear; Work Who: Cem; Work When: June", "Nuts",
        "Tree: Hazel; Work Who: Ada; Work When: July",
    ]  # fmt: skip
    assert raw.blocks[-2].heads  # "Nuts" heads the rows below it


def test_what_is_hidden_is_left_out_and_reported() -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True
        assert sheet.parent is not None
        other = sheet.parent.create_sheet("Secret")
        other["A1"] = "PASSWORD"
        other.sheet_state = "hidden"

    raw = read(*ROWS, change=hide)
    assert [text for _, text in lines(raw)] == [
        "Controls",
        "Control | Title | Due",
        "Control: A.5.1; Title: Policies; Due: 2031-05-01",
        "Control: see above; Title: Duties; Due: 2031-05-02 14:30",
    ]
    assert raw.warnings == (
        "hidden sheet(s) not read: Secret",
        "sheet 'Controls': 1 hidden row(s) and 1 hidden column(s) not read",
    )
    assert raw.left_out == {"hidden cells": len("OwnerCISOA.5.2RolesHead of PeopleAda")}


def test_a_workbook_of_hidden_sheets_only_shows_nothing() -> None:
    data = workbook(change=lambda sheet: None)
    with pytest.raises(DocumentError, match="no filled cell"):
        read_bytes(data, "a.xlsx")


def test_formulas_are_read_by_their_results_and_those_without_are_reported() -> None:
    raw = read(("Item", "Sum"), ("pears", "=1+1"), ("plums", 3))
    assert [text for _, text in lines(raw)][2:] == ["Item: pears", "Item: plums; Sum: 3"]
    assert raw.warnings == ("sheet 'Controls': 1 formula(s) without a stored result; open it in Excel and save it",)


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (0.25, "0%", "25%"), (0.125, "0.0%", "12.5%"), (1234567.891, "#,##0.00", "1,234,567.89"), (7, "000", "007"),
        (5.0, "General", "5"), (0.1 + 0.2, "General", "0.3"), (12.5, '"€" #,##0.00', "€12.50"),
        (9, '0" days"', "9 days"), (12, "[$€-407] #,##0.00", "€12.00"), (True, "General", "TRUE"),
        (datetime.time(8, 5), "", "08:05:00"),
        (1e20, "General", "1e+20"), (3, "yyyy?", "3"), ("  two\n lines ", "", "two lines"),
    ],
)  # fmt: skip
def test_values_as_they_are_shown(value: object, form: str, shown: str) -> None:
    assert display(value, form) == shown


def test_a_huge_declared_dimension_is_not_believed() -> None:
    def far(sheet: Worksheet) -> None:
        sheet["XFD1048576"] = "far away"

    data = workbook(("a", "b"), ("c", "d"), change=far)
    sheet = with_part(data, "none", b"")
    raw = read_bytes(sheet, "a.xlsx")
    assert lines(raw)[-1] == ("Controls row 1048576", "far away")
    assert len(raw.blocks) == 4


def test_more_cells_than_a_register_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pincite.ingest.readers.office.xlsx_facts._MOST_CELLS", 10)
    with pytest.raises(DocumentError, match=r"a\.xlsx: more than 10 cells on a sheet"):
        read(*ROWS)


def test_comments_and_margins_are_counted() -> None:
    from openpyxl.comments import Comment

    def add(sheet: Worksheet) -> None:
        sheet["A1"].comment = Comment("Really?", "Ada")
        sheet.oddHeader.center.text = "Orchard Ltd | Internal"

    raw = read(*ROWS, change=add)
    assert raw.left_out == {"comments": 7}
    assert raw.metadata["classification"] == "Internal"


def test_entities_in_a_sheet_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    with pytest.raises(DocumentError, match=r"a\.xlsx: part 'xl/worksheets/sheet1\.xml' declares a document type"):
        read_bytes(with_part(workbook(*ROWS), "xl/worksheets/sheet1.xml", bomb), "a.xlsx")


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("content", [b"<x", b"", None])
def test_broken_parts(part: str, content: bytes | None) -> None:
    with pytest.raises(DocumentError, match=r"a\.xlsx"):
        read_bytes(with_part(workbook(*ROWS), part, content), "a.xlsx")


def test_an_archive_of_another_kind() -> None:
    with pytest.raises(DocumentError, match="no known document"):
        read_bytes(packed({"xl/workbook.xml": "<x/>"}), "a.xlsx")
