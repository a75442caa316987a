"""The engine on the first corpus with real small models: verbatim quotations, refusals, stopping, repeatability."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from threading import Event as Flag

import pytest

from pincite.answer.engine import Engine
from pincite.domain import events
from pincite.domain.answers import Answer, Reason, Status
from pincite.llm import LanguageModel
from pincite.search import Searcher
from tests.integration.conftest import SMALL, ask, check_answer, check_order

pytestmark = pytest.mark.integration

BREACH = "How quickly must a personal data breach be reported to the supervisory authority?"

QUESTIONS: list[tuple[str, tuple[str, ...]]] = [
    (BREACH, ()),
    ("How long do we keep the records of people who have left?", ()),
    ("May I paste customer data into a public chatbot?", ()),
    ("Who may approve the use of biometric data at the door?", ()),
    ("What does Article 5 of the GDPR say?", ()),
    ("Which rights does a data subject have?", ()),
    ("What must a contract with a processor contain?", ()),
    ("What is a personal data breach?", ()),
    ("Can we send personal data to a vendor in the United States?", ()),
    ("How soon do we have to answer an access request?", ()),
    ("And who has to be told?", (BREACH,)),
    ("How often are access rights reviewed?", ()),
    ("What fine can be imposed for breaking Article 83(5)?", ()),
    ("What is the best recipe for apple pie?", ()),
]


Asked = tuple[list[events.Event], Answer]


@pytest.fixture(scope="module")
def asked(searcher: Searcher, small_model: LanguageModel) -> Callable[..., Asked]:
    """Ask a question once for the whole module: a model's answer costs seconds."""

    @functools.cache
    def once(question: str, history: tuple[str, ...] = ()) -> Asked:
        seen, answer = ask(Engine(searcher, lambda: small_model, SMALL, seal="test"), question, history)
        assert answer is not None
        return seen, answer

    return once


@pytest.mark.parametrize(("question", "history"), QUESTIONS)
def test_every_citation_is_cut_out_of_the_stored_text(
    asked: Callable[..., Asked], searcher: Searcher, question: str, history: tuple[str, ...]
) -> None:
    _, answer = asked(question, history)
    assert answer.question == question
    check_answer(answer, searcher)


def test_enough_of_these_questions_are_answered_to_prove_anything(asked: Callable[..., Asked]) -> None:
    answers = [asked(question, history)[1] for question, history in QUESTIONS[:5]]
    assert sum(len(answer.citations) for answer in answers) >= 5


@pytest.mark.parametrize(
    ("question", "status", "reason"),
    [
        ("What does Article 104 of the GDPR say?", Status.REFUSED, Reason.NO_SUCH_PROVISION),
        ("What is the VAT rate in Germany?", Status.NOT_FOUND, Reason.NO_PASSAGE),
    ],
)
def test_refusals_need_no_language_model(searcher: Searcher, question: str, status: Status, reason: Reason) -> None:
    def load_model() -> LanguageModel:
        raise AssertionError("the language model was loaded for a refusal")

    seen, answer = ask(Engine(searcher, load_model, SMALL, seal="test"), question)
    assert [type(event) for event in seen] == [events.Searching, events.Refused]
    assert answer is not None
    assert (answer.status, answer.reason) == (status, reason)
    check_answer(answer, searcher)
    if reason is Reason.NO_SUCH_PROVISION:
        assert "104" in answer.message
        assert "99" in answer.message  # what there is instead


@pytest.mark.parametrize("stage", [events.Searching, events.Evidence, events.Reading, events.Token])
def test_stop_ends_at_once_and_the_next_answer_is_as_ever(
    engine: Engine, asked: Callable[..., Asked], stage: type[events.Event]
) -> None:
    _, expected = asked(BREACH)
    stop = Flag()
    stopped_at = 0.0
    seen: list[events.Event] = []
    for event in engine.ask(BREACH, stop=stop):
        seen.append(event)
        if isinstance(event, stage) and not stop.is_set():
            stop.set()
            stopped_at = time.perf_counter()
    took = time.perf_counter() - stopped_at
    check_order(seen)
    assert isinstance(seen[-1], events.Cancelled)
    assert seen[-1].draft == "".join(event.text for event in seen if isinstance(event, events.Token))
    assert took < 1.5
    if stage in (events.Searching, events.Evidence):
        return  # the model had not begun
    _, again = ask(engine, BREACH)
    assert again is not None
    assert (again.text, again.citations, again.dropped) == (expected.text, expected.citations, expected.dropped)


def test_stop_from_another_thread_while_writing(engine: Engine) -> None:
    stop, at = Flag(), [0.0]

    def press() -> None:
        at[0] = time.perf_counter()
        stop.set()

    seen: list[events.Event] = []
    for event in engine.ask(BREACH, stop=stop):
        seen.append(event)
        if isinstance(event, events.Token) and not at[0]:
            at[0] = 1.0
            threading.Timer(0.02, press).start()
    assert isinstance(seen[-1], events.Cancelled)
    assert time.perf_counter() - at[0] < 1.5


def test_the_same_question_gives_the_same_answer_whatever_is_asked_between(
    asked: Callable[..., Asked], engine: Engine
) -> None:
    seen, first = asked(BREACH)
    asked("May I paste customer data into a public chatbot?")
    seen_again, again = ask(engine, BREACH)
    assert again is not None
    assert _draft(seen)
    assert _draft(seen) == _draft(seen_again)
    assert first.claims == again.claims
    assert first.citations == again.citations
    assert first.text == again.text
    assert first.digests == again.digests
    assert len(first.digests["prompt"]) == 64


def _draft(seen: list[events.Event]) -> str:
    return "".join(event.text for event in seen if isinstance(event, events.Token))


@pytest.mark.default_model
class TestDefaultModel:
    """One model load for all: the 1.1 GB are hashed each time."""

    @pytest.fixture(scope="class")
    def default_engine(self, searcher: Searcher, tmp_path_factory: pytest.TempPathFactory):
        from pincite.assembly import Parts
        from pincite.config import Home, Settings

        parts = Parts.of(Home(tmp_path_factory.mktemp("default")), Settings())
        model, reranker = parts.model(), parts.reranker()
        assert reranker is not None, "pincite models fetch all-mpnet-base-v2"
        second = Searcher(searcher.library, searcher.embedder, second=reranker)
        yield Engine(second, lambda: model, parts.settings, seal="test")
        model.close()

    def test_law_and_policy_on_breaches(self, default_engine: Engine, searcher: Searcher) -> None:
        _, answer = ask(
            default_engine,
            "Within how many hours must a personal data breach be notified to the supervisory authority?",
        )
        assert answer is not None
        check_answer(answer, searcher)
        assert answer.status in (Status.ANSWERED, Status.PARTIAL)
        law = [c for c in answer.citations if c.document == "gdpr" and c.label.startswith("Art. 33")]
        policy = [c for c in answer.citations if "breach" in c.document and c.label.startswith("6.2")]
        assert any("72 hours" in citation.quote for citation in law)
        assert any("24 hours" in citation.quote for citation in policy)
        assert "72" in answer.text
        assert answer.digests["reranker"].startswith("1bd86cce")

    def test_stop_while_a_long_prompt_is_read(self, default_engine: Engine) -> None:
        """Reading 256 tokens takes this model seconds on two cores: only llama.cpp's abort callback ends it in time."""
        # begins with another question's prompt cached or not: either way hundreds of tokens are still to be read
        stop, pressed = Flag(), [0.0]

        def press() -> None:
            pressed[0] = time.perf_counter()
            stop.set()

        seen: list[events.Event] = []
        for event in default_engine.ask("What must a contract with a processor contain?", stop=stop):
            seen.append(event)
            if isinstance(event, events.Reading) and not pressed[0]:
                pressed[0] = 1.0
                threading.Timer(0.3, press).start()
        assert isinstance(seen[-1], events.Cancelled)
        assert not any(isinstance(event, events.Token) for event in seen)
        assert time.perf_counter() - pressed[0] < 1.5
