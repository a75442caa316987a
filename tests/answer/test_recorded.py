"""Every ending of a question is on the disk before it is given; what cannot be recorded is not given."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import pytest

from pincite.answer.engine import Engine
from pincite.answer.recorded import RecordedAssistant
from pincite.domain import events
from pincite.errors import QuestionError, RecordError
from pincite.record import AuditLog, Record
from pincite.search import Searcher
from tests.answer.test_engine import BLIGHT, RIGHT, engine_of, without_model
from tests.fakes import FakeModel, Killed


class Recorded:
    """A recorded assistant and what its log holds."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.directory = directory
        self.assistant = RecordedAssistant(engine, AuditLog.open(directory), face="ask", parts={"library": "abc"})

    def records(self) -> list[Record]:
        log = AuditLog.open(self.directory)
        try:
            return list(log.records())
        finally:
            log.close()


@pytest.fixture
def answering(tiny_searcher: Searcher, tmp_path: Path) -> Recorded:
    return Recorded(engine_of(tiny_searcher, FakeModel(RIGHT)), tmp_path / "audit")


def test_an_answer_is_recorded_with_all_that_made_it_before_it_is_given(answering: Recorded) -> None:
    for event in answering.assistant.ask(BLIGHT, history=["May one climb?"], documents=frozenset({"orchard"})):
        if isinstance(event, events.Finished):
            break
        assert len(answering.records()) == 1
    start, record = answering.records()
    answer = event.answer
    assert (start.kind, record.kind) == ("session-start", "answer")
    assert record.secret is not None
    assert record.secret["question"] == BLIGHT
    assert record.secret["history"] == ["May one climb?"]
    assert record.secret["draft"].strip() == RIGHT.strip()
    assert record.secret["answer"] == answer.to_json()
    assert record.secret["checks"][0]["failed"] == ""
    assert record.public["session"] == start.index
    assert record.public["library"] == "abc"
    assert record.public["filter"] == ["orchard"]
    assert record.public["seal"] == "test"
    assert record.public["digests"] == answer.digests
    assert record.public["passages"][0]["document"] == "orchard"
    assert record.documents == ("orchard",)
    quoted = record.public["citations"][0]
    assert (quoted["start"], quoted["end"]) == (answer.citations[0].start, answer.citations[0].end)


def test_words_of_people_and_documents_stand_in_no_file_in_clear(answering: Recorded) -> None:
    list(answering.assistant.ask(BLIGHT))
    for file in answering.directory.iterdir():
        content = file.read_bytes()
        assert b"fire blight" not in content, file
        assert b"72 hours" not in content, file


def test_a_refusal_is_recorded(tiny_searcher: Searcher, tmp_path: Path) -> None:
    recorded = Recorded(without_model(tiny_searcher), tmp_path / "audit")
    question = "What does Article 99 of the Orchard Regulation say?"
    assert isinstance(list(recorded.assistant.ask(question))[-1], events.Refused)
    record = recorded.records()[-1]
    assert (record.kind, record.public["reason"]) == ("refusal", "no_such_provision")
    assert record.secret is not None
    assert record.secret["question"] == question


def test_a_stop_is_recorded_with_the_draft_so_far(tiny_searcher: Searcher, tmp_path: Path) -> None:
    stop = Flag()
    model = FakeModel(RIGHT, before_piece=lambda number: stop.set() if number == 3 else None)
    recorded = Recorded(engine_of(tiny_searcher, model), tmp_path / "audit")
    assert isinstance(list(recorded.assistant.ask(BLIGHT, stop=stop))[-1], events.Cancelled)
    record = recorded.records()[-1]
    assert (record.kind, record.public["why"]) == ("cancelled", "stopped")
    assert record.secret is not None
    assert record.secret["draft"].startswith("The keeper must")


def test_a_question_that_nobody_listens_to_any_more_is_recorded(answering: Recorded) -> None:
    asking = answering.assistant.ask(BLIGHT)
    while not isinstance(next(asking), events.Token):
        pass
    assert isinstance(asking, Iterator)
    asking.close()  # type: ignore[attr-defined]
    assert [r.public.get("why") for r in answering.records()] == [None, "abandoned"]


def test_a_question_at_which_a_part_fails_is_recorded(tiny_searcher: Searcher, tmp_path: Path) -> None:
    def fail(number: int) -> None:
        raise ZeroDivisionError

    recorded = Recorded(engine_of(tiny_searcher, FakeModel(RIGHT, before_piece=fail)), tmp_path / "audit")
    with pytest.raises(ZeroDivisionError):
        list(recorded.assistant.ask(BLIGHT))
    assert recorded.records()[-1].public["why"] == "failed: ZeroDivisionError"


def test_a_kill_between_draft_and_answer_leaves_no_answer(tiny_searcher: Searcher, tmp_path: Path) -> None:
    def kill(number: int) -> None:
        raise Killed

    recorded = Recorded(engine_of(tiny_searcher, FakeModel(RIGHT, before_piece=kill)), tmp_path / "audit")
    with pytest.raises(Killed):
        list(recorded.assistant.ask(BLIGHT))
    assert "answer" not in [r.kind for r in recorded.records()]


def test_a_question_that_cannot_be_asked_is_not_recorded(answering: Recorded) -> None:
    with pytest.raises(QuestionError):
        list(answering.assistant.ask("  "))
    assert [r.kind for r in answering.records()] == ["session-start"]


def test_an_answer_that_cannot_be_recorded_is_not_given(answering: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RecordError("log: No space left on device")

    monkeypatch.setattr(AuditLog, "append", full)
    seen: list[events.Event] = []
    with pytest.raises(RecordError, match="not given: log: No space left"):
        seen.extend(answering.assistant.ask(BLIGHT))
    assert not any(isinstance(event, events.Finished | events.Refused) for event in seen)


def test_the_end_of_a_session_is_recorded(answering: Recorded) -> None:
    answering.assistant.close()
    start, stop = answering.records()
    assert (stop.kind, stop.public["session"]) == ("session-stop", start.index)
    assert "checkpoint" in stop.public


def test_it_passes_on_status_and_sources(answering: Recorded) -> None:
    assert answering.assistant.status().seal == "test"
    answer = next(e for e in answering.assistant.ask(BLIGHT) if isinstance(e, events.Finished)).answer
    from pincite.domain.documents import Span

    cited = answer.citations[0]
    assert cited.quote in answering.assistant.source(cited.document, Span(cited.start, cited.end)).text
