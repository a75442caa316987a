"""Excel workbooks: a sheet is a heading, a row is a provision whose cells carry their column headings."""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import openpyxl

from pincite.domain.documents import ProvisionKind
from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, Opening, RawDocument
from pincite.ingest.readers.office.archive import Archive
from pincite.ingest.readers.office.classification import classification_in
from pincite.ingest.readers.office.ooxml import child, children, main_part, properties, related, related_by_id, value
from pincite.ingest.readers.office.xlsx_facts import SheetFacts, sheet_facts
from pincite.ingest.readers.office.xlsx_values import display

__all__ = ["read_xlsx"]

_CODE = re.compile(r"[A-Z]{1,4}(?:\.[A-Z]{2})?(?:[.-]?\d{1,3})(?:\.\d{1,3})*[a-z]?")
_SHEET, _GROUP, _ROW = 10, 15, 20
_LOOK_AHEAD = 50  # rows among which the row of column headings is looked for
_MOST_HEADING = 80  # characters of a column heading

Row = tuple[int, dict[int, Any]]  # row number, value by column number: only what is filled and shown


def read_xlsx(data: bytes) -> RawDocument:
    """Read a workbook as it is seen: values, not formulas; hidden sheets, rows and columns left out and reported.

    Raises:
        DocumentError: if it is damaged, too large, or nothing is shown in it.
    """
    archive = Archive(data)
    archive.check_for_others(streamed="xl/worksheets/")
    main = main_part(archive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that no value depends on
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    parts = related_by_id(archive, main)
    reader = _Reader()
    for entry in children(child(archive.xml(main), "sheets"), "sheet"):
        part, title = parts.get(value(entry, "id"), ""), value(entry, "name")
        if not part or title not in workbook.sheetnames or not hasattr(workbook[title], "iter_rows"):
            continue  # a sheet of nothing but a chart
        if value(entry, "state") in ("hidden", "veryHidden"):
            reader.hidden.append(title)
            continue
        reader.read_sheet(title, workbook[title], sheet_facts(archive, part))
        for drawing in related(archive, part, "drawing"):
            reader.left_out["drawings"] += sum(len(e.text or "") for e in archive.xml(drawing).iter("{*}t"))
        for comments in related(archive, part, "comments"):
            reader.left_out["comments"] += sum(len(e.text or "") for e in archive.xml(comments).iter("{*}t"))
    workbook.close()
    if not reader.blocks:
        raise DocumentError("no filled cell is shown in it", hint=_hint(reader.hidden))
    metadata = properties(archive)
    title = metadata.pop("title", "") or reader.title
    if not metadata.get("classification") and classification_in(reader.margins):
        metadata["classification"] = classification_in(reader.margins)
    left_out = {what: count for what, count in reader.left_out.items() if count}
    return RawDocument(reader.labelled(), title, metadata, tuple(reader.warnings()), stated=True, left_out=left_out)


def _hint(hidden: Sequence[str]) -> str:
    return f"Hidden sheets are not read: {', '.join(hidden)}." if hidden else ""


class _Reader:
    def __init__(self) -> None:
        self.blocks: list[tuple[Block, str]] = []  # with the row's own code, where it has one
        self.hidden: list[str] = []
        self.title = ""
        self.margins: list[str] = []
        self.left_out: Counter[str] = Counter()
        self._reports: list[str] = []

    def read_sheet(self, title: str, sheet: Any, facts: SheetFacts) -> None:
        """Add a sheet's blocks; its declared dimension is not believed."""
        sheet.reset_dimensions()
        rows = [row for row in self._rows(sheet, facts) if row[1]]
        self.margins += facts.margins
        self._report(title, facts)
        if not rows:
            return
        first, last = _head_rows(rows, facts)
        opening = Opening(ProvisionKind.HEADING, "", _SHEET)
        self.blocks.append((Block(title, opens=(opening,), heads=True), ""))
        if not self.title and first > 0 and len(rows[0][1]) == 1:
            self.title = str(next(iter(rows[0][1].values())))
        for _, cells in rows[:first]:
            self.blocks.append((Block(" | ".join(cells.values()), row=len(cells) > 1), ""))
        headings = _headings(rows[first:last], facts)
        if first < last:
            heads = [" | ".join(cells.values()) for _, cells in rows[first:last]]
            self.blocks += [(Block(line, row=True), "") for line in heads]
        carried: dict[int, tuple[int, str]] = {}
        for number, cells in rows[last:]:
            self._row(title, number, cells, headings, facts, carried)

    def _rows(self, sheet: Any, facts: SheetFacts) -> Iterator[Row]:
        for line in sheet.iter_rows():
            shown: dict[int, Any] = {}
            number = 0
            for cell in line:
                if cell.value is None:
                    continue
                number = cell.row
                text = display(cell.value, cell.number_format)
                if not text:
                    continue
                if number in facts.hidden_rows or cell.column in facts.hidden_columns:
                    self.left_out["hidden cells"] += len(text)
                else:
                    shown[cell.column] = text
            yield number, shown

    def _row(
        self,
        sheet: str,
        number: int,
        cells: dict[int, str],
        headings: dict[int, str],
        facts: SheetFacts,
        carried: dict[int, tuple[int, str]],
    ) -> None:
        for column, (until, text) in list(carried.items()):  # a merged cell stands in each row that it covers
            if number > until:
                del carried[column]
            else:
                cells.setdefault(column, text)
        for column, text in cells.items():
            until, right = facts.merged.get((number, column), (number, column))
            if until > number:
                carried[column] = (until, text)
            if right > column and len(cells) == 1 and len(headings) > 1:  # a title over the rows that follow
                opening = Opening(ProvisionKind.HEADING, "", _GROUP)
                self.blocks.append((Block(text, opens=(opening,), heads=True), ""))
                return
        ordered = sorted(cells.items())
        pairs = [f"{headings[at]}: {text}" if headings.get(at) else text for at, text in ordered]
        text = ("; " if headings else " | ").join(pairs)
        code = ordered[0][1] if _CODE.fullmatch(ordered[0][1]) else ""
        opening = Opening(ProvisionKind.TABLE, str(number), _ROW, label=f"{sheet} row {number}")
        self.blocks.append((Block(text, row=True, opens=(opening,)), code))

    def labelled(self) -> tuple[Block, ...]:
        """Return the blocks; a row whose first cell is a code that no other row has is cited by it."""
        counts = Counter(code for _, code in self.blocks if code)
        made = []
        for block, code in self.blocks:
            if counts[code] == 1:
                opening = Opening(ProvisionKind.TABLE, code, _ROW, label=code)
                block = Block(block.text, row=True, opens=(opening,))
            made.append(block)
        return tuple(made)

    def _report(self, title: str, facts: SheetFacts) -> None:
        sheet = f"sheet {title!r}"
        if facts.pending:
            self._reports.append(
                f"{sheet}: {facts.pending} formula(s) without a stored result; open it in Excel and save it"
            )
        if facts.errors:
            self._reports.append(f"{sheet}: {facts.errors} cell(s) hold an error such as #REF!")
        if facts.hidden_rows or facts.hidden_columns:
            why = " (a filter is on)" if facts.filtered and facts.hidden_rows else ""
            self._reports.append(
                f"{sheet}: {len(facts.hidden_rows)} hidden row(s) and {len(facts.hidden_columns)} hidden column(s) "
                f"not read{why}"
            )

    def warnings(self) -> Iterator[str]:
        """Yield what a steward should know."""
        if self.hidden:
            yield f"hidden sheet(s) not read: {', '.join(self.hidden)}"
        yield from self._reports
        if self.left_out["drawings"]:
            yield f"text boxes and shapes not read: {self.left_out['drawings']} characters"


def _head_rows(rows: Sequence[Row], facts: SheetFacts) -> tuple[int, int]:
    """Return from where to where the rows of column headings go; an empty range if there are none.

    They begin with the first row that fills most columns with short, different texts; what stands above is a title.
    """
    near = rows[:_LOOK_AHEAD]
    width = max(len(cells) for _, cells in near)
    if width < 2 or len(rows) < 2:
        return 0, 0
    for at, (number, cells) in enumerate(near):
        texts = list(cells.values())
        wide = _columns_under(number, cells, facts)
        if len(wide) < max(2, 0.6 * width) or len(cells) < 2:
            continue
        if len(set(texts)) < len(texts) or not all(map(_is_heading, texts)):
            return at, at
        last = at + 1
        while last < len(rows) - 1 and _goes_on(number, cells, rows[last], facts):
            number, cells = rows[last]
            last += 1
        return at, last
    return 0, 0


def _columns_under(number: int, cells: dict[int, str], facts: SheetFacts) -> set[int]:
    """Return the columns that a row's cells cover, merged ones with all of theirs."""
    return {
        column
        for first in cells
        for column in range(first, min(facts.merged.get((number, first), (0, first))[1], first + 200) + 1)
    }


def _is_heading(text: str) -> bool:
    return len(text) <= _MOST_HEADING and not re.fullmatch(r"[\d\s.,:%€$£/-]+", text)


def _goes_on(number: int, cells: dict[int, str], below: Row, facts: SheetFacts) -> bool:
    """Tell whether the row below still belongs to the headings: cells merged over columns are divided there."""
    wide = [(at, facts.merged.get((number, at), (number, at))[1]) for at in cells]
    divided = {column for at, right in wide if right > at for column in range(at, min(right, at + 200) + 1)}
    return len(divided & set(below[1])) > 1 and all(map(_is_heading, below[1].values()))


def _headings(rows: Sequence[Row], facts: SheetFacts) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for number, cells in rows:
        for first, text in cells.items():
            right = min(facts.merged.get((number, first), (0, first))[1], first + 200)
            for column in range(first, right + 1):
                found.setdefault(column, []).append(text)
    return {column: " ".join(dict.fromkeys(texts)) for column, texts in found.items()}
