"""Greetings and thanks, and questions in words that no passage has."""

import pytest

from pincite.answer.engine import Engine
from pincite.answer.no_question import aside, inventory, words_unknown
from pincite.config import Settings
from pincite.domain import events
from pincite.domain.answers import Reason, Status
from pincite.domain.documents import DocumentKind
from pincite.library import Library
from pincite.llm import LanguageModel
from pincite.search import Searcher


@pytest.mark.parametrize(
    "said",
    ["hi", "Hello there!", "Thanks a lot.", "thank you", "help", "What can you do?", "hi, can you help me?", "ok"],
)
def test_what_asks_nothing(said: str) -> None:
    assert aside(said).startswith("That asks nothing of the corpus.")


@pytest.mark.parametrize(
    "asked",
    [
        "Help desk: who?",
        "Is it ok?",
        "How does it work?",
        "thanks, and in winter?",
        "retention",
        "hills",
        "?",
        "Which policies cover ladders?",
    ],
)
def test_what_asks_something(asked: str) -> None:
    assert aside(asked) == ""
    assert inventory(asked, [DocumentKind.LAW]) == ""


@pytest.mark.parametrize(
    "asked", ["What documents are in the corpus?", "which policies do we have", "List all policies."]
)
def test_what_is_there_is_told(asked: str) -> None:
    law, policy = DocumentKind.LAW, DocumentKind.POLICY
    assert inventory(asked, [law, policy, policy]).startswith("The corpus has 1 law and 2 policies to ask about;")
    assert inventory(asked, [law, law, policy]).startswith("The corpus has 2 laws and 1 policy to ask about;")


def test_only_what_is_searched_is_told(tiny_searcher: Searcher) -> None:
    def load() -> LanguageModel:
        raise AssertionError("the model was loaded")

    slugs = frozenset(info.slug for info in tiny_searcher.library.documents if info.title.startswith("Ladder"))
    engine = Engine(tiny_searcher, load, Settings(), seal="test")
    *_, last = engine.ask("What documents are there?", documents=slugs)
    assert isinstance(last, events.Refused)
    assert last.answer.message.startswith("The corpus has 0 laws and 1 policy to ask about;")


def test_words_that_no_passage_has_are_named(tiny_library: Library) -> None:
    said = words_unknown("Wie lange speichern wir das?", tiny_library)
    assert (
        said
        == "No passage has the words “wie”, “lange”, “speichern”, “wir”, …. Ask in the language of the corpus,"
        + (" and in other words.")
    )
    assert words_unknown("Must the keeper notify the authority of zzyzx?", tiny_library) == ""
    assert words_unknown("Is that so?", tiny_library) == ""


def test_a_greeting_shows_no_passages_and_needs_no_model(tiny_searcher: Searcher) -> None:
    def load() -> LanguageModel:
        raise AssertionError("the model was loaded")

    seen = list(Engine(tiny_searcher, load, Settings(), seal="test").ask("Hi!"))
    assert len(seen) == 1
    assert isinstance(seen[0], events.Refused)
    answer = seen[0].answer
    assert (answer.status, answer.reason, answer.nearest) == (Status.NOT_FOUND, Reason.NO_PASSAGE, ())
    assert answer.digests["library"]


def test_a_refusal_says_which_words_no_passage_has(tiny_searcher: Searcher) -> None:
    def load() -> LanguageModel:
        raise AssertionError("the model was loaded")

    seen = list(Engine(tiny_searcher, load, Settings(), seal="test").ask("Combien coûte une licence Photoshop ?"))
    assert isinstance(seen[-1], events.Refused)
    assert "No passage has the words “combien”, “coûte”" in seen[-1].answer.message
