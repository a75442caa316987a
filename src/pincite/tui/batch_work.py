"""What the batch screen runs in worker threads, and the messages by which it reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event as Flag
from threading import Lock

from textual.message import Message

from pincite.batch.job import Job
from pincite.batch.result import Result
from pincite.batch.rows import Row
from pincite.batch.run import Asking, Done, Heard
from pincite.domain.assistant import Assistant
from pincite.domain.events import Checking, Reading, Token

__all__ = ["JobFailed", "JobOpened", "RowAsking", "RowDone", "RunEnded", "run_rows"]

_INTERVAL = 0.25


class JobOpened(Message):
    """The question file has been read and its journal opened."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class JobFailed(Message):
    """The question file cannot be used, or the run broke."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class RowAsking(Message):
    """A row is being asked; `word` says how far it is."""

    def __init__(self, row: Row, word: str) -> None:
        super().__init__()
        self.row = row
        self.word = word


class RowDone(Message):
    """A row is finished."""

    def __init__(self, row: Row, result: Result) -> None:
        super().__init__()
        self.row = row
        self.result = result


class RunEnded(Message):
    """All rows are finished, or the run was stopped, or `error` ended it; outputs have been written."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error


def run_rows(
    job: Job, assistant: Assistant, turn: Lock, rows: Sequence[Row], stop: Flag, post: Callable[[Message], object]
) -> None:
    """Ask rows one after the other, then write the outputs; waits for `turn`: one question is asked at a time."""
    error: Exception | None = None
    began = told = time.monotonic()
    try:
        with turn:
            for step in job.batch.run(assistant, rows, stop):
                if isinstance(step, Done):
                    job.summary.asked += 1
                    post(RowDone(step.row, step.result))
                elif isinstance(step, Asking):
                    post(RowAsking(step.row, "Searching"))
                elif time.monotonic() - told > _INTERVAL and (word := _word(step)):
                    told = time.monotonic()
                    post(RowAsking(step.row, word))
    except Exception as failure:
        error = failure
    job.summary.seconds += time.monotonic() - began
    try:
        job.write()
    except Exception as failure:
        error = error or failure
    post(RunEnded(error))


def _word(step: Heard) -> str:
    match step.event:
        case Reading(done=done, total=total) if total:
            return f"Reading {100 * done // total}%"
        case Token():
            return "Writing"
        case Checking():
            return "Checking quotes"
    return ""
