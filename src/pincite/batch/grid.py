"""Tables of cells, whatever file they come from: the row of headings, the columns by role, the questions below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pincite.batch.rows import Choice, QuestionFileError, Row, make_row
from pincite.domain.text import collapse, normalise

__all__ = ["ANSWER", "COLUMNS", "Cells", "Grid", "find_grid", "heading", "no_question_column"]

Cells = Mapping[int, str]
"""Words of one row by column number, empty cells left out."""

ANSWER = "Answer"
_LABEL = "Answer label"  # earlier outputs have no such column
COLUMNS = (
    ANSWER, "Status", "Reason", "Citations", "Quotes", "Confidence", "Needs review", "Same as", "Reviewed by",
    _LABEL,
)  # fmt: skip
"""What is written beside each question."""

_LOOK_AHEAD = 60  # rows among which the headings are looked for; letters and logos may stand above them
_MOST_HEADING = 80
_ROLES = {
    "question": (
        "question", "questions", "query", "question text", "control question", "requirement", "request",
        "due diligence question", "questionnaire item", "information requested", "inquiry",
    ),
    "id": (
        "id", "no", "nr", "#", "ref", "reference", "number", "question id", "question no", "question number", "item",
        "item no", "q", "q no", "row id",
    ),
    "documents": ("documents", "document", "search only", "search in"),
    "label": ("label", "classification"),
    "as_of": ("as of", "as-of", "as_of", "as of date", "as-of date"),
    "answer": ("answer", "answers", "response", "reply", "your answer", "vendor response"),
}  # fmt: skip


def heading(text: str) -> str:
    """Return a heading as it is compared: case, stars, stops and colons do not count."""
    return collapse(normalise(text)).casefold().strip(" *.:?")


@dataclass(slots=True)
class Grid:
    """A table with its headings found.

    Attributes:
        top: number of the row of headings, counted as `rows` of `find_grid`.
        headings: words of the headings by column.
        roles: column by role (``question``, ``id``, ``documents``, ``label``, ``as_of``, ``answer``).
        lines: row number in the table of each question, in order.
        rows: the questions.
        notes: rows left out and the like.
    """

    top: int
    headings: dict[int, str]
    roles: dict[str, int]
    lines: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def mapping(self, name_of: Mapping[int, str] | None = None) -> list[tuple[str, str]]:
        """Return what was taken from which column; `name_of` gives columns names such as ``B``."""
        found = []
        for role, column in self.roles.items():
            where = f" (column {name_of[column]})" if name_of and column in name_of else ""
            found.append((role.replace("_", "-").capitalize(), f"“{collapse(self.headings[column])}”{where}"))
        return found

    def places(self, table: Sequence[Cells], last: int) -> dict[str, tuple[int, str]]:
        """Return column and heading for each of `COLUMNS`.

        A column of the form's own is used only if it is blank in every question's row, or if all of them are there,
        because the file is an earlier output; only the answer's may be filled in part. Others go behind `last`.
        """
        own = {heading(words): column for column, words in reversed(self.headings.items())}
        needed = (name for name in COLUMNS if name not in (ANSWER, _LABEL))
        earlier = "answer" in self.roles and all(heading(name) in own for name in needed)
        places: dict[str, tuple[int, str]] = {}
        for name in COLUMNS:
            column = self.roles.get("answer") if name == ANSWER else own.get(heading(name))
            blank = column is not None and not any(table[line].get(column, "").strip() for line in self.lines)
            if column is not None and (blank or earlier or name == ANSWER):
                places[name] = column, self.headings[column]
                continue
            last += 1
            places[name] = last, name if heading(name) not in own else f"{name} (Pincite)"
        return places


def find_grid(table: Sequence[Cells], choice: Choice, what: str, *, skip: Iterable[int] = ()) -> Grid | None:
    """Find headings and questions in a table; None if no column of it is headed as a question.

    Args:
        table: its rows, from the top.
        choice: the heading of the questions' column, if the user names it.
        what: what the table is, for messages ("sheet “Vendor”").
        skip: indices of rows that are no questions, such as headings over several columns.
    """
    found = _find_headings(table, choice)
    if found is None:
        return None
    top, question = found
    headings = {column: words for column, words in table[top].items() if words.strip()}
    grid = Grid(top, headings, {"question": question})
    for role, names in _ROLES.items():
        columns = [c for c, words in headings.items() if heading(words) in names and c not in grid.roles.values()]
        if role != "question" and columns:
            grid.roles[role] = columns[0]
    _read_rows(grid, table, what, frozenset(skip))
    return grid


def _find_headings(table: Sequence[Cells], choice: Choice) -> tuple[int, int] | None:
    names = (heading(choice.column),) if choice.column else _ROLES["question"]
    near: tuple[int, int] | None = None
    for index, cells in enumerate(table[:_LOOK_AHEAD]):
        for column, words in cells.items():
            compared = heading(words) if len(words) <= _MOST_HEADING else ""
            if compared in names:
                return index, column
            # "Question (answer all)" heads a column; "Questions about this form go to …" is a sentence
            loose = compared.startswith("question") and len(compared.split()) <= 5 and not words.rstrip().endswith("?")
            if near is None and loose and not choice.column and len(cells) > 1:
                near = index, column
    return near


def _read_rows(grid: Grid, table: Sequence[Cells], what: str, skip: frozenset[int]) -> None:
    question = grid.roles["question"]
    without: list[int] = []
    headed = heading(grid.headings[question])
    for index in range(grid.top + 1, len(table)):
        cells = table[index]
        words = cells.get(question, "")
        if index in skip or heading(words) == headed:  # headings repeated on a new page
            continue
        if not words.strip():
            if any(text.strip() for text in cells.values()):
                without.append(index + 1)
            continue
        given = {role: cells.get(column, "") for role, column in grid.roles.items() if role != "question"}
        grid.rows.append(make_row(len(grid.rows) + 1, f"row {index + 1} of {what}", words, given))
        grid.lines.append(index)
    if without:
        shown = ", ".join(map(str, without[:6])) + (", …" if len(without) > 6 else "")
        grid.notes.append(f"{what}: no question in row {shown}; left as it is")


def no_question_column(table: Sequence[Cells], choice: Choice, what: str) -> QuestionFileError:
    """Return the error for a table without a column of questions, with the headings that it has."""
    fullest = max(table[:_LOOK_AHEAD], key=len, default={})
    seen = ", ".join(f"“{collapse(words)[:40]}”" for words in list(fullest.values())[:12])
    wanted = f"“{choice.column}”" if choice.column else "“Question”"
    return QuestionFileError(
        f"{what}: no column is headed {wanted}" + (f"; its fullest row has {seen}" if seen else "; it is empty"),
        hint="Name the heading of the questions' column: --column HEADING.",
    )
