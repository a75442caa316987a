"""Follow-ups rest on the conversation's questions; a question that stands alone does not."""

from __future__ import annotations

import pytest

from pincite.answer.followup import make_standalone

FIRST = "How long must the keeper retain the blight records?"
OTHER = "Which ladder inspections does the policy demand?"


@pytest.mark.parametrize("question", ["And for apprentices?", "Why?", "Is it optional?", "What about contractors?"])
def test_a_follow_up_is_made_self_contained(question: str) -> None:
    made = make_standalone(question, [FIRST])
    assert made.text == f"{FIRST} {question}"
    assert made.earlier == FIRST
    assert made.question == question


@pytest.mark.parametrize("question", [OTHER, "What does Article 33 of the GDPR say about that?"])
def test_a_change_of_topic_is_left_alone(question: str) -> None:
    made = make_standalone(question, [FIRST])
    assert (made.text, made.earlier) == (question, "")


def test_without_history_nothing_is_added() -> None:
    made = make_standalone("And then?", [])
    assert (made.text, made.earlier) == ("And then?", "")


def test_a_chain_rests_on_its_first_question_and_the_last() -> None:
    made = make_standalone("Why?", [FIRST, "And for apprentices?"])
    assert made.earlier == f"{FIRST} And for apprentices?"
    made = make_standalone("Why?", [FIRST, "And for apprentices?", "What about contractors?"])
    assert made.earlier == f"{FIRST} What about contractors?"


def test_history_is_read_oldest_first() -> None:
    assert make_standalone("Why?", [FIRST, OTHER]).earlier == OTHER
    assert make_standalone("Why?", [OTHER, FIRST]).earlier == FIRST
