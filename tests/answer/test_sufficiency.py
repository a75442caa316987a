"""Whether evidence answers: what the model is told, and what it makes of it."""

import pytest

from pincite.answer.abstain import Policy, judge
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.sufficiency import FEATURES, features, probability
from pincite.domain.answers import Reason
from pincite.search import Searcher


def look(searcher: Searcher, question: str) -> dict[str, float]:
    result = searcher.search(question)
    evidence = select_evidence(searcher, result, 900, rough_tokens)
    return dict(zip(FEATURES, features(result, evidence), strict=True))


def test_words_that_the_evidence_lacks_count(tiny_searcher: Searcher) -> None:
    whole = look(tiny_searcher, "When must fire blight be notified to the orchard authority?")
    part = look(tiny_searcher, "When must fire blight be notified to the orchard authority of Andalusia?")
    assert whole["covered"] == pytest.approx(1)
    assert whole["missing"] == 0
    assert part["covered"] < whole["covered"]
    assert part["missing"] > 0
    assert part["words"] > whole["words"]


def test_nothing_found_is_nothing(tiny_searcher: Searcher) -> None:
    result = tiny_searcher.search("fire blight")
    assert features(result, ()) == (0.0,) * len(FEATURES)
    verdict = judge(result, (), Policy.load())
    assert (verdict.reason, verdict.score) == (Reason.NO_PASSAGE, 0.0)


def test_the_probability_is_logistic() -> None:
    weights = dict.fromkeys(FEATURES, 0.0) | {"constant": 0.0}
    values = [1.0] * len(FEATURES)
    assert probability(weights, values) == 0.5
    assert probability(weights | {"covered": 2.0}, values) == pytest.approx(0.880797, abs=1e-6)
    assert probability(weights | {"constant": -3.0}, values) == pytest.approx(0.047426, abs=1e-6)


def test_what_answers_is_told_from_what_does_not(tiny_searcher: Searcher) -> None:
    policy = Policy.load()
    right = look(tiny_searcher, "When must fire blight be notified to the orchard authority?")
    wrong = look(tiny_searcher, "Who won the chess championship in Reykjavik?")
    assert probability(policy.weights, tuple(right.values())) > policy.strong
    assert probability(policy.weights, tuple(wrong.values())) < policy.sufficient
