"""The kind of figure that a question asks for, and sentences that give one."""

import pytest

from pincite.search.figures import asked_figure, gives_figure


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How long do we keep call recordings?", "time"),
        ("By when must the notice be out?", "time"),
        ("How many working days do we have to answer?", "time"),
        ("We lost a laptop. When does the first report have to be sent?", "time"),
        ("How often is access reviewed?", "time"),
        ("What is the maximum fine for late filing?", "sum"),
        ("How much does a second copy cost?", "sum"),
        ("From what age may a child agree alone?", "age"),
        ("From which date on is the charge forbidden?", "date"),
        ("When is a platform very large, at how many users?", "count"),
        ("After how many wrong tries is an account locked?", "count"),
        ("May a supplier see the customer list?", ""),
        ("What must we do when a visitor has no badge?", ""),
        ("Who approves an exception?", ""),
        ("How much time do we have to report a loss?", "time"),
        ("What must we do before we pay a supplier?", ""),
        ("Which data may we keep about fines?", ""),
        ("What is the fee policy?", ""),
        ("What tax rate holds for apples?", "sum"),
        ("Which percentage of the turnover can be taken?", "sum"),
        ("What rate limits hold for the interface?", ""),
        ("Which losses do we rate as critical?", ""),
        ("What has the auditor to rate?", ""),
    ],
)
def test_what_a_question_asks_for(question: str, kind: str) -> None:
    assert asked_figure(question) == kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What do we have to do, and by when?", ""),
        ("A visitor wants it removed. Must we, and within how many days?", ""),
        ("May we keep it and for how long?", ""),
        ("Who must be told and also how soon?", ""),
        ("How long do we keep it and how often is it checked?", "time"),
        ("What is kept? And for how long?", "time"),
        ("Sales and marketing: how long do they keep it?", "time"),
        ("What may a visitor take, how many badges and how often?", "count"),
    ],
)
def test_who_asks_for_more_than_a_figure_has_half_an_answer_without_one(question: str, kind: str) -> None:
    assert asked_figure(question, plainly=True) == kind


@pytest.mark.parametrize(
    ("kind", "words", "gives"),
    [
        ("time", "Recordings are deleted after ninety days.", True),
        ("time", "Access is reviewed quarterly.", True),
        ("time", "Recordings are deleted by the facilities team.", False),
        ("sum", "a fine of up to EUR 10 000", True),
        ("sum", "up to 2 % of the turnover", True),
        ("sum", "within 30 days", False),
        ("age", "where the child is at least 16 years old", True),
        ("age", "within 16 days", False),
        ("date", "From 1 March 2031, no charge may be made.", True),
        ("date", "No charge may be made from then on.", False),
        ("count", "an account is locked after six failed attempts", True),
        ("count", "an account is locked after failed attempts", False),
        ("", "after six failed attempts", False),
    ],
)
def test_what_words_give(kind: str, words: str, gives: bool) -> None:
    assert gives_figure(words, kind) is gives


@pytest.mark.parametrize(
    "question",
    ["When is an impact assessment required?", "When must people be told?", "What happens if we miss the deadline?"],
)
def test_a_condition_may_be_asked_for_as_well(question: str) -> None:
    assert asked_figure(question) == "time"
    assert asked_figure(question, plainly=True) == ""
