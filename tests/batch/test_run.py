"""The run: journal, questions asked once, filters, what is asked again, failures, summary."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag

import pytest

from pincite.batch.codec import answer_from_json, answer_to_json
from pincite.batch.ground import Basis, Catalogue, Entry, Ground
from pincite.batch.journal import Journal
from pincite.batch.likeness import canonical
from pincite.batch.outside import points_outside
from pincite.batch.result import Result, Review
from pincite.batch.rows import Row, make_row
from pincite.batch.run import Batch, Done
from pincite.batch.summary import Summary, exit_code
from pincite.domain.answers import Answer
from pincite.domain.events import Event
from pincite.domain.labels import Labels
from pincite.errors import ModelError, OutputError
from tests.tui.fakes import FakeAssistant, answered, partial, refused

BASIS = Basis("lib", "model", "embedder", "settings", "program")
CATALOGUE = Catalogue(
    [Entry("gdpr", ("GDPR", "Regulation 2016/679"), "Public"), Entry("hr", ("HR Policy",), "Internal")]
)
GROUND = Ground(BASIS, CATALOGUE)


def rows(*questions: str, **given: str) -> list[Row]:
    return [make_row(n, f"row {n}", question, given) for n, question in enumerate(questions, 1)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "j")
    yield opened
    opened.close()


def by_words(question: str) -> Answer:
    return (partial if "part" in question else refused if "dress" in question else answered)(question)


def run(batch: Batch, fake: FakeAssistant, chosen: list[Row] | None = None, stop: Flag | None = None) -> list[Result]:
    steps = batch.run(fake, batch.pending() if chosen is None else chosen, stop or Flag())
    return [step.result for step in steps if isinstance(step, Done)]


# -------------------------------------------------------------------- journal


def test_answers_come_back_from_the_journal_as_they_were(tmp_path: Path) -> None:
    given = rows("How long?", "And part?", "The dress code?")
    journal = Journal(tmp_path / "j")
    batch = Batch(given, GROUND, journal)
    made = run(batch, FakeAssistant(result=by_words))
    batch.review(given[0], Review("Ann", "2031-01-01 10:00"))
    journal.close()
    journal = Journal(tmp_path / "j")
    again = Batch(given, GROUND, journal)
    assert again.pending() == []
    assert [again.result(row).answer for row in given] == [result.answer for result in made]
    assert [again.result(row).passages for row in given] == [result.passages for result in made]
    assert again.result(given[0]).review == Review("Ann", "2031-01-01 10:00")
    journal.close()


@pytest.mark.parametrize("answer", [answered(), partial(), refused()], ids=["answered", "partial", "refused"])
def test_an_answer_survives_json(answer: Answer) -> None:
    assert answer_from_json(json.loads(json.dumps(answer_to_json(answer)))) == answer


def test_a_line_cut_off_by_a_kill_is_removed(tmp_path: Path) -> None:
    given = rows("How long?", "How far?")
    journal = Journal(tmp_path / "j")
    run(Batch(given, GROUND, journal), FakeAssistant())
    journal.close()
    whole = (tmp_path / "j").read_bytes()
    first = whole.index(b"\n") + 1
    for cut in (first + 1, first + 100, len(whole) - 1):
        (tmp_path / "j").write_bytes(whole[:cut])
        journal = Journal(tmp_path / "j")
        assert len(journal) == 1
        assert Batch(given, GROUND, journal).pending() == given[1:]
        run(Batch(given, GROUND, journal), FakeAssistant())
        journal.close()
        assert len((tmp_path / "j").read_bytes().splitlines()) == 2


def test_a_damaged_journal_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("something else\n")
    with pytest.raises(OutputError, match=r"j, line 1: this is no line of a journal"):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_text() == "something else\n"


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = rows("How long?", "How far?")
    journal = Journal(tmp_path / "j")
    batch = Batch(given, GROUND, journal)
    run(batch, FakeAssistant(), given[:1])
    size = (tmp_path / "j").stat().st_size
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if (tmp_path / "j").stat().st_size > size:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:50])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError) as raised:
        run(batch, FakeAssistant(), given[1:])
    assert raised.value.message == f"{tmp_path / 'j'}: No space left on device"
    assert "the same command goes on from them" in raised.value.hint
    assert (tmp_path / "j").stat().st_size == size
    monkeypatch.undo()
    assert run(batch, FakeAssistant(), given[1:])[0].status == "answered"
    journal.close()


# ------------------------------------------------------------- asked once, again


def test_what_asks_the_same_is_asked_once_and_marked(journal: Journal) -> None:
    given = rows(
        "How long may HR keep the records?",
        "3. Please, how long may HR keep records",
        "How long may HR not keep the records?",
        "How long may HR keep the records?",
    )
    fake = FakeAssistant()
    batch = Batch(given, GROUND, journal)
    run(batch, fake)
    assert [question for question, _ in fake.asked] == [given[0].asked, given[2].asked]
    assert [batch.result(row).same_as for row in given] == ["", "1", "", "1"]
    assert batch.result(given[1]).needs_review == "taken from 1"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Who signs?", "who signs", True),
        ("Q4. Can you confirm who signs the contract?", "Confirm who signs contract.", True),
        ("May A share with B?", "May B share with A?", False),
        ("Within 24 hours?", "Within 72 hours?", False),
        ("Is it required?", "Is it not required?", False),
        ("All staff?", "Staff?", False),
        ("More than 5%?", "More than 5?", False),
        ("What is Art. 6(1)?", "What is Art. 6(2)?", False),
    ],
)
def test_which_questions_are_the_same(first: str, second: str, same: bool) -> None:
    assert (canonical(first) == canonical(second)) is same


def test_a_row_with_another_day_or_scope_is_another_question(journal: Journal) -> None:
    given = [
        make_row(n, f"row {n}", "How long?", filters)
        for n, filters in enumerate(({}, {"as_of": "2031-01-01"}, {"documents": "gdpr"}, {"label": "Public"}), 1)
    ]
    assert Batch(given, GROUND, journal).pending() == given


def test_only_and_refresh_choose_what_is_asked_again(journal: Journal, tmp_path: Path) -> None:
    given = rows("How long?", "The dress code?", "And part?", "x" * 2001)
    fake = FakeAssistant(result=by_words)
    batch = Batch(given, GROUND, journal)
    assert batch.pending(limit=2) == given[:2]
    run(batch, fake)
    assert batch.result(given[3]).error == "The question has 2,001 characters."
    assert batch.pending() == []
    assert batch.pending(only="unanswered") == [given[1], given[3]]
    assert batch.pending(only="failed") == [given[3]]
    changed = Batch(given, Ground(replace(BASIS, library="other", model="newer"), CATALOGUE), journal)
    assert changed.pending() == []
    assert changed.result(given[0]).changed == "library and language model"
    assert "the library and language model has changed since" in changed.result(given[0]).needs_review
    assert changed.pending(refresh=True) == given
    run(changed, fake, given[:1])
    assert changed.pending(refresh=True) == given[1:]


def test_a_review_does_not_outlive_the_answer(journal: Journal) -> None:
    given = rows("How long?")
    batch = Batch(given, GROUND, journal)
    run(batch, FakeAssistant())
    batch.review(given[0], Review("Ann", "2031-01-01 10:00"))
    assert batch.result(given[0]).cells()["Reviewed by"] == "Ann, 2031-01-01 10:00"
    run(batch, FakeAssistant(), given)
    assert batch.result(given[0]).review is None


def test_an_answer_above_the_clearance_of_now_is_not_shown_and_is_asked_again(journal: Journal) -> None:
    given = rows("How long?", "How far?", "How much?")
    labels = {"How long?": "restricted", "How far?": "Internal", "How much?": ""}
    fake = FakeAssistant(result=lambda question: replace(answered(question), label=labels[question]))
    before = Batch(given, GROUND, journal)
    run(before, fake)
    assert before.pending() == []
    order = Labels(("internal", "restricted"), unlabelled="restricted")
    lower = Batch(given, Ground(replace(BASIS, library="lower"), CATALOGUE, order, "internal"), journal)
    assert lower.pending() == [given[0], given[2]]  # without a label it counts as the highest
    assert [lower.result(row).answer is None for row in given[:3]] == [True, False, True]
    assert Batch(given, Ground(BASIS, CATALOGUE, order, "restricted"), journal).pending() == []


def test_an_error_from_another_library_is_not_shown_where_there_is_clearance(journal: Journal) -> None:
    given = [make_row(1, "row 1", "How much?", {"documents": "Lease"})]
    run(Batch(given, GROUND, journal), FakeAssistant())
    lower = Batch(given, Ground(replace(BASIS, library="lower"), CATALOGUE, Labels(), "internal"), journal)
    assert lower.result(given[0]).error == ""
    assert lower.pending() == given


def test_the_summary_has_the_highest_label() -> None:
    results = [Result(answer=replace(answered("q"), label=label)) for label in ("internal", "secret", "")]
    summary = Summary("q.csv", "ab", BASIS, labels=Labels(("secret", "internal")))
    summary.count(results)
    assert summary.facts()[0] == ("Label", "internal")
    assert results[1].to_json()["answer_label"] == results[1].cells()["Answer label"] == "secret"


# ---------------------------------------------------------------- rows that fail


def test_a_row_that_cannot_be_asked_fails_alone(journal: Journal) -> None:
    given = [
        *rows("x" * 40_000, "How long?"),
        make_row(3, "row 3", "How far?", {"as_of": "01/02/2031"}),
        make_row(4, "row 4", "How much?", {"documents": "Lease"}),
        make_row(5, "row 5", "How many?", {"label": "Secret"}),
    ]
    batch = Batch(given, GROUND, journal)
    run(batch, FakeAssistant())
    errors = [batch.result(row).error for row in given]
    assert errors[0] == "The question has 40,000 characters."
    assert errors[1] == ""
    assert errors[2].startswith("as-of date: '01/02/2031' can be read as 2031-01-02 or 2031-02-01")
    assert errors[3] == "no document is called “Lease”; the library has: gdpr, hr"
    assert errors[4] == "no document is classified “Secret”; the library has: Internal, Public"


def test_a_broken_assistant_ends_the_run_after_three_rows(journal: Journal) -> None:
    given = rows("A?", "B?", "C?", "D?")
    batch = Batch(given, GROUND, journal)
    fake = FakeAssistant(fails=ModelError("llama.cpp ran out of memory"))
    with pytest.raises(ModelError):
        run(batch, fake)
    assert [batch.result(row).status for row in given] == ["failed", "failed", "not_asked", "not_asked"]
    assert batch.result(given[0]).error == "Model cannot be used: llama.cpp ran out of memory"


def test_stopping_keeps_what_is_finished_and_not_the_row_being_asked(journal: Journal) -> None:
    given = rows("A?", "B?", "C?")
    batch, stop, fake = Batch(given, GROUND, journal), Flag(), FakeAssistant()
    for step in batch.run(fake, given, stop):
        if isinstance(step, Done):
            stop.set()
    assert [batch.result(row).status for row in given] == ["answered", "not_asked", "not_asked"]


def test_several_rows_are_under_way_and_each_ends_as_it_would_alone(journal: Journal, tmp_path: Path) -> None:
    given = rows("A?", "The dress code?", "x" * 40_000, "C?", "And part?", "A?", "E?")
    alone = Batch(given, GROUND, Journal(tmp_path / "alone"))
    run(alone, FakeAssistant(by_words))
    batch, under_way, most = Batch(given, GROUND, journal), set[int](), 0
    for step in batch.run(FakeAssistant(by_words), batch.pending(), Flag(), jobs=3):
        (under_way.discard if isinstance(step, Done) else under_way.add)(step.row.number)
        most = max(most, len(under_way))
    assert most == 3
    assert batch.results() == alone.results()
    assert [result.status for result in batch.results().values()].count("failed") == 1


@pytest.mark.parametrize("after", ["Asking", "Heard", "Done"])
def test_stopping_ends_every_row_under_way(journal: Journal, after: str) -> None:
    given = rows("A?", "B?", "C?", "D?", "E?")
    batch, stop, fake = Batch(given, GROUND, journal), Flag(), FakeAssistant()
    seen = []
    for step in batch.run(fake, given, stop, jobs=3):
        seen.append(type(step).__name__)
        if seen.count(after) == 2:
            stop.set()
    finished = [row for row in given if batch.result(row).answer]
    assert len(finished) == seen.count("Done") == (2 if after == "Done" else 0)
    assert len(fake.asked) == fake.stopped + len(finished)


def test_rows_under_way_are_closed_when_the_assistant_breaks_or_nobody_listens(journal: Journal) -> None:
    closed: list[str] = []

    class Watched(FakeAssistant):
        def ask(self, question: str, **others: object) -> Iterator[Event]:  # type: ignore[override]
            if question != "A?":
                raise ModelError("llama.cpp ran out of memory")
            try:
                yield from super().ask(question, **others)  # type: ignore[arg-type]
            finally:
                closed.append(question)

    batch = Batch(rows("A?", "B?", "C?", "D?"), GROUND, journal)
    with pytest.raises(ModelError):
        list(batch.run(Watched(), batch.rows, Flag(), jobs=4))
    assert closed == ["A?"]
    steps = batch.run(FakeAssistant(), batch.rows[:1], Flag(), jobs=4)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert not batch.result(batch.rows[0]).answer


def test_a_scope_is_given_to_an_assistant_that_knows_it(journal: Journal) -> None:
    class Scoped(FakeAssistant):
        def ask(self, question: str, *, documents: frozenset[str] | None = None, **others: object) -> Iterator[Event]:  # type: ignore[override]
            self.scopes.append(documents)
            return super().ask(question, **others)  # type: ignore[arg-type]

    fake = Scoped()
    fake.scopes = []
    given = [
        make_row(1, "row 1", "A?", {"documents": "GDPR; hr policy"}),
        make_row(2, "row 2", "B?", {"label": "internal"}),
        make_row(3, "row 3", "C?", {"documents": "gdpr", "label": "internal"}),
        make_row(4, "row 4", "D?", {}),
    ]
    batch = Batch(given, GROUND, journal)
    run(batch, fake)
    assert fake.scopes == [frozenset({"gdpr", "hr"}), frozenset({"hr"}), None]
    assert batch.result(given[2]).error == "none of the documents named is classified “internal”"


# ------------------------------------------------------------------------ result


@pytest.mark.parametrize(
    ("question", "outside"),
    [
        ("By when must those people be informed?", "those people"),
        ("May this partner hand over photos?", "this partner"),
        ("Is this allowed?", "this allowed"),
        ("Before the data moves, must these be logged?", "these be"),
        ("If a dataset arrives, where must this dataset stay?", ""),
        ("A partner sent photos. Who may open these?", ""),
        ("What is owed to those who withdraw?", ""),
        ("What was due this year?", ""),
        ("Which datasets are refused?", ""),
    ],
)
def test_a_question_that_points_outside_itself_needs_review(question: str, outside: str) -> None:
    assert points_outside(question) == outside
    review = Result(answer=answered(question)).needs_review
    assert review == (f"“{outside}” is explained outside the question" if outside else "")


def test_confidence_follows_from_the_checks() -> None:
    whole = answered()
    quoted = replace(whole, claims=tuple(replace(claim, quoted=True) for claim in whole.claims))
    assert Result(answer=whole).confidence == "high"
    assert Result(answer=partial()).confidence == "medium"
    assert Result(answer=quoted).confidence == "low"
    assert Result(answer=refused()).confidence == "none"
    assert Result(answer=whole).needs_review == ""
    assert Result(answer=partial()).needs_review == "part of the draft failed the checks"
    assert Result(answer=refused()).needs_review == "there is no answer"


@pytest.mark.parametrize(
    ("questions", "fail_on", "code"),
    [
        (("A?",), "partial", 0),
        (("A?", "dress?"), "", 0),
        (("A?", "dress?"), "not-found", 3),
        (("A?", "part?"), "not-found", 0),
        (("A?", "part?"), "partial", 4),
        (("part?", "dress?"), "partial", 3),
        (("A?", "x" * 2001), "", 1),
    ],
)
def test_exit_codes(journal: Journal, questions: tuple[str, ...], fail_on: str, code: int) -> None:
    batch = Batch(rows(*questions), GROUND, journal)
    run(batch, FakeAssistant(result=by_words))
    summary = Summary("q.csv", "ab", BASIS)
    summary.count(batch.results().values())
    assert exit_code(summary, fail_on) == code
    assert sum(summary.to_json()["counts"].values()) == len(questions)
