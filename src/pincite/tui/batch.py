"""The batch screen: choose a file, see what was read from it, run it, read and review rows, export."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import DataTable, Input, OptionList, Static
from textual.widgets.option_list import Option

from pincite import seal
from pincite.batch.forms import ENDINGS, open_form
from pincite.batch.ground import Ground
from pincite.batch.job import Job, default_output
from pincite.batch.result import Result, Review
from pincite.batch.rows import Choice, Row
from pincite.domain.assistant import Assistant, StatusLine
from pincite.errors import PinciteError
from pincite.tui.bars import Header, Metrics, StatusBar
from pincite.tui.batch_screens import PromptScreen, RowScreen
from pincite.tui.batch_work import JobFailed, JobOpened, RowAsking, RowDone, RunEnded, run_rows
from pincite.tui.render import bold, dim, line, plain
from pincite.tui.work import Unexpected

__all__ = ["BatchScreen"]

_WORDS = {
    "answered": "answered",
    "partial": "in part",
    "not_found": "not found",
    "refused": "refused",
    "failed": "FAILED",
    "kept": "filled in",
    "not_asked": "",
}
_COLUMNS = (
    ("id", "Id", 7),
    ("question", "Question", 20),
    ("status", "Status", 11),
    ("sure", "Conf.", 6),
    ("look", "Review", 8),
)
_MOST_OFFERED = 40
_ROOMY = 100  # columns from which the counts have room in the status line


class BatchScreen(Screen[None]):
    """One question file at a time.

    Args:
        assistant: what is asked; `status` what it says is loaded.
        turn: held by whoever asks the assistant.
        ground: gives what answers rest on now.
        model: name of the language model.
        as_of: the day whose texts answer, None for today's.
        folders: where question files are offered from.
        otherwise: where answers go if the seal keeps this process from writing beside the questions.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, priority=True),
        Binding("r", "run", "Run", show=False),
        Binding("a", "again", "Ask again", show=False),
        Binding("m", "review", "Mark reviewed", show=False),
        Binding("e,ctrl+s", "export", "Export", show=False),
    ]
    AUTO_FOCUS = "#batch-file"

    def __init__(
        self,
        assistant: Assistant,
        status: StatusLine,
        turn: Lock,
        ground: Callable[[], Ground],
        *,
        model: str,
        as_of: date | None = None,
        folders: Sequence[Path] = (),
        otherwise: Path | None = None,
    ) -> None:
        super().__init__()
        self._assistant, self._status, self._turn = assistant, status, turn
        self._ground, self._model, self._as_of, self._folders = ground, model, as_of, folders
        self._otherwise = otherwise
        self.job: Job | None = None
        self._stop: Flag | None = None  # of the run under way
        self._began = 0.0
        self._done = self._wanted = 0
        self._word = "Choose a file of questions"
        self._reviewer = ""
        self._unwritten = False  # a review that no output has yet

    def compose(self) -> ComposeResult:
        """Yield the choice of a file and, in its place later, the table of rows."""
        yield Header(id="header")
        with Vertical(id="batch-choose"):
            yield Static(bold("A file of questions: " + " ".join(ENDINGS)))
            yield Input(placeholder="path of the file; Enter opens it", id="batch-file")
            yield Static(dim("Only where needed: sheet, heading of the questions' column, output"))
            yield Input(placeholder="sheet (the first with questions)", id="batch-sheet", compact=True)
            yield Input(placeholder="heading of the column (found by itself)", id="batch-column", compact=True)
            yield Input(placeholder="output (beside the file, in its form)", id="batch-output", compact=True)
            yield Static(id="batch-problem")
            yield OptionList(id="batch-files", markup=False)
        with Vertical(id="batch-work"):
            yield Static(id="batch-mapping")
            yield DataTable(id="batch-rows", cursor_type="row", zebra_stripes=True)
        yield StatusBar(id="status")

    def on_mount(self) -> None:
        """Offer the question files at hand."""
        files = self.query_one(OptionList)
        offered = [f for folder in self._folders for f in sorted(folder.glob("*")) if f.suffix.lower() in ENDINGS]
        for file in offered[:_MOST_OFFERED]:
            files.add_option(Option(Content(line(f"{file.name}  in {file.parent}")), id=str(file)))
        files.highlighted = 0 if offered else None
        table: DataTable[Text] = self.query_one(DataTable)
        for key, words, width in _COLUMNS:
            table.add_column(words, key=key, width=width)
        self._fit()
        self._show()

    def on_resize(self) -> None:
        """Give the questions what width is left."""
        self._fit()
        self._show()

    def _fit(self) -> None:
        table: DataTable[Text] = self.query_one(DataTable)
        others = sum(width for key, _, width in _COLUMNS if key != "question")
        width = max(self.size.width - others - 2 * len(_COLUMNS) - 4, 12)
        for column in table.columns.values():
            if column.key.value == "question":
                column.width = width
        table.refresh(layout=True)

    # ------------------------------------------------------------------ opening

    @on(OptionList.OptionSelected)
    def _offered(self, message: OptionList.OptionSelected) -> None:
        self.query_one("#batch-file", Input).value = message.option_id or ""
        self._open()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._open()

    def _open(self) -> None:
        def value(name: str) -> str:
            return self.query_one(f"#batch-{name}", Input).value.strip()

        if not value("file"):
            self._problem("Name a file first.")
            return
        path = Path(value("file")).expanduser()
        choice, output = Choice(value("sheet"), value("column")), value("output")
        self._problem("")
        self._word = "Reading the file"
        self._show()

        def read() -> None:
            try:
                form = open_form(path, choice)
                outputs = [Path(output).expanduser() if output else self._beside(path)]
                job = Job(path, form, outputs, self._ground(), model=self._model, as_of=self._as_of)
            except Exception as error:
                self.post_message(JobFailed(error))
            else:
                self.post_message(JobOpened(job))

        self.run_worker(read, thread=True, exit_on_error=False, group="batch")

    def _beside(self, questions: Path) -> Path:
        output = default_output(questions)
        if self._otherwise is None or seal.state().may_write(output):
            return output
        return self._otherwise / output.name

    @on(JobFailed)
    def _failed(self, message: JobFailed) -> None:
        self._word = "Choose a file of questions"
        error = message.error
        if isinstance(error, PinciteError):
            self._problem(f"{error.title}: {error.message}" + (f"\n{error.hint}" if error.hint else ""))
        else:
            self.post_message(Unexpected(error))
        self._show()

    def _problem(self, words: str) -> None:
        self.query_one("#batch-problem", Static).update(plain(words))

    @on(JobOpened)
    def _opened(self, message: JobOpened) -> None:
        self.job = job = message.job
        self.add_class("-working")
        mapping = [f"{what}: {where}" for what, where in job.form.mapping]
        lines = [f"{job.form.kind} · {len(job.form.rows):,} questions · {' · '.join(mapping)}"]
        lines += [f"Output: {job.outputs[0]}", *(f"Note: {note}" for note in job.form.notes[:3])]
        self.query_one("#batch-mapping", Static).update(plain("\n".join(lines)))
        table: DataTable[Text] = self.query_one(DataTable)
        table.clear()
        for row in job.form.rows:
            cells = self._cells(row, job.batch.result(row))
            table.add_row(*cells, key=str(row.number))
        table.focus()
        left = len(job.batch.pending())
        self._word = f"{left:,} questions to ask" if left else "All rows are finished"
        self._show()

    def _cells(self, row: Row, result: Result, word: str = "") -> list[Text]:
        look = "by " + result.review.by if result.review else "look" if result.needs_review else ""
        sure = result.confidence if result.answer is not None else ""
        words = (row.id, row.asked, word or _WORDS[result.status], sure, look)
        return [Text(line(each)) for each in words]

    def _update(self, row: Row, result: Result, word: str = "") -> None:
        table: DataTable[Text] = self.query_one(DataTable)
        for (key, _, _), cell in zip(_COLUMNS, self._cells(row, result, word), strict=True):
            table.update_cell(str(row.number), key, cell)

    # ------------------------------------------------------------------ running

    def action_run(self) -> None:
        """Ask every row that is not finished."""
        if self.job is not None and self._stop is None:
            self._ask(self.job, self.job.batch.pending())

    def action_again(self) -> None:
        """Ask the row at the cursor again."""
        row = self._row_at_cursor()
        if self.job is not None and row is not None and self._stop is None:
            if row.problem or row.kept:
                self._tell("this row is not asked: " + (row.problem or "it had been filled in before"))
                return
            self._ask(self.job, [self.job.batch.leader(row)])

    def _ask(self, job: Job, rows: list[Row]) -> None:
        if not rows:
            self._tell("every row is finished; A asks one again")
            return
        self._stop, self._began, self._done, self._wanted = Flag(), time.monotonic(), 0, len(rows)
        work = partial(run_rows, job, self._assistant, self._turn, rows, self._stop, self.post_message)
        self.run_worker(work, thread=True, exit_on_error=False, group="batch")
        self._show()

    @on(RowAsking)
    def _asking(self, message: RowAsking) -> None:
        if self.job is not None:
            self._update(message.row, self.job.batch.result(message.row), message.word)

    @on(RowDone)
    def _row_done(self, message: RowDone) -> None:
        self._done += 1
        if self.job is not None:
            for row in self._sharing(message.row):
                self._update(row, self.job.batch.result(row))
        self._show()

    def _sharing(self, row: Row) -> list[Row]:
        """Return the row and those that ask the same."""
        batch = self.job.batch if self.job else None
        return [other for other in batch.rows if batch.leader(other) is batch.leader(row)] if batch else []

    @on(RunEnded)
    def _ended(self, message: RunEnded) -> None:
        stopped = self._stop is not None and self._stop.is_set()
        self._stop = None
        job, error = self.job, message.error
        if job is not None:
            left = len(job.batch.pending())
            self._word = f"Stopped, {left:,} left" if stopped and left else "Done" if not left else f"{left:,} left"
            if self.size.width >= _ROOMY:
                self._word += f" · {job.summary.counts_in_words()}"
            for row in job.form.rows if stopped else ():
                self._update(row, job.batch.result(row))
            if error is None:
                self._tell(f"written to {job.outputs[0]}")
        if isinstance(error, PinciteError):
            self._tell(f"{error.title}: {error.message}. {error.hint}")
        elif error is not None:
            self.post_message(Unexpected(error))
        self._show()

    # ------------------------------------------------------------------ reading

    def _row_at_cursor(self) -> Row | None:
        table: DataTable[Text] = self.query_one(DataTable)
        rows = self.job.form.rows if self.job else ()
        return rows[table.cursor_row] if 0 <= table.cursor_row < len(rows) else None

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        row, job = self._row_at_cursor(), self.job
        if row is None or job is None:
            return
        place = f"{job.questions.name}, {row.where}"
        wide = lambda: self.app.size.width >= _ROOMY  # noqa: E731
        screen = RowScreen(row, job.batch.result(row), self._assistant, self._status, place, wide)
        self.app.push_screen(screen, self._row_left)

    def _row_left(self, choice: str | None) -> None:
        table: DataTable[Text] = self.query_one(DataTable)
        if choice in ("next", "previous"):
            table.move_cursor(row=table.cursor_row + (1 if choice == "next" else -1))
            self._selected()
        elif choice == "again":
            self.action_again()
        elif choice == "review":
            self.action_review()

    def action_review(self) -> None:
        """Mark the row at the cursor as reviewed, by name; an empty name takes the mark away."""
        row, job = self._row_at_cursor(), self.job
        if row is None or job is None or job.batch.result(row).answer is None:
            self._tell("only an answer can be reviewed")
            return
        words = f"Who has read the answer to {line(row.id)} and its sources? An empty name takes the mark away."
        review = job.batch.result(row).review
        prompt = PromptScreen("Mark as reviewed", words, review.by if review else self._reviewer)
        self.app.push_screen(prompt, partial(self._reviewed, row))

    def _reviewed(self, row: Row, name: str | None) -> None:
        if name is None or self.job is None:
            return
        self._reviewer = line(name) or self._reviewer
        review = Review(line(name), f"{datetime.now():%Y-%m-%d %H:%M}") if name else None
        try:
            self.job.batch.review(row, review)
        except PinciteError as error:
            self._tell(f"{error.title}: {error.message}")
            return
        self._unwritten = True
        for other in self._sharing(row):
            self._update(other, self.job.batch.result(other))

    def action_export(self) -> None:
        """Write the output, and a file whose ending says what it is to be."""
        if self.job is None or self._stop is not None:
            return
        words = (
            "The ending says what is written: .html a report, .xlsx .csv .md .jsonl a table, or the file's own form."
        )
        report = self.job.outputs[0].with_suffix(".html")
        self.app.push_screen(PromptScreen("Export", words, str(report)), self._export)

    def _export(self, name: str | None) -> None:
        if not name or self.job is None:
            return
        try:
            self.job.write(Path(name).expanduser())
        except PinciteError as error:
            self._tell(f"{error.title}: {error.message}. {error.hint}")
        else:
            self._unwritten = False
            self._tell(f"written to {name}")

    # ------------------------------------------------------------------- leaving

    def action_back(self) -> None:
        """Stop a run; without one, close the file; without a file, leave for the conversation."""
        if self._stop is not None:
            self._stop.set()
            self._word = "Stopping"
            self._show()
        elif self.job is not None:
            self._close()
            self._word = "Choose a file of questions"
            self.remove_class("-working")
            self.query_one("#batch-file", Input).focus()
            self._show()
        else:
            self.dismiss()

    def _close(self) -> None:
        job, self.job = self.job, None
        if job is None:
            return
        try:
            if self._unwritten:
                job.write()
        except PinciteError as error:
            self._tell(f"{error.title}: {error.message}")
        finally:
            self._unwritten = False
            job.close()

    def halt(self) -> None:
        """Stop because the program ends; what is finished is in the journal."""
        if self._stop is not None:
            self._stop.set()

    def on_unmount(self) -> None:
        """Let go of the journal; a run that is still stopping has what it finished in it."""
        if self._stop is None:
            self._close()
        else:
            self.halt()

    # ------------------------------------------------------------------- status

    def _tell(self, notice: str) -> None:
        self.query_one(StatusBar).notify_of(notice)

    def _show(self) -> None:
        title = self.job.questions.name if self.job else "Question files"
        self.query_one(Header).show(title, self._status, self._as_of)
        self.query_one(StatusBar).show(self._state(), Metrics(), None, self._hints())

    def _state(self) -> str:
        if self._stop is None or self._stop.is_set():
            return self._word
        words = f"{self._done:,} of {self._wanted:,}"
        spent = time.monotonic() - self._began
        if self._done and spent > 0:
            left = spent / self._done * (self._wanted - self._done)
            words += f" · {60 * self._done / spent:.1f} a minute · {_span(left)} left"
        return words

    def _hints(self) -> str:
        if self._stop is not None:
            return "Enter Read  Esc Stop"
        if self.job is None:
            return "Enter Open  Tab Next  Esc Back"
        run = "R Run  " if self.job.batch.pending(limit=1) else ""
        return f"{run}Enter Read  A Again  M Mark  E Export  Esc"


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"
