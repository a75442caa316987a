"""Stricter, looser, the same, silent, different, or nothing."""

from __future__ import annotations

import pytest

from pincite.answer.differences import Compared, compare, describe, differences_between
from pincite.domain.answers import Citation, Relation
from pincite.domain.documents import DocumentKind, Span

LAW = "The controller shall answer a complaint about apples within one month of receipt."
TELL = "The processor shall notify the controller without undue delay of a loss of apples."


def pairs(policy: str, law: str) -> list[Compared]:
    return compare(policy, [Span(0, len(policy))], law, [Span(0, len(law))])


def relation(policy: str, law: str) -> str:
    found = pairs(policy, law)
    return found[0].relation.value if found else ""


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Complaints about apples must be answered within 15 days.", "stricter"),
        ("Complaints about apples must be answered within 27 days.", ""),  # 27 days and what is left of the first: 28
        ("Complaints about apples must be answered within 26 days.", "stricter"),
        ("Complaints about apples must be answered within 30 days.", ""),  # longer than February
        ("Complaints about apples must be answered within 31 days.", ""),
        ("Complaints about apples must be answered within 32 days.", "looser"),
        ("Complaints about apples must be answered within two months.", "looser"),
        ("Complaints about apples must be answered within one month.", "same"),
        ("Complaints about apples must be answered within 5 working days.", "stricter"),
        ("Complaints about apples must be answered within 20 working days.", ""),  # may take 28 days or more
        ("Complaints about apples must be answered within 40 working days.", "looser"),
        ("Complaints about ladders must be answered within 15 days.", ""),  # other things
        ("Complaints about apples must be acknowledged within 2 days.", ""),  # another act
        ("Processors must answer a complaint about apples within 15 days.", ""),  # another party
        ("Complaints about apples must be kept for 15 days.", ""),  # another role
        ("Complaints about apples are answered in 15 days.", ""),
    ],
)
def test_deadlines(policy: str, expected: str) -> None:
    assert relation(policy.replace("Complaints", "A complaint"), LAW) == expected


@pytest.mark.parametrize(
    ("policy", "law", "expected"),
    [
        ("kept for no longer than 2 years", "kept for no longer than 3 years", "stricter"),
        ("kept for no longer than 4 years", "kept for no longer than 3 years", "looser"),
        ("kept for at least 4 years", "kept for at least 3 years", "stricter"),
        ("kept for at least 2 years", "kept for at least 3 years", "looser"),
        ("kept for no longer than 2 years", "kept for at least 3 years", "looser"),
        ("kept for no longer than 4 years", "kept for at least 3 years", ""),
        ("kept for at least 2 years", "kept for no longer than 3 years", ""),
        ("kept for at least 4 years", "kept for no longer than 3 years", "looser"),
        ("kept for 2 years", "kept for at least 3 years", "looser"),
        ("kept for 4 years", "kept for at least 3 years", "stricter"),
        ("kept for 4 years", "kept for no longer than 3 years", "looser"),
        ("kept for 2 years", "kept for 3 years", "looser"),
        ("kept for 3 years", "kept for 3 years", "same"),
        ("kept for at least 3 years", "kept for no longer than 3 years", ""),
        ("kept for no longer than 2 years", "kept for 3 years", "looser"),
        ("kept for at least 2 years", "kept for 3 years", ""),
    ],
)
def test_periods_to_keep(policy: str, law: str, expected: str) -> None:
    assert relation(f"Ledgers of apples must be {policy}.", f"Ledgers of apples shall be {law}.") == expected


@pytest.mark.parametrize(
    ("policy", "law", "expected"),
    [
        ("Scales must be reviewed every 3 months.", "Scales shall be reviewed every 12 months.", "stricter"),
        ("Scales must be reviewed every 24 months.", "Scales shall be reviewed every year.", ""),  # no number
        ("Scales must be reviewed every 24 months.", "Scales shall be reviewed every 12 months.", "looser"),
        (
            "Parents must consent for a child under 18.",
            "Parents shall consent for a child below the age of 16 years.",
            "stricter",
        ),
        ("Parents must consent for a child under 13.", "Parents shall consent for a child under 16.", "looser"),
        ("We may charge up to 5 euros for a copy.", "The controller may charge up to 10 euros for a copy.", "stricter"),
        ("We may charge up to 5 dollars for a copy.", "The controller may charge up to 5 euros for a copy.", ""),
    ],
)
def test_intervals_ages_and_amounts(policy: str, law: str, expected: str) -> None:
    assert relation(policy, law) == expected


def test_the_law_is_silent_only_on_a_number_for_the_same_party_and_act() -> None:
    assert relation("Processors must notify us of a loss of apples within 12 hours.", TELL) == "silent"
    assert relation("We must notify the owner of a loss of apples within 12 hours.", TELL) == ""
    assert relation("Processors must notify us of a visit within 12 hours.", TELL) == ""
    with_number = TELL.replace("delay", "delay and not later than 9 hours after it")
    assert relation("Processors must notify us of a loss of apples within 12 hours.", with_number) == "looser"


def test_an_extension_is_compared_by_the_deadline_before_it() -> None:
    policy = "A complaint about apples must be answered within 15 days. 6.2 The period may be extended by one month."
    law = f"{LAW} That period may be extended by two further months."
    ours, theirs = Span(policy.index("The period"), len(policy)), Span(law.index("That"), len(law))
    assert [one.relation.value for one in compare(policy, [ours], law, [theirs])] == ["stricter"]
    elsewhere = law.replace("apples", "ladders")
    theirs = Span(elsewhere.index("That"), len(elsewhere))
    assert compare(policy, [ours], elsewhere, [theirs]) == []


def test_who_decides() -> None:
    policy = "Apples may be transferred only with the approval of the head gardener."
    law = "Apples shall be transferred only with the authorisation of the orchard board."
    (found,) = pairs(policy, law)
    assert (found.relation, found.policy.of(policy), found.law.of(law)) == (
        Relation.DIFFERENT, "head gardener", "orchard board"
    )  # fmt: skip
    assert pairs(policy, law.replace("orchard board", "head gardener")) == []
    assert pairs(policy, law.replace("Apples", "Ladders")) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Relation.STRICTER, "Policy and law differ: P 4.1 (15 days) is stricter than L Art. 12 (one month)."),
        (Relation.LOOSER, "Policy and law conflict: P 4.1 (15 days) is not within what L Art. 12 (one month) allows."),
        (Relation.SAME, "Policy and law agree: P 4.1 (15 days) and L Art. 12 (one month)."),
    ],
)
def test_the_finding_in_words(kind: Relation, words: str) -> None:
    found = pairs("A complaint about apples must be answered within 15 days.", LAW)[0]
    found = Compared(kind, found.role, found.policy, found.law)
    assert describe(found, "P 4.1", "15 days", "L Art. 12", "one month") == words


def citation(n: int, text: str, kind: DocumentKind) -> Citation:
    return Citation(n, kind.value, "", kind.value, "1", kind, text, 0, len(text), "")


def test_figures_are_cut_from_the_texts_cited() -> None:
    texts = {"policy": "A complaint about apples must be answered within 15 days.", "law": LAW}
    cited = [citation(1, texts["policy"], DocumentKind.POLICY), citation(2, LAW, DocumentKind.LAW)]
    (found,) = differences_between(cited, texts.__getitem__)
    assert (found.relation, found.role, found.policy, found.law) == (Relation.STRICTER, "deadline", 1, 2)
    assert (found.policy_span.of(texts["policy"]), found.law_span.of(LAW)) == ("15 days", "one month")
    assert found.to_json()["law"] == {"citation": 2, "start": found.law_span.start, "end": found.law_span.end}
    assert differences_between(cited[:1], texts.__getitem__) == ()
    assert differences_between([citation(1, LAW, DocumentKind.LAW), cited[1]], texts.__getitem__) == ()
