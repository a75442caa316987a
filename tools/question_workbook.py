"""Writes corpus/questions/third-party-dataset.xlsx from the CSV beside it, as a partner would send it."""

from __future__ import annotations

import csv
import io
from itertools import groupby
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from pincite.batch.outputs.xlsx import undated

QUESTIONS = Path(__file__).resolve().parents[1] / "corpus" / "questions"
WIDTHS = {"A": 7, "B": 95, "C": 46, "D": 20}
LINE = Side(style="thin", color="B8C0CC")
BORDER = Border(top=LINE, bottom=LINE, left=LINE, right=LINE)


def main() -> None:
    """Write the workbook; the same CSV gives the same bytes."""
    with (QUESTIONS / "third-party-dataset.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    book = Workbook()
    about = book.active
    assert isinstance(about, Worksheet)
    about.title = "Read me"
    about.column_dimensions["A"].width = 90
    about["A1"] = "Due diligence on a dataset of a third party"
    about["A1"].font = Font(bold=True, size=14)
    about["A3"] = (
        "Please answer every question on the sheet “Questionnaire” and name the rule that the answer rests on."
    )
    sheet = book.create_sheet("Questionnaire")
    sheet["A1"] = "Third-party dataset: due diligence"
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.append([])
    sheet.append(["Ref.", "Question", "Response", "Owner"])
    for area, group in groupby(rows, key=lambda row: row["Area"]):
        sheet.append([area])
        sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=4)
        sheet.cell(sheet.max_row, 1).font = Font(bold=True)
        sheet.cell(sheet.max_row, 1).fill = PatternFill("solid", fgColor="E8ECF2")
        for row in group:
            sheet.append([row["Ref"], row["Question"], None, row["Owner"]])
            for cell in sheet[sheet.max_row]:
                cell.alignment, cell.border = Alignment(wrap_text=True, vertical="top"), BORDER
    for cell in sheet[3]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="2F4A6D")
        cell.alignment, cell.border = Alignment(wrap_text=True, vertical="top"), BORDER
    for letter, width in WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A4"
    path = QUESTIONS / "third-party-dataset.xlsx"
    target = io.BytesIO()
    book.save(target)
    path.write_bytes(undated(target.getvalue()))


if __name__ == "__main__":
    main()
