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
from pincite.answer.likelihood import gain_of
from pincite.config import Settings
from pincite.domain import events
from pincite.domain.answers import Answer, Reason, Status
from pincite.llm import TEMPLATES
from pincite.llm.prompt import Prompt
from pincite.search import Searcher
from tests.answer.test_engine import BLIGHT, RIGHT, end
from tests.fakes import FakeModel


def asked(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch, gain: float, question: str = BLIGHT, **thresholds: float
) -> tuple[Answer, FakeModel]:
    """Return the answer of a model to which the best evidence adds `gain`, under these thresholds."""
    model = FakeModel(RIGHT)
    model.gain = gain
    policy = replace(Policy.of(searcher.library.directory), **thresholds)
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


def test_stopped_meanwhile_nothing_is_concluded(tiny_searcher: Searcher) -> None:
    class Pressed(FakeModel):
        def log_probabilities(self, prompt: Prompt, text: str, *, stop: Flag | None = None) -> list[float]:
            assert stop is not None
            stop.set()
            return []

    *_, last = Engine(tiny_searcher, lambda: Pressed(RIGHT), Settings(), seal="test").ask(BLIGHT, stop=Flag())
    assert isinstance(last, events.Cancelled)


def test_the_draft_begins_with_what_was_read_for_the_likelihood(tiny_searcher: Searcher) -> None:
    question = "What must staff check before they climb a ladder and before they drive a tractor?"
    evidence = select_evidence(tiny_searcher, tiny_searcher.search(question), 900, rough_tokens)
    template = TEMPLATES["chatml"]
    draft = build_prompt(Standalone(question, "", question), evidence, template)
    read, alone = question_prompt(evidence[0], template), question_prompt(None, template)
    assert len(evidence) > 1
    assert draft.shared == read.shared > alone.shared
    assert draft.segments[: draft.shared] == read.segments[: read.shared]
    assert evidence[0].prompt_text in draft.segments[draft.shared - 2].text
    assert evidence[1].prompt_text not in read.text
    assert draft.segments[: alone.shared] == alone.segments[: alone.shared]
    assert question not in read.text


def test_the_gain_is_the_difference_in_nats(tiny_searcher: Searcher) -> None:
    evidence = select_evidence(tiny_searcher, tiny_searcher.search(BLIGHT), 900, rough_tokens)
    model = FakeModel()
    model.gain = 3.5
    assert gain_of(model, evidence[0], BLIGHT, Flag()) == pytest.approx(3.5)


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
