"""Questions about what happened are not answered by rules."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pincite.answer.abstain import Policy, judge
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.happened import only_rules_found
from pincite.domain.answers import Reason
from tests.answer.test_beside import searcher_of

RULES = "# Fine Policy\n\n## 1. Fines\n\n1.1 The keeper must pay fines for late grafts, up to EUR 500, within 5 days.\n"
REGISTER = "# Fine register\n\n## 1. Fines\n\n1.1 Fine for late grafts: EUR 300, paid on 2 May 2030.\n"


@pytest.fixture
def told(tmp_path: Path) -> Callable[[str, str], tuple[bool, bool]]:
    def look(text: str, question: str) -> tuple[bool, bool]:
        searcher = searcher_of(tmp_path, fines=text)
        result = searcher.search(question)
        evidence = select_evidence(searcher, result, 900, rough_tokens)
        verdict = judge(result, evidence, replace(Policy.load(), doubtful=0.0))
        return only_rules_found(question, evidence), verdict.reason is Reason.NONE

    return look


@pytest.mark.parametrize(
    "question",
    [
        "How much was our last fine for late grafts?",
        "How many fines for late grafts did we pay?",
        "When did our keeper pay a fine for late grafts?",
        "What fine did the keeper pay for late grafts last year?",
        "Who has paid a fine for late grafts so far?",
    ],
)
def test_what_happened_is_told_by_a_register_and_by_no_rule(
    told: Callable[[str, str], tuple[bool, bool]], question: str
) -> None:
    assert told(RULES, question) == (True, False)
    assert told(REGISTER, question) == (False, True)


@pytest.mark.parametrize(
    "question",
    [
        "We grafted late. How much did we have to pay as a fine?",
        "When was our deadline for fines for late grafts?",
        "How long were we allowed to wait with fines for late grafts?",
        "How much do we pay for late grafts?",
        "We grafted late last week. How much do we pay as a fine?",
        "What fine was the keeper required to pay for late grafts last year?",
        "Did we have to pay a fine for late grafts?",
    ],
)
def test_what_held_then_is_told_by_rules(told: Callable[[str, str], tuple[bool, bool]], question: str) -> None:
    assert told(RULES, question) == (False, True)
