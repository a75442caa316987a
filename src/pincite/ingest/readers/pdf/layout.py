"""Reading order of a PDF page: columns one after the other, tables row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from pincite.ingest.readers.pdf.grid import Grid, cells_of, find_grids
from pincite.ingest.readers.pdf.gutters import find_bands
from pincite.ingest.readers.pdf.rows import Row, joined, make_rows
from pincite.ingest.readers.pdf.words import Rule, Word

__all__ = ["Line", "TableRow", "lay_out"]

_DEEPEST = 3  # columns within columns


@dataclass(slots=True, eq=False)
class Line:
    """A line of running text; `left` and `right` bound its column, `gap` is the way down from the line before.

    `gap` is 0 for the first line of a column.
    """

    words: list[Word]
    y: float
    size: float
    left: float
    right: float
    gap: float = 0.0
    page: int = 0

    @property
    def x0(self) -> float:
        """Left end."""
        return self.words[0].x0

    @property
    def x1(self) -> float:
        """Right end."""
        return self.words[-1].x1

    @property
    def text(self) -> str:
        """Its words, joined."""
        return joined(self.words)

    @property
    def bold(self) -> bool:
        """Tell whether nearly all of it is set bold."""
        bold = sum(len(word.text) for word in self.words if word.bold)
        return bold >= 0.85 * sum(len(word.text) for word in self.words)


@dataclass(slots=True, eq=False)
class TableRow:
    """Cells of a table's row, each as its lines; `new` where a table begins."""

    cells: list[list[Line]]
    new: bool = False
    page: int = 0
    edges: tuple[int, ...] = field(default=())


def lay_out(
    words: Sequence[Word], rules: Sequence[Rule], frame: tuple[float, float], depth: int = 0
) -> list[Line | TableRow]:
    """Return lines and table rows in reading order; `frame` is where the text's lines begin and end."""
    rows = make_rows(words)
    if not rows:
        return []
    result: list[Line | TableRow] = []
    at = 0
    for grid in find_grids(rules) if not depth else []:
        inside = [
            index
            for index in range(at, len(rows))
            if grid.top - 1 < rows[index].y - 0.3 * rows[index].size < grid.bottom + 1
            and rows[index].x0 >= grid.xs[0] - 3
            and rows[index].x1 <= grid.xs[-1] + 3
        ]
        if not inside or inside != list(range(inside[0], inside[-1] + 1)):
            continue  # something stands beside it: a table in a column of text, which is laid out first
        result += _flow(rows[at : inside[0]], rules, frame, depth)
        result += _ruled(grid, rows[inside[0] : inside[-1] + 1])
        at = inside[-1] + 1
    result += _flow(rows[at:], rules, frame, depth)
    _measure(result)
    return result


def _flow(rows: list[Row], rules: Sequence[Rule], frame: tuple[float, float], depth: int) -> list[Line | TableRow]:
    result: list[Line | TableRow] = []
    at = 0
    bands = find_bands(rows, rules, partial(_is_table, rules=rules)) if depth < _DEEPEST else []
    for band in bands:
        result += [_line(row.words, frame) for row in rows[at : band.first]]
        inside = rows[band.first : band.last + 1]
        near = _rules_of(inside, rules)
        result += _table(inside, band.edges, near) if band.table else _columns(inside, band.edges, near, depth)
        at = band.last + 1
    result += [_line(row.words, frame) for row in rows[at:]]
    return result


def _ruled(grid: Grid, rows: list[Row]) -> list[TableRow]:
    marks = tuple(round(edge) for edge in grid.edges)
    return [
        TableRow([_cell_lines(words) for words in cells], not at, edges=marks)
        for at, cells in enumerate(cells_of(grid, rows))
    ]


def _line(words: list[Word], frame: tuple[float, float]) -> Line:
    size = max(words, key=lambda word: len(word.text)).size
    base = max(words, key=lambda word: word.size)
    return Line(words, base.y, size, *frame)


def _measure(lines: list[Line | TableRow]) -> None:
    before: Line | None = None
    for line in lines:
        if isinstance(line, Line):
            if before is not None and not line.gap:
                line.gap = line.y - before.y if line.left == before.left else 0.0
            before = line
        else:
            before = None


# -- bands: columns or a table -------------------------------------------------------------------------------


def _columns(rows: list[Row], edges: list[float], rules: Sequence[Rule], depth: int) -> list[Line | TableRow]:
    result: list[Line | TableRow] = []
    for column in _divide(rows, edges, rules):
        if column:
            frame = min(word.x0 for word in column), max(word.x1 for word in column)
            result += lay_out(column, rules, frame, depth + 1)
    return result


def _rules_of(rows: Sequence[Row], rules: Sequence[Rule]) -> list[Rule]:
    top, bottom = rows[0].y - 1.5 * rows[0].size, rows[-1].y + rows[-1].size
    return [rule for rule in rules if rule.y1 >= top and rule.y0 <= bottom]


def _divide(rows: Sequence[Row], edges: Sequence[float], rules: Sequence[Rule] = ()) -> list[list[Word]]:
    """Give each word to its column; words that run across an edge stay together where they begin."""
    columns: list[list[Word]] = [[] for _ in range(len(edges) + 1)]
    for row in rows:
        ruled = [r.x0 for r in rules if not r.level and r.y0 - 1 <= row.y - 0.3 * row.size <= r.y1 + 1]
        run: list[Word] = []
        for word in row.words:
            apart = (
                not run
                or word.x0 - run[-1].x1 >= 0.4 * row.size
                or any(run[-1].x1 - 2 <= x <= word.x0 + 2 for x in ruled)
            )
            if apart:
                run = []
            run.append(word)
            columns[_column(run[0], edges)].append(word)
    return columns


def _column(word: Word, edges: Sequence[float]) -> int:
    middle = (word.x0 + word.x1) / 2
    return sum(middle > edge for edge in edges)


def _is_table(rows: Sequence[Row], edges: list[float], rules: Sequence[Rule]) -> bool:
    """Tell a table from columns of text: rules run across, or the file goes back to the first column for each row."""
    words = [word for row in rows for word in row.words]
    top, bottom = rows[0].y, rows[-1].y
    for rule in rules:
        if rule.level and any(rule.x0 < edge < rule.x1 for edge in edges) and top < rule.y0 < bottom - 1:
            return True
    back = 0
    before: Word | None = None
    for word in sorted(words, key=lambda word: word.order):
        if len(word.text) < 3 and not word.text.isdigit():
            continue  # a stray comma written later, a bullet
        if before is not None and _column(word, edges) < _column(before, edges) and word.y > before.y - 1:
            back += 1
        before = word
    if back < max(1, 0.05 * len(rows)):
        return False
    # written line by line across the columns, as text recognition may do: full lines that run on
    across = sum(len(row.words) for row in rows) / max(1, len(rows)) / (len(edges) + 1)
    prose = len(rows) >= 10 and across >= 4.5 and _run_on(rows, edges) > 0.5
    return not prose


def _run_on(rows: Sequence[Row], edges: list[float]) -> float:
    """Return the share of lines in the first column that the line below goes on in lower case."""
    firsts = [[word for word in row.words if _column(word, edges) == 0] for row in rows]
    filled = [words for words in firsts if words]
    runs = sum(following[0].text[:1].islower() for following in filled[1:])
    return runs / max(1, len(filled) - 1)


# -- tables --------------------------------------------------------------------------------------------------


def _table(rows: list[Row], edges: list[float], rules: Sequence[Rule]) -> list[TableRow]:
    """Return the rows of a table; a cell that spans several rows of its neighbours gets one of its own before them."""
    level = [rule for rule in rules if rule.level]
    marks = tuple(round(edge) for edge in edges)
    if _one_row_per_line(rows, edges, level):
        cells = [[[line] for line in _cell_lines(words)] for words in _divide(rows, edges, rules)]
        starts = [row.y - row.size for row in rows if _column(row.words[0], edges) == 0] or [rows[0].y]
        made = _assemble(cells, starts)
    else:
        bounds = [0.0, *edges, 1e6]
        made = []
        for part in _parts(rows, level):
            cells = [
                _cells(_cell_lines(words), [r for r in level if min(r.x1, bounds[at + 1]) - max(r.x0, bounds[at]) > 6])
                for at, words in enumerate(_divide(part, edges, rules))
            ]
            if max(map(len, cells)) <= 1:  # whatever the height at which the cells begin: they may be centred
                made.append([cell[0] if cell else [] for cell in cells])
            else:
                made += _assemble(cells, _starts(cells))
    return [TableRow(row, not at, edges=marks) for at, row in enumerate(made)]


def _parts(rows: list[Row], rules: Sequence[Rule]) -> list[list[Row]]:
    """Divide a table where white space or a rule runs through all columns, wider than between lines of a cell."""
    white: list[float] = []
    bottom = rows[0].y
    for row in rows:
        white.append(min(word.top for word in row.words) - bottom)
        bottom = max(bottom, max(word.y + 0.22 * word.size for word in row.words))
    least = min((space for space in white[1:] if space > 0), default=0.0)
    parts: list[list[Row]] = []
    for at, (row, space) in enumerate(zip(rows, white, strict=True)):
        ruled = at and space > 0 and any(rows[at - 1].y < r.y0 < row.y - 0.5 * row.size for r in rules)
        if not at or ruled or space > max(0.35 * row.size, min(1.5 * least, 0.6 * row.size)):
            parts.append([])
        parts[-1].append(row)
    return parts


def _assemble(cells: list[list[list[Line]]], starts: list[float]) -> list[list[list[Line]]]:
    """Return rows of cells by where the cells begin."""
    result: list[list[list[Line]]] = []
    for start, end in zip(starts, [*starts[1:], 1e9], strict=True):
        inside = [
            [cell for cell in column if (start - 2 <= _top(cell) or start == starts[0]) and _top(cell) < end - 2]
            for column in cells
        ]
        spans = [[line for cell in column if cell[-1].y > end + 2 for line in cell] for column in inside]
        fits = [[line for cell in column if cell[-1].y <= end + 2 for line in cell] for column in inside]
        result += [made for made in (spans, fits) if any(made)]
    return result


def _cell_lines(words: list[Word]) -> list[Line]:
    frame = (min(word.x0 for word in words), max(word.x1 for word in words)) if words else (0.0, 0.0)
    return [_line(row.words, frame) for row in make_rows(words)]


def _top(cell: list[Line]) -> float:
    return cell[0].y - cell[0].size


def _one_row_per_line(rows: list[Row], edges: list[float], rules: Sequence[Rule]) -> bool:
    """Tell a table whose lines each are a row, but for lines that leave the first column empty.

    So it is if nothing rules the rows and lines at the least distance mostly begin anew in every column.
    """
    inner = {round(rule.y0) for rule in rules if rows[0].y < rule.y0 < rows[-1].y - rows[-1].size}
    if len(rows) > 2 and len(inner) >= 0.5 * (len(rows) - 1):
        return False
    gaps = [following.y - row.y for row, following in pairwise(rows)]
    if not gaps:
        return True
    tight = min(gaps)
    close = [row for row, gap in zip(rows[1:], gaps, strict=True) if gap <= 1.22 * tight]
    anew = [
        row
        for row in close
        if len({_column(word, edges) for word in row.words}) == len(edges) + 1 and not row.words[0].text[0].islower()
    ]
    return len(anew) >= 0.5 * len(close)


def _cells(lines: list[Line], rules: Sequence[Rule]) -> list[list[Line]]:
    """Divide a column's lines into cells: at rules, and where the lines stand further apart than within a cell."""
    gaps = [following.y - line.y for line, following in pairwise(lines)]
    tight = min((gap for gap in gaps if gap > 0.8 * lines[0].size), default=0.0)
    cells: list[list[Line]] = []
    for at, line in enumerate(lines):
        before = lines[at - 1] if at else None
        if (
            before is None
            or line.y - before.y > 1.22 * min(tight, 1.5 * line.size)
            or any(before.y - 1 < rule.y0 < line.y - 0.2 * line.size for rule in rules)
        ):
            cells.append([])
        cells[-1].append(line)
    return cells


def _starts(cells: list[list[list[Line]]]) -> list[float]:
    """Return the tops of rows: wherever a cell begins below the beginning of the one before it."""
    starts: list[float] = []
    for top, size in sorted((_top(cell), cell[0].size) for column in cells for cell in column):
        if not starts or top - starts[-1] > 0.6 * size:
            starts.append(top)
    return starts
