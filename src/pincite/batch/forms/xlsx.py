"""Workbooks: questions read from a sheet's own XML and answers written into it; all else in the file stays as it is."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml import etree
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from pincite.batch.forms.office import Archive, editable, repacked, serialised
from pincite.batch.grid import Cells, Grid, find_grid, no_question_column
from pincite.batch.result import Result
from pincite.batch.rows import Choice, Form, QuestionFileError, duplicate_ids
from pincite.domain.text import normalise
from pincite.ingest.readers.office.ooxml import child, children, name, related, related_by_id, value

__all__ = ["MOST_IN_CELL", "XlsxForm", "in_cell", "row_height"]

MOST_IN_CELL = 32_767  # characters, Excel's own limit
_CUT = " … (cut: a cell holds no more; the whole stands in the other outputs)"
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d+)")
_WIDTHS = (60, 18, 28, 40, 70, 12, 34, 12, 22, 14)  # of the columns added, in characters
_DEFAULT_WIDTH = 9.0
_MOST_COLUMNS = 16_384
_LINE, _TALLEST = 15, 409  # points: a line of the usual font, and Excel's limit
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def row_height(words: Mapping[int, str], widths: Mapping[int, float]) -> float:
    """Return the points that a row's words take, wrapped in columns of these widths (characters)."""
    lines = 1
    for column, text in words.items():
        width = max(widths.get(column, _DEFAULT_WIDTH) - 1, 4)
        lines = max(lines, sum(max(1, math.ceil(len(part) / width)) for part in text.split("\n")))
    return min(lines * _LINE + 3, _TALLEST)


def in_cell(text: str) -> str:
    """Return text as a cell can hold it."""
    text = normalise(text)
    return text if len(text) <= MOST_IN_CELL else text[: MOST_IN_CELL - len(_CUT)] + _CUT


@dataclass(frozen=True, slots=True)
class _Merged:
    left: int
    top: int
    right: int
    bottom: int


class _Sheet:
    """A sheet's rows as words, with its merged ranges."""

    def __init__(self, archive: Archive, part: str, title: str, strings: list[str], epoch: Any) -> None:
        self.part, self.title = part, title
        self.root = editable(archive, part)
        self._archive, self._strings, self._epoch = archive, strings, epoch
        self.merged = [
            _Merged(*range_boundaries(value(entry, "ref")))
            for entry in children(child(self.root, "mergeCells"), "mergeCell")
        ]
        self.uncomputed: dict[int, set[int]] = {}  # columns of formulas without a usable value, by row number
        self.elements: dict[int, Any] = {}
        self.table = self._read()

    def again(self) -> _Sheet:
        """Return the sheet as it stands in the file, to be written into."""
        return _Sheet(self._archive, self.part, self.title, self._strings, self._epoch)

    def _read(self) -> list[Cells]:
        rows: dict[int, dict[int, str]] = {}
        number = 0
        for row in children(child(self.root, "sheetData"), "row"):
            number = int(value(row, "r") or number + 1)
            self.elements[number] = row
            rows[number] = self._cells(row, number)
        return [rows.get(number, {}) for number in range(1, max(rows, default=0) + 1)]

    def _cells(self, row: Any, number: int) -> dict[int, str]:
        found: dict[int, str] = {}
        column = 0
        for cell in children(row, "c"):
            column = _column(value(cell, "r")) or column + 1
            words = self._words(cell)
            if words.strip():
                found[column] = words
            elif child(cell, "f") is not None or value(cell, "t") == "e":
                self.uncomputed.setdefault(number, set()).add(column)
        return found

    def _words(self, cell: Any) -> str:
        kind, inner = value(cell, "t"), child(cell, "v")
        if kind == "inlineStr":
            return _string(child(cell, "is"))
        words = str(inner.text or "") if inner is not None else ""
        if kind == "e":  # "#REF!"
            return ""
        if kind == "s":
            index = int(words or 0)
            return self._strings[index] if index < len(self._strings) else ""
        if kind == "b":
            return "TRUE" if words == "1" else "FALSE"
        return words

    def headings_over_columns(self, columns: set[int]) -> list[int]:
        """Return the indices of rows whose words stand in one range merged over all `columns`: headings."""
        wide = [m for m in self.merged if m.left <= min(columns) and m.right >= max(columns) and m.right > m.left]
        return [row - 1 for merged in wide for row in range(merged.top, merged.bottom + 1)]

    def day(self, words: str) -> str:
        """Return the date that a cell's number stands for, in ISO form; other words as they are."""
        if re.fullmatch(r"\d{4,6}(?:\.\d+)?", words.strip()):
            moment: Any = from_excel(float(words), self._epoch)
            return str(moment.date()) if hasattr(moment, "date") else words
        return words

    # --------------------------------------------------------------- writing

    def write(self, number: int, column: int, words: str, *, like: int, styles: _Styles | None = None) -> None:
        """Put words into a cell as a string, which no program takes for a formula; wrapped where `styles` is given.

        Without words the cell only gets its looks.
        """
        row = self.elements[number]
        space = row.nsmap.get(row.prefix)
        reference = f"{get_column_letter(column)}{number}"
        cell, before, style = None, None, ""
        for other in children(row, "c"):
            at = _column(value(other, "r"))
            if at == like:
                style = value(other, "s")
            if at == column:
                cell = other
            elif at > column and before is None:
                before = other
        if cell is None:
            cell = etree.Element(f"{{{space}}}c", r=reference)
            if style:
                cell.set("s", style)
            if before is None:
                cells = list(children(row, "c"))
                row.insert(row.index(cells[-1]) + 1 if cells else 0, cell)
            else:
                before.addprevious(cell)
            row.attrib.pop("spans", None)
        for inner in list(cell):
            cell.remove(inner)
        if styles is not None and (wrapped := styles.wrapped(value(cell, "s"))):
            cell.set("s", wrapped)
        if not words:
            return
        cell.set("t", "inlineStr")
        text = etree.SubElement(etree.SubElement(cell, f"{{{space}}}is"), f"{{{space}}}t")
        text.text = in_cell(words)
        text.set(_SPACE, "preserve")

    def let_grow(self, number: int, words: Mapping[int, str], widths: Mapping[int, float]) -> None:
        """Give a row the height that its words take, unless somebody has chosen one.

        Excel fits rows without a height by itself, LibreOffice does not; so it is estimated from the columns' widths.
        """
        row = self.elements[number]
        if value(row, "customHeight") not in ("1", "true"):
            row.set("ht", f"{row_height(words, widths):g}")

    def widths(self) -> dict[int, float]:
        """Return the widths of the columns that state one, in characters."""
        return {
            column: float(value(entry, "width") or _DEFAULT_WIDTH)
            for entry in children(child(self.root, "cols"), "col")
            for column in range(int(value(entry, "min")), min(int(value(entry, "max")), _MOST_COLUMNS) + 1)
        }

    def widen(self, new: Sequence[tuple[int, int]], last: int) -> None:
        """Give columns added behind `last` a width, in characters."""
        root = self.root
        if not new:
            return
        space = root.nsmap.get(root.prefix)
        columns = child(root, "cols")
        if columns is None:
            columns = etree.Element(f"{{{space}}}cols")
            child(root, "sheetData").addprevious(columns)
        for entry in list(children(columns, "col")):
            if int(value(entry, "max")) > last:  # widths of columns to the far right would contradict ours
                if int(value(entry, "min")) > last:
                    columns.remove(entry)
                else:
                    entry.set("max", str(last))
        for column, width in new:
            etree.SubElement(
                columns, f"{{{space}}}col", min=str(column), max=str(column), width=str(width), customWidth="1"
            )

    def measure(self, last: int) -> None:
        """State the sheet's new size."""
        dimension = child(self.root, "dimension")
        if dimension is not None:
            dimension.set("ref", f"A1:{get_column_letter(last)}{max(self.elements)}")


class _Styles:
    """A workbook's cell formats; one that does not wrap gets a copy that does, behind all others."""

    def __init__(self, archive: Archive, main: str) -> None:
        self._part = next(iter(related(archive, main, "styles")), "")
        self._root = editable(archive, self._part) if self._part else None
        self._names = archive.names
        self._wrapped: dict[str, str] = {}

    def wrapped(self, style: str) -> str:
        """Return the number of the format like `style` that wraps; empty if the workbook has no formats."""
        formats = child(self._root, "cellXfs")
        if formats is None or style in self._wrapped:
            return self._wrapped.get(style, "")
        entries = list(children(formats, "xf"))
        if int(style or 0) >= len(entries):
            return style
        chosen = entries[int(style or 0)]
        if value(child(chosen, "alignment"), "wrapText") in ("1", "true"):
            self._wrapped[style] = style
            return style
        fresh = copy.deepcopy(chosen)
        alignment = child(fresh, "alignment")
        if alignment is None:
            alignment = etree.Element(f"{{{fresh.nsmap[fresh.prefix]}}}alignment")
            fresh.insert(0, alignment)
        alignment.set("wrapText", "1")
        alignment.set("vertical", value(alignment, "vertical") or "top")
        fresh.set("applyAlignment", "1")
        formats.append(fresh)
        formats.set("count", str(len(entries) + 1))
        self._wrapped[style] = str(len(entries))
        return self._wrapped[style]

    def changed(self) -> dict[str, bytes]:
        """Return the part with the formats, if one was added."""
        if all(style == wrapped for style, wrapped in self._wrapped.items()):
            return {}
        return {next(n for n in self._names if n.lower() == self._part.lower()): serialised(self._root)}


class XlsxForm(Form):
    """One sheet of a workbook.

    Raises:
        QuestionFileError: if no sheet has a column of questions, or not the one named.
    """

    kind = "XLSX workbook"

    def __init__(self, data: bytes, archive: Archive, main: str, choice: Choice) -> None:
        self._data, self._archive, self._main = data, archive, main
        self.sheet, self._grid = self._choose(choice)
        grid, sheet = self._grid, self.sheet
        letters = {column: get_column_letter(column) for column in grid.headings}
        self.mapping = (("Sheet", f"“{sheet.title}”"), *grid.mapping(letters))
        question = grid.roles["question"]
        self.rows = tuple(grid.rows)
        notes = list(grid.notes)
        without_value = [n for n, columns in sheet.uncomputed.items() if n - 1 > grid.top and question in columns]
        if without_value:
            shown = ", ".join(map(str, without_value[:6]))
            notes.append(
                f"the question in row {shown} is a formula without a value, or shows an error; left as it is: mend it, "
                "or open and save the workbook in a spreadsheet program to store its value"
            )
        covered = [n for m in sheet.merged if m.left == question for n in range(m.top + 1, m.bottom + 1)]
        if covered:
            notes.append(f"merged with the question above: row {', '.join(map(str, covered[:6]))}")
        notes += [f"sheet “{other}” has questions too; choose it with --sheet" for other in self._others]
        self.notes = (*notes, *duplicate_ids(self.rows))

    @cached_property
    def _strings(self) -> list[str]:
        parts = related(self._archive, self._main, "sharedStrings")
        return [_string(entry) for part in parts for entry in children(self._archive.xml(part), "si")]

    def _choose(self, choice: Choice) -> tuple[_Sheet, Grid]:
        """Return the sheet named, else the first one shown that has a column of questions."""
        workbook = self._archive.xml(self._main)
        parts = related_by_id(self._archive, self._main)
        entries = list(children(child(workbook, "sheets"), "sheet"))
        titles = [value(entry, "name") for entry in entries]
        if choice.sheet and choice.sheet.casefold() not in [title.casefold() for title in titles]:
            raise QuestionFileError(
                f"no sheet is called “{choice.sheet}”; there are: {', '.join(f'“{title}”' for title in titles)}"
            )
        mac = value(child(workbook, "workbookPr"), "date1904") in ("1", "true")
        epoch = CALENDAR_MAC_1904 if mac else CALENDAR_WINDOWS_1900
        found: list[tuple[_Sheet, Grid]] = []
        error: QuestionFileError | None = None
        for entry, title in zip(entries, titles, strict=True):
            named = bool(choice.sheet) and title.casefold() == choice.sheet.casefold()
            hidden = value(entry, "state") in ("hidden", "veryHidden")
            part = parts.get(value(entry, "id"), "")
            if (choice.sheet and not named) or (hidden and not named) or "worksheets/" not in part:
                continue
            sheet = _Sheet(self._archive, part, title, self._strings, epoch)
            grid = self._grid_of(sheet, choice)
            if grid is not None:
                found.append((sheet, grid))
            else:
                error = error or no_question_column(sheet.table, choice, f"sheet “{title}”")
        if not found:
            raise error or QuestionFileError("no sheet of it is shown", hint="Name a hidden one with --sheet.")
        self._others = [sheet.title for sheet, _ in found[1:]]
        return found[0]

    def _grid_of(self, sheet: _Sheet, choice: Choice) -> Grid | None:
        what = f"sheet “{sheet.title}”"
        first = find_grid(sheet.table, choice, what)
        if first is None:
            return None
        skip = sheet.headings_over_columns(set(first.headings)) if len(first.headings) > 1 else []
        skip += [number - 1 for number, columns in sheet.uncomputed.items() if first.roles["question"] in columns]
        day = first.roles.get("as_of")
        table = sheet.table
        if day is not None:
            table = [{c: sheet.day(w) if c == day else w for c, w in cells.items()} for cells in table]
        return find_grid(table, choice, what, skip=[index for index in skip if index > first.top])

    def filled(self, results: Mapping[int, Result]) -> bytes:
        """See `Form.filled`; new columns take the looks of the headings' last and the question's cell."""
        sheet, grid = self.sheet.again(), self._grid
        last = max(
            *map(_last_column, sheet.elements.values()), *(m.right for m in sheet.merged if m.bottom > grid.top), 1
        )
        places = grid.places(sheet.table, last)
        question = grid.roles["question"]
        sheet.widen([(c, width) for (c, _), width in zip(places.values(), _WIDTHS, strict=True) if c > last], last)
        widths, styles = sheet.widths(), _Styles(self._archive, self._main)
        for column, words in places.values():
            if column > last:
                sheet.write(grid.top + 1, column, words, like=max(grid.headings))
        for row, line in zip(grid.rows, grid.lines, strict=True):
            cells = results[row.number].cells() if row.number in results else {}
            for what, words in cells.items():
                column = places[what][0]
                if (words or column > last) and not sheet.table[line].get(column, "").strip():
                    sheet.write(line + 1, column, words, like=question, styles=styles)
            if cells:
                here = {places[what][0]: words for what, words in cells.items()}
                sheet.let_grow(line + 1, {**here, **sheet.table[line]}, widths)
        sheet.measure(max(last, *(column for column, _ in places.values())))
        entry = next(entry for entry in self._archive.names if entry.lower() == sheet.part.lower())
        return repacked(self._data, {entry: serialised(sheet.root), **styles.changed()})


def _column(reference: str) -> int:
    match = _REFERENCE.fullmatch(reference)
    number = 0
    for letter in match[1] if match else "":
        number = number * 26 + ord(letter) - 64
    return number


def _last_column(row: Any) -> int:
    """Return the last column with a value or formula; cells that only carry a border do not count."""
    return max((_column(value(cell, "r")) for cell in children(row, "c") if len(cell)), default=0)


def _string(element: Any) -> str:
    """Return the words of a shared or inline string, without its phonetic guide."""
    if element is None:
        return ""
    parts = []
    for inner in element:
        if name(inner) == "t":
            parts.append(inner.text or "")
        elif name(inner) == "r":
            parts += [text.text or "" for text in children(inner, "t")]
    return "".join(parts)
