"""What a quantity limits, how long it can be, and who has to do what."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pincite.answer.measures import (
    Limit,
    Role,
    act_of,
    decider_in,
    measures_in,
    objects_of,
    parties_of,
    vague_time_in,
)


@pytest.mark.parametrize(
    ("sentence", "role", "limit", "words", "days"),
    [
        ("The keeper must reply within 15 calendar days.", Role.DEADLINE, Limit.MOST, "15 calendar days", (15, 16)),
        ("The keeper must reply within 15 working days.", Role.DEADLINE, Limit.MOST, "15 working days", (15, 34)),
        ("It shall do so not later than 72 hours after it.", Role.DEADLINE, Limit.MOST, "72 hours", (3, 3)),
        ("It shall do so no later than two weeks after it.", Role.DEADLINE, Limit.MOST, "two weeks", (14, 15)),
        ("It shall reply in any event within one month.", Role.DEADLINE, Limit.MOST, "one month", (28, 31)),
        ("It shall reply within two months.", Role.DEADLINE, Limit.MOST, "two months", (59, 62)),
        (
            "That period may be extended by two further months.",
            Role.EXTENSION,
            Limit.MOST,
            "two further months",
            (59, 62),
        ),
        ("It may be extended once, by at most 10 days.", Role.EXTENSION, Limit.MOST, "10 days", (10, 11)),
        ("The scales must be checked every 3 months.", Role.FREQUENCY, Limit.MOST, "3 months", (89, 92)),
        ("Ledgers are kept for six years.", Role.RETENTION, Limit.EXACT, "six years", (2191, 2192)),
        ("Ledgers must be kept for at least 5 years.", Role.RETENTION, Limit.LEAST, "5 years", (1826, 1827)),
        ("Ledgers must be stored for no longer than 1 year.", Role.RETENTION, Limit.MOST, "1 year", (365, 366)),
    ],
)
def test_a_time_has_a_role_a_side_and_a_range(
    sentence: str, role: Role, limit: Limit, words: str, days: tuple[int, int]
) -> None:
    (found,) = measures_in(sentence)
    assert (found.role, found.limit, found.span.of(sentence)) == (role, limit, words)
    assert (found.low / 24, found.high / 24) == days


@pytest.mark.parametrize(
    ("sentence", "role", "value"),
    [
        ("A child below the age of 16 years needs consent.", Role.AGE, 16),
        ("Data of people under 18 must be left out.", Role.AGE, 18),
        ("The fee must be up to EUR 20 million.", Role.AMOUNT, 20_000_000),
        ("The fine is up to 4 % of the turnover.", Role.AMOUNT, 4),
    ],
)
def test_ages_and_amounts(sentence: str, role: Role, value: int) -> None:
    assert [(one.role, one.value) for one in measures_in(sentence)] == [(role, Decimal(value))]


@pytest.mark.parametrize(
    "sentence",
    [
        "There are 72 hours in three days.",
        "Under 18 months of work led to the tree.",  # no age
        "The climb lasts for six years.",  # nothing is kept
        "Fewer than 250 persons are employed.",
        "See section 4.2 within this policy.",
        "The fee is 30 euros.",  # no limit
        "Within 0 days of it.",
    ],
)
def test_other_numbers_limit_nothing(sentence: str) -> None:
    assert measures_in(sentence) == []


def test_offsets_count_from_where_the_sentence_stands() -> None:
    text = "Preface. The keeper must reply within 9 days."
    (found,) = measures_in(text[9:], 9)
    assert found.span.of(text) == "9 days"


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("It shall tell the owner without undue delay.", "without undue delay"),
        ("It shall tell the owner promptly.", "promptly"),
        ("It shall tell the owner within a day.", None),
        ("A delay is no excuse.", None),
    ],
)
def test_haste_without_a_number(sentence: str, words: str | None) -> None:
    found = vague_time_in(sentence)
    assert (found and found.of(sentence)) == words


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Trees may be felled only with the written approval of the Head of Orchards.", "Head of Orchards"),
        ("It needs the prior authorisation of the owner before work begins.", "owner"),
        ("The approval was a surprise.", None),
    ],
)
def test_whose_approval_is_needed(sentence: str, words: str | None) -> None:
    found = decider_in(sentence)
    assert (found and found.of(sentence)) == words


@pytest.mark.parametrize(
    ("sentence", "act"),
    [
        ("The controller shall, where feasible, not later than # after it, notify the owner.", "notify"),
        ("The controller shall provide information on action taken on a request within #.", "answer"),
        ("Requests must be answered within #.", "answer"),
        ("The desk must acknowledge the request within # and must give the date of the answer.", "acknowledge"),
        ("The desk must answer requests and must delete copies within #.", "delete"),
        ("Trees must be felled within #.", ""),
        ("Requests answered within #.", ""),  # no rule without a modal verb
    ],
)
def test_the_act_that_a_quantity_limits(sentence: str, act: str) -> None:
    assert act_of(sentence, sentence.index("#")) == act


@pytest.mark.parametrize(
    ("sentence", "actor", "others"),
    [
        ("The processor shall notify the controller within #.", "processor", {"controller"}),
        (
            "In the case of a breach, the controller shall notify the supervisory authority within #.",
            "controller",
            {"authority"},
        ),
        ("We must notify the data subject within #.", "", {"person"}),
        ("Data subject requests must be answered within #.", "", set()),
        ("The supervisory authority shall reply to the processor within #.", "authority", {"processor"}),
    ],
)
def test_who_must_act_and_towards_whom(sentence: str, actor: str, others: set[str]) -> None:
    assert parties_of(sentence, sentence.index("#")) == (actor, others)


def test_words_that_stand_everywhere_are_no_objects() -> None:
    assert objects_of("The controller shall process personal data without undue delay.") == set()
    assert objects_of("Ladders and apples.") == objects_of("apples, ladders") != set()
    assert objects_of("delete it") == objects_of("erase it")
