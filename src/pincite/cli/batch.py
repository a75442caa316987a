"""`pincite batch`: a file of questions, answered row by row and written back filled in or as a report."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from pincite.cli.dates import add_as_of
from pincite.cli.sealing import Needs
from pincite.cli.terminal import unfiltered
from pincite.domain.text import collapse, harmless

if TYPE_CHECKING:
    from types import FrameType

    from pincite.batch.rows import Form, Row
    from pincite.batch.run import Batch
    from pincite.batch.summary import Summary
    from pincite.config import Home

__all__ = ["register"]

_MOST_JOBS = 16

_EPILOG = """\
The output's ending says what is written: the question file's own form filled in, or .jsonl, .csv, .tsv, .md,
.html (a report with links to the quoted words) or .xlsx. Each finished answer is kept at once in OUT.journal; after
Ctrl-C, a crash or a power cut the same command goes on from there.
exit codes: 0 done, 1 error or rows that could not be asked, 2 wrong usage, 3 and 4 see --fail-on, 130 stopped."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``batch``."""
    parser = subparsers.add_parser(
        "batch",
        parents=[common],
        help="answer a file of questions",
        description="Answers every question of an XLSX, CSV, TSV, JSONL, Markdown, DOCX or text file.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("questions", type=Path, metavar="QUESTIONS", help="the file of questions")
    parser.add_argument(
        "-o", "--output", action="append", type=Path, default=[], metavar="OUT",
        help="where answers go; may be given more than once (default: QUESTIONS with .answered before its ending)",
    )  # fmt: skip
    parser.add_argument("--sheet", default="", help="sheet of a workbook (default: the first with questions)")
    parser.add_argument("--column", default="", metavar="HEADING", help="heading of the questions' column")
    parser.add_argument(
        "--table", action="store_true", help="write a table of its own even where OUT has the form of QUESTIONS"
    )
    parser.add_argument("--preview", action="store_true", help="show what would be read, and ask nothing")
    parser.add_argument(
        "--only", choices=("unanswered", "failed"), default="",
        help="ask again what has no answer, or what failed (default: what was never asked)",
    )  # fmt: skip
    parser.add_argument("--refresh", action="store_true", help="ask again what rests on another library or model")
    parser.add_argument("--limit", type=_count, metavar="N", help="ask at most N questions, then write what there is")
    parser.add_argument(
        "--jobs", type=_jobs, default=1, metavar="N",
        help=f"write N answers at a time, at most {_MOST_JOBS} (default: 1); 4 is faster, takes memory",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file that no earlier run wrote")
    parser.add_argument(
        "--fail-on", choices=("not-found", "partial"), default="",
        help="exit with 3 if a row has no answer; with partial, also with 4 if one is answered in part",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the run's summary as one JSON object")
    add_as_of(parser)
    parser.set_defaults(handler=_batch, needs=Needs(folders=_folders))


def _folders(args: argparse.Namespace) -> list[Path]:
    """Return where answers and their journal go: without -o, beside the questions."""
    return [path.absolute().parent for path in args.output or [args.questions]]


def _jobs(text: str) -> int:
    jobs = int(text) if text.isdecimal() else 0
    if not 1 <= jobs <= _MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {_MOST_JOBS}")
    return jobs


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of questions")
    return number


def _batch(args: argparse.Namespace) -> int:
    from pincite.batch.forms import open_form
    from pincite.batch.rows import Choice

    form = open_form(args.questions, Choice(args.sheet, args.column))
    if args.preview:
        _preview(form)
        return 0
    _check_size(form, args.limit)
    for note in form.notes:
        _say(f"Note: {note}.")
    return _answer(args, form)


def _answer(args: argparse.Namespace, form: Form) -> int:
    from pincite.assembly import batch_ground, export_recorder
    from pincite.batch.job import Job, default_output
    from pincite.batch.summary import exit_code
    from pincite.config import Home, Settings

    home = Home.find(args.home)
    outputs = args.output or [default_output(args.questions)]
    model = Settings.load(home).model
    with Job(
        args.questions, form, outputs, batch_ground(home), model=model, as_of=args.as_of, table=args.table,
        overwrite=args.overwrite, exported=export_recorder(home),
    ) as job:  # fmt: skip
        rows = job.batch.pending(only=args.only, refresh=args.refresh, limit=args.limit)
        _tell_before(job.batch, rows)
        if rows:
            _run(home, job.batch, rows, job.summary, args.jobs)
        job.write()
        if args.json:
            print(json.dumps(job.summary.to_json(), ensure_ascii=False, indent=2))
        else:
            _report(job.summary, len(job.batch.pending()))
        return 128 + signal.SIGINT if job.summary.stopped else exit_code(job.summary, args.fail_on)


def _check_size(form: Form, limit: int | None) -> None:
    from pincite.batch.rows import QuestionFileError
    from pincite.batch.run import MOST_ROWS

    if len(form.rows) > MOST_ROWS and limit is None:
        raise QuestionFileError(
            f"{len(form.rows):,} questions; without a limit, at most {MOST_ROWS:,} are taken",
            hint="Divide the file, or ask the first ones: --limit N. The same command later goes on with the next.",
        )


def _preview(form: Form) -> None:
    print(f"{form.kind}, {len(form.rows):,} questions")
    for what, where in form.mapping:
        print(f"  {what}: {where}")
    for note in form.notes:
        print(f"  Note: {note}.")
    for row in form.rows[:5]:
        print(f"  {row.id}: {_short(row.asked)}" + (f"  ({row.problem})" if row.problem else ""))
    if len(form.rows) > 5:
        print(f"  … and {len(form.rows) - 5:,} more")


def _short(text: str) -> str:
    return text if len(text) <= 90 else text[:89] + "…"


def _say(text: str) -> None:
    from pincite.domain.text import printable

    print(printable(text), file=sys.stderr)


def _tell_before(batch: Batch, rows: list[Row]) -> None:
    results = batch.results().values()
    finished = sum(result.answer is not None for result in results)
    if finished:
        _say(f"{finished:,} of {len(batch.rows):,} rows are in the journal; {len(rows):,} questions to ask.")
    changed = sorted({result.changed for result in results if result.changed})
    if changed:
        _say(f"Some answers are older than the present {' and '.join(changed)}; --refresh asks these again.")


def _run(home: Home, batch: Batch, rows: list[Row], summary: Summary, jobs: int) -> None:
    from pincite.assembly import open_assistant
    from pincite.batch.run import Done

    with _stoppable() as stop, _Meter(len(rows)) as meter:
        meter.say("Loading model")
        assistant = open_assistant(home, wait=False, face="batch", sequences=jobs)
        began = time.monotonic()
        try:
            for step in batch.run(assistant, rows, stop, jobs=jobs):
                if isinstance(step, Done):
                    summary.asked += 1
                    meter.done(step.result.status)
        finally:
            summary.seconds = time.monotonic() - began
            assistant.close()
        summary.stopped = stop.is_set() and summary.asked < len(rows)


@contextmanager
def _stoppable() -> Iterator[Flag]:
    """Let Ctrl-C and SIGTERM end the run after what is finished has been saved; a second Ctrl-C ends it at once."""
    stop = Flag()

    def interrupted(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(summary: Summary, left: int) -> None:
    if summary.stopped:
        _say(f"Stopped. {left:,} questions are left; the same command goes on.")
    print(f"{summary.questions:,} questions: {summary.counts_in_words()}. {summary.needs_review:,} need review.")
    if summary.asked:
        print(f"{summary.asked:,} asked in {summary.seconds:.0f} s, {summary.per_hour:,.0f} an hour.")
    for output in summary.outputs:
        print(f"Written: {output}")


class _Meter:
    """Progress on stderr: a bar with time left, answers a minute and counts; lines now and then without a terminal."""

    def __init__(self, total: int) -> None:
        from collections import Counter

        self._total = total
        self._counts: Counter[str] = Counter()
        self._began = self._told = time.monotonic()
        self._bar = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(),
                TextColumn("{task.description}", markup=False),
            )  # fmt: skip
            self._bar = Progress(*columns, console=Console(file=unfiltered(sys.stderr)))
            self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> _Meter:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, words: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=collapse(harmless(words)))
        else:
            _say(f"{words} …")

    def done(self, status: str) -> None:
        from pincite.batch.result import STATUS_WORDS

        self._counts[status] += 1
        finished, now = self._counts.total(), time.monotonic()
        minutes = (now - self._began) / 60
        words = ", ".join(f"{self._counts[s]} {w.lower()}" for s, w in STATUS_WORDS.items() if self._counts[s])
        rate = f"{finished / minutes:.1f} a minute" if minutes else ""
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=f"{rate} · {words}")
        elif finished == self._total or finished == 1 or now - self._told > 15:
            self._told = now
            left = (now - self._began) / finished * (self._total - finished)
            _say(f"{finished:,} of {self._total:,} · {rate} · {left / 60:.0f} min left · {words}")
