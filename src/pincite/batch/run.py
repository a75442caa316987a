"""The run over a form's rows: who is asked, in what order, what is kept, and what each row ends with."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from threading import Event as Flag

from pincite.batch.ground import Ground, UnknownScope
from pincite.batch.journal import Journal, Kept
from pincite.batch.likeness import leaders
from pincite.batch.result import QuotedPassage, Result, Review
from pincite.batch.rows import Row
from pincite.domain.answers import Answer
from pincite.domain.assistant import Assistant
from pincite.domain.documents import Span
from pincite.domain.events import Cancelled, Event, Finished, Refused
from pincite.errors import PinciteError, QuestionError

__all__ = ["MOST_ROWS", "ONLY", "Asking", "Batch", "Done", "Heard", "Step"]

MOST_ROWS = 50_000
"""More questions than this are refused unless a limit is given: at 10 seconds each they take six days."""

ONLY = ("unanswered", "failed")
_MOST_FAILURES = 3  # of the machinery, in succession: then it is not the question's fault


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row under way and what the assistant still has to say of it."""

    row: Row
    events: Generator[Event]


@dataclass(frozen=True, slots=True)
class Asking:
    """A row is being asked."""

    row: Row


@dataclass(frozen=True, slots=True)
class Heard:
    """The assistant has said something about the row being asked."""

    row: Row
    event: Event


@dataclass(frozen=True, slots=True)
class Done:
    """A row is finished and in the journal."""

    row: Row
    result: Result


Step = Asking | Heard | Done


class Batch:
    """A form's rows, and what is known of each.

    Args:
        rows: in their order.
        ground: what answers rest on now.
        journal: where finished answers are kept; the caller closes it.
        as_of: the day for rows that name none.
    """

    def __init__(self, rows: Sequence[Row], ground: Ground, journal: Journal, *, as_of: date | None = None) -> None:
        self.rows = tuple(rows)
        self.ground = ground
        self.journal = journal
        self.as_of = as_of
        self._by_number = {row.number: row for row in rows}
        self._leaders = leaders(rows, as_of)
        self._failures = 0

    def leader(self, row: Row) -> Row:
        """Return the row whose answer is this row's: the first that asks the same."""
        return self._by_number[self._leaders[row.number]]

    def _kept(self, row: Row) -> Kept | None:
        kept = self.journal.get(self.leader(row).key(self.as_of))
        # who has lost a clearance is not shown what was answered under it; an error may name documents
        if kept is not None and kept.answer is None and self.ground.cleared and kept.basis != self.ground.basis:
            return None
        return None if kept is None or (kept.answer and not self.ground.shows(kept.answer.label)) else kept

    def result(self, row: Row) -> Result:
        """Return what is known of a row."""
        if row.kept:
            return Result(kept=row.kept)
        if row.problem:
            return Result(error=row.problem)
        kept, leader = self._kept(row), self.leader(row)
        if kept is None:
            return Result()
        return Result(
            answer=kept.answer,
            passages=kept.passages,
            error=kept.error,
            same_as="" if leader is row else leader.id,
            changed=self.ground.basis.changed_since(kept.basis),
            review=kept.review,
        )

    def results(self) -> dict[int, Result]:
        """Return what is known of every row, by its number."""
        return {row.number: self.result(row) for row in self.rows}

    def pending(self, *, only: str = "", refresh: bool = False, limit: int | None = None) -> list[Row]:
        """Return the rows that a run would ask, in order; rows that ask the same count once.

        Args:
            only: ``unanswered``: all that have no answer, also those that were asked; ``failed``: those that failed.
                Empty: those that were never finished.
            refresh: also those whose answer rests on another library, model, settings or program.
            limit: at most so many.
        """
        chosen = []
        for row in self.rows:
            if row.kept or row.problem or self.leader(row) is not row:
                continue
            status = self.result(row).status
            wanted = status == "not_asked" if only != "failed" else status == "failed"
            if only == "unanswered":
                wanted = status in ("not_asked", "not_found", "refused", "failed")
            if wanted or (refresh and self.result(row).changed):
                chosen.append(row)
        return chosen[:limit]

    def run(self, assistant: Assistant, rows: Sequence[Row], stop: Flag, *, jobs: int = 1) -> Iterator[Step]:
        """Ask rows in order; each answer is in the journal when its row is done.

        Blocking. Setting `stop` ends the run within a fraction of a second; rows being asked are not kept.

        Args:
            assistant: answers; with `jobs` above one it must have been opened for as many.
            rows: which to ask.
            stop: ends the run.
            jobs: so many rows are under way at a time; they are stepped through in turn.

        Raises:
            PinciteError: if the journal cannot be written, or the assistant fails at several rows in succession.
        """
        waiting, under_way = iter(rows), deque[_Asked]()
        self._failures = 0
        try:
            while not stop.is_set() or under_way:
                row = None if stop.is_set() or len(under_way) == jobs else next(waiting, None)
                if row is not None:
                    yield Asking(row)
                    under_way.append(_Asked(row, self._ask(assistant, row, stop)))
                    continue
                if not under_way:
                    return
                asked = under_way.popleft()
                step = self._step(assistant, asked)
                if isinstance(step, Heard):
                    under_way.append(asked)
                if step is not None:
                    yield step
        finally:
            for asked in under_way:
                asked.events.close()

    def _step(self, assistant: Assistant, asked: _Asked) -> Heard | Done | None:
        """Take the next event of a row being asked; None if it ends without an answer."""
        row = asked.row
        key = row.key(self.as_of)
        try:
            event = next(asked.events, None)
        except (QuestionError, UnknownScope) as error:
            self.journal.add_failure(key, self.ground.basis, str(error))
        except PinciteError as error:
            self._failures += 1
            if self._failures >= _MOST_FAILURES:
                raise
            self.journal.add_failure(key, self.ground.basis, f"{error.title}: {error.message}")
        else:
            if event is None or isinstance(event, Cancelled):
                return None
            if not isinstance(event, Finished | Refused):
                return Heard(row, event)
            asked.events.close()
            self._failures = 0
            self.journal.add_answer(key, self.ground.basis, event.answer, _passages(assistant, event.answer))
        return Done(row, self.result(row))

    def _ask(self, assistant: Assistant, row: Row, stop: Flag) -> Generator[Event]:
        within = self.ground.catalogue.resolve(row)
        yield from assistant.ask(row.asked, stop=stop, as_of=row.as_of or self.as_of, documents=within)

    def review(self, row: Row, review: Review | None) -> None:
        """Keep who has looked at a row's answer; rows that ask the same are reviewed with it."""
        self.journal.add_review(self.leader(row).key(self.as_of), review)


def _passages(assistant: Assistant, answer: Answer) -> list[QuotedPassage]:
    """Return the stored words around each quotation, so that a report needs no library."""
    found = []
    for citation in answer.citations:
        span = Span(citation.start, citation.end)
        with suppress(PinciteError):  # the quotation itself is in the answer
            view = assistant.source(citation.document, span, (span,))
            found.append(QuotedPassage(citation.n, view.text, view.span.start, view.lead_in, view.path))
    return found
