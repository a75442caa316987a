"""What the best evidence adds to the likelihood of the question, and what is made of it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import resources
from threading import Event as Flag

import pytest

from pincite.answer.abstain import Policy, judge
from pincite.answer.drafting import build_prompt, question_prompt
from pincite.answer.engine import Engine
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.followup import Standalone
from pincite.answer.likelihood import by_likelihood, likelihoods, worth_reading
from pincite.config import Settings
from pincite.domain import events
from pincite.domain.answers import Answer, Reason, Status
from pincite.llm import TEMPLATES
from pincite.llm.prompt import Prompt
from pincite.search import Searcher
from pincite.search.search import SearchResult
from tests.answer.test_engine import BLIGHT, RIGHT, end
from tests.fakes import FakeModel


def asked(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch, gain: float, question: str = BLIGHT, **thresholds: float
) -> tuple[Answer, FakeModel]:
    """Return the answer of a model to which the best evidence adds `gain`, under these thresholds."""
    model = FakeModel(RIGHT)
    model.gain = gain
    policy = replace(Policy.of(searcher.library.directory), **({"strong": 1.1} | thresholds))
    monkeypatch.setattr(Policy, "of", classmethod(lambda cls, library: policy))
    return end(list(Engine(searcher, lambda: model, Settings(), seal="test").ask(question))), model


@pytest.mark.parametrize(("gain", "found"), [(-0.1, False), (0.0, True), (5.0, True)])
def test_evidence_that_makes_the_question_less_likely_does_not_answer_it(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch, gain: float, found: bool
) -> None:
    answer, model = asked(tiny_searcher, monkeypatch, gain, least_gain=0.0)
    assert (answer.status is Status.ANSWERED) is found
    assert len(model.prompts) == found  # nothing is drafted otherwise
    assert answer.digests["model"] == model.sha256  # it had its say
    if not found:
        assert (answer.status, answer.reason) == (Status.NOT_FOUND, Reason.INSUFFICIENT)
        assert answer.nearest
        assert answer.timings.prompt > 0


@pytest.mark.parametrize(
    ("gain", "passage", "reason"),
    [(7.9, 0.0, Reason.INSUFFICIENT), (7.9, 1.1, Reason.NO_PASSAGE), (8.0, 1.1, Reason.NONE)],
)
def test_what_the_search_doubts_must_make_the_question_much_likelier(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch, gain: float, passage: float, reason: Reason
) -> None:
    doubts = {"doubtful": 0.0, "passage": passage, "sufficient": 1.1, "convincing": 8.0, "least_gain": -99.0}
    assert asked(tiny_searcher, monkeypatch, gain, **doubts)[0].reason is reason


def test_below_the_first_bar_the_model_is_not_even_loaded(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, model = asked(tiny_searcher, monkeypatch, 99.0, doubtful=1.1, sufficient=1.2)
    assert (answer.status, model.prompts) == (Status.NOT_FOUND, [])
    assert "model" not in answer.digests


def test_a_provision_that_is_named_needs_no_likelihood(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, _ = asked(tiny_searcher, monkeypatch, -99.0, "What does Article 4 of Regulation (EU) 2031/7 say?")
    assert "Art. 4" in {citation.label for citation in answer.citations}


def test_what_the_search_is_sure_of_is_read_only_to_find_the_best(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    class Reader(FakeModel):
        def log_probabilities(self, prompt: Prompt, text: str, *, stop: Flag | None = None) -> list[float]:
            read.append(prompt.text)
            return super().log_probabilities(prompt, text, stop=stop)

    def sources(question: str, strong: float) -> list[str]:
        read.clear()
        policy = replace(Policy.load(), strong=strong, sufficient=0.0, least_gain=-99.0)
        monkeypatch.setattr(Policy, "of", classmethod(lambda cls, library: policy))
        end(list(Engine(tiny_searcher, lambda: Reader(RIGHT), Settings(), seal="test").ask(question)))
        return ["[1]" if "[1]" in one else "bare" for one in read]

    both = "What must staff check before they climb a ladder and before they drive a tractor?"
    several = len(worth_reading(tiny_searcher, tiny_searcher.search(both), 5))
    assert several > 1
    monkeypatch.setattr("pincite.answer.engine.asks_for_list", lambda question: False)
    assert sources(both, 0.0) == ["[1]"] * several
    assert sources(both, 1.1) == ["bare", *["[1]"] * several]
    monkeypatch.setattr("pincite.answer.engine.asks_for_list", lambda question: True)
    assert sources(both, 0.0) == []
    assert sources(both, 1.1) == ["bare", "[1]"]


def test_stopped_meanwhile_nothing_is_concluded(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = replace(Policy.of(tiny_searcher.library.directory), strong=1.1)
    monkeypatch.setattr(Policy, "of", classmethod(lambda cls, library: policy))

    class Pressed(FakeModel):
        def log_probabilities(self, prompt: Prompt, text: str, *, stop: Flag | None = None) -> list[float]:
            assert stop is not None
            stop.set()
            return []

    *_, last = Engine(tiny_searcher, lambda: Pressed(RIGHT), Settings(), seal="test").ask(BLIGHT, stop=Flag())
    assert isinstance(last, events.Cancelled)


def test_the_question_is_read_where_the_draft_has_it(tiny_searcher: Searcher) -> None:
    (one,) = worth_reading(tiny_searcher, tiny_searcher.search(BLIGHT), 1)
    template = TEMPLATES["chatml"]
    draft = build_prompt(Standalone(BLIGHT, "", BLIGHT), [one], template)
    assert draft.text.startswith(question_prompt(one, template).text + BLIGHT)
    assert BLIGHT not in question_prompt(one, template).text
    assert "[1]" not in question_prompt(None, template).text


def test_of_each_passage_the_nearest_sentences_are_read(tiny_searcher: Searcher) -> None:
    result = tiny_searcher.search("What must staff check before they climb a ladder and before they drive a tractor?")
    for one in worth_reading(tiny_searcher, result, 10):
        nearest = max(one.sentences, key=lambda sentence: sentence.similarity)
        assert nearest.span in one.item.quotes
        assert len(one.item.quotes) <= 2
        assert one.item.n == 1  # its number tells nothing of its rank


def test_only_what_could_be_first_is_read(tiny_searcher: Searcher) -> None:
    result = tiny_searcher.search(BLIGHT)
    close = [hit for hit in result.hits if hit.score >= 0.85 * result.hits[0].score]
    assert 1 <= len(close) < len(result.hits)
    assert [one.hit for one in worth_reading(tiny_searcher, result, 10)] == close
    assert [one.hit for one in worth_reading(tiny_searcher, result, 0)] == close[:1]


def spread(searcher: Searcher, *scores: float) -> SearchResult:
    """Return a search whose first passages have these scores."""
    result = searcher.search(BLIGHT)
    hits = [replace(hit, score=score, exact=False) for hit, score in zip(result.hits, scores, strict=False)]
    return replace(result, hits=tuple(hits))


def test_scores_and_likelihoods_are_added(tiny_searcher: Searcher) -> None:
    result = spread(tiny_searcher, 1.0, 0.95, 0.9, 0.5)
    passages = worth_reading(tiny_searcher, result, 5)
    model = FakeModel()
    gains = iter([4.0, 2.0, 14.0])
    model.gain = lambda prompt: next(gains)
    read = likelihoods(model, passages, BLIGHT, Flag())
    assert [one.gain for one in read] == pytest.approx([4.0, 2.0, 14.0])
    placed = by_likelihood(result, read)
    ids = [hit.passage.id for hit in result.hits]
    assert [hit.passage.id for hit in placed.hits] == [ids[i] for i in (2, 0, 1, 3)]
    assert [hit.score for hit in placed.hits] == pytest.approx([1.0, 0.9, 0.81, 0.5])
    assert (placed.question, placed.lookup) == (result.question, result.lookup)


def test_what_the_model_finds_likelier_comes_first(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    result = spread(tiny_searcher, 1.0, 0.95, 0.9)
    liked = tiny_searcher.library.passage_texts([result.hits[1].passage.id])[0]
    monkeypatch.setattr(Searcher, "search", lambda self, *args, **others: result)

    def events_of(gain: float, settings: Settings, question: str = BLIGHT) -> list[events.Event]:
        model = FakeModel(RIGHT)
        model.gain = lambda prompt: gain if prompt.segments[-3].text.split("): ")[1][:30] in liked else 1.0
        return list(Engine(tiny_searcher, lambda: model, settings, seal="test").ask(question))

    def shown(happened: list[events.Event]) -> list[list[int]]:
        return [[item.passage.start for item in e.items] for e in happened if isinstance(e, events.Evidence)]

    moved, kept = events_of(30.0, Settings()), events_of(0.5, Settings())  # a little less likely: its place is kept
    first, then = shown(moved)
    assert then[0] == result.hits[1].passage.span.start != first[0]
    assert shown(kept) == [first]  # said once, for nothing changed
    assert shown(events_of(30.0, Settings(reread=1))) == [first]
    assert shown(events_of(30.0, Settings(), "What are the keeper's duties on fire blight?")) == [first]


def test_thresholds_of_a_library_calibrated_earlier_leave_the_likelihood_out(
    tiny_searcher: Searcher,
) -> None:
    shipped = resources.files("pincite.answer").joinpath("abstention.toml").read_text("utf-8")
    lines = [line for line in shipped.split("\n") if not line.startswith(("doubtful", "least_gain", "convincing"))]
    assert len(lines) == len(shipped.split("\n")) - 3
    old = Policy._read("\n".join(lines).encode())
    assert old.doubtful == old.sufficient == tomllib.loads(shipped)["sufficient"]
    result = tiny_searcher.search(BLIGHT)
    evidence = select_evidence(tiny_searcher, result, 900, rough_tokens)
    below, above = (judge(result, evidence, replace(old, sufficient=bar, doubtful=bar)) for bar in (1.1, 0.0))
    assert below.reason is not Reason.NONE
    assert (above.reason, above.needed) == (Reason.NONE, -float("inf"))
