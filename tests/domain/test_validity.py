"""In force or not: one document, and versions that follow one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.domain.documents import Provenance
from pincite.domain.validity import State, Versions, validity

DAY = date(2031, 6, 15)
DATES = st.dates(date(2029, 1, 1), date(2033, 1, 1))
MAYBE = st.none() | DATES


@dataclass(frozen=True)
class Fake:
    slug: str
    provenance: Provenance
    title: str = ""
    short: str = "The Policy"
    aliases: tuple[str, ...] = ()


def dated(effective: date | str | None = "", until: date | str | None = "", superseded_by: str = "") -> Provenance:
    return Provenance(effective=str(effective or ""), until=str(until or ""), superseded_by=superseded_by)


def versions(**documents: Provenance) -> Versions:
    return Versions(Fake(slug.replace("_at_", "@"), own) for slug, own in documents.items())


@pytest.mark.parametrize(
    ("own", "state", "words"),
    [
        (dated(), State.IN_FORCE, "in force"),
        (dated("2031-06-15", "2031-06-15"), State.IN_FORCE, "in force"),
        (dated("2031-06-16"), State.NOT_YET, "not yet in force: effective from 2031-06-16"),
        (dated("", "2031-06-14"), State.EXPIRED, "expired: in force until 2031-06-14"),
        (dated(superseded_by="Other"), State.SUPERSEDED, "superseded by Other"),
        (dated("", "2031-06-14", "Other"), State.SUPERSEDED, "superseded by Other since 2031-06-15"),
        (dated("", "2031-06-15", "Other"), State.IN_FORCE, "in force"),
    ],
)
def test_one_document(own: Provenance, state: State, words: str) -> None:
    found = validity(own, None, DAY)
    assert (found.state, found.words) == (state, words)


@pytest.mark.parametrize(
    ("successor", "state"),
    [("2031-06-15", State.SUPERSEDED), ("2031-06-16", State.IN_FORCE), ("", State.SUPERSEDED)],
)
def test_a_successor_counts_from_its_effective_date_on(successor: str, state: State) -> None:
    assert validity(dated("2030-01-01", superseded_by="new"), dated(successor), DAY).state is state


@given(MAYBE, MAYBE, MAYBE, st.booleans(), DATES, DATES)
def test_a_text_is_in_force_in_one_stretch_of_time(
    effective: date | None, until: date | None, next_one: date | None, followed: bool, one: date, other: date
) -> None:
    """Between two days on which a text is in force there is none on which it is not; once superseded, for good."""
    own = dated(effective, until, "next" if followed else "")
    successor = dated(next_one) if followed else None
    low, high = sorted((one, other))
    at_low, at_high = (validity(own, successor, day) for day in (low, high))
    if at_low.state is at_high.state is State.IN_FORCE:
        middle = low + (high - low) / 2
        assert validity(own, successor, middle).state is State.IN_FORCE
    if at_low.state is State.SUPERSEDED:
        assert at_high.state is State.SUPERSEDED
    if at_low.state is State.EXPIRED:
        assert at_high.state in (State.EXPIRED, State.SUPERSEDED)
    if at_high.state is State.NOT_YET:
        assert at_low.state is State.NOT_YET
    if at_low.state is State.NOT_YET:
        assert at_low.since == effective
        assert validity(own, successor, effective or low).state is not State.NOT_YET


@given(st.lists(st.tuples(MAYBE, MAYBE), min_size=1, max_size=5), st.booleans(), DATES, MAYBE)
def test_two_versions_of_one_document_never_both_answer(
    dates: list[tuple[date | None, date | None]], stated: bool, today: date, as_of: date | None
) -> None:
    """Also in any order of their dates, with gaps, without dates; named as versions, or stated to follow each other."""
    names = [f"policy@{n}" for n in range(len(dates) - 1)] + ["policy"]
    if not stated:  # by name alone there is an order only among dated versions
        dates = [(effective or today, until) for effective, until in dates]
        dates = [
            (effective + timedelta(days=n), until)
            for n, (effective, until) in enumerate(sorted(dates, key=lambda d: d[0]))
        ]
    documents = [
        Fake(name, dated(effective, until, following if stated else ""))
        for name, following, (effective, until) in zip(names, [*names[1:], ""], dates, strict=True)
    ]
    assert len(Versions(documents).searched(as_of, today)) <= 1


@given(st.lists(DATES, min_size=2, max_size=4, unique=True), DATES)
def test_of_a_line_of_versions_the_latest_in_force_answers(starts: list[date], day: date) -> None:
    starts.sort()
    names = [*(f"policy@{start}" for start in starts[:-1]), "policy"]
    line = Versions(
        Fake(name, dated(start, superseded_by=following))
        for name, following, start in zip(names, [*names[1:], ""], starts, strict=True)
    )
    right = {name for name, start in zip(names, starts, strict=True) if start <= day}
    latest = [name for name in names if name in right][-1:]
    assert line.searched(day, DAY) == set(latest)
    assert line.searched(None, day) == set(latest or names[:1])  # else the next to come, which says so


def test_a_text_that_comes_waits_for_its_day_and_an_expired_one_yields() -> None:
    found = versions(policy=dated("2032-01-01"), policy_at_1=dated("2030-01-01", superseded_by="policy"))
    assert found.searched(None, DAY) == {"policy@1"}
    assert found.searched(date(2032, 1, 1), DAY) == {"policy"}
    gap = versions(policy=dated("2032-01-01"), policy_at_1=dated("2030-01-01", "2031-01-01", "policy"))
    assert gap.searched(None, DAY) == set() or gap.searched(None, DAY) == {"policy"}
    assert versions(law=dated("2032-01-01"), other=dated("", "2030-01-01")).searched(None, DAY) == {"law", "other"}
    assert versions(law=dated("2032-01-01"), other=dated("", "2030-01-01")).searched(DAY, DAY) == set()


def test_two_policies_merged_into_one_answer_until_then() -> None:
    found = versions(
        a=dated("2030-01-01", superseded_by="c"), b=dated("2030-02-01", superseded_by="c"), c=dated("2032-01-01")
    )
    assert found.searched(None, DAY) == {"a", "b"}
    assert found.searched(None, date(2032, 1, 1)) == {"c"}


def test_remarks() -> None:
    found = versions(
        policy=replace(dated("2031-01-01"), version="3"),
        policy_at_2=dated("2030-01-01", superseded_by="policy"),
        law=dated("2032-01-01"),
    )
    assert found.remark("policy", None, DAY) == ""
    assert found.remark("policy", DAY, DAY) == ""
    assert found.remark("law", None, DAY) == "not yet in force: effective from 2032-01-01"
    then = date(2030, 6, 1)
    assert found.remark("policy@2", then, DAY) == "in force on 2030-06-01; superseded by version 3 since 2031-01-01"
    later = date(2032, 6, 1)
    assert found.remark("law", later, DAY) == (
        "in force on 2032-06-01; today not yet in force: effective from 2032-01-01"
    )


def test_a_successor_may_be_named_by_title_or_alias() -> None:
    documents = [
        Fake("old", dated("2030-01-01", superseded_by="NEW Policy")),
        Fake("new-one", dated("2031-01-01"), title="New policy", short="New"),
    ]
    found = Versions(documents).validity("old", DAY)
    assert (found.state, found.words) == (State.SUPERSEDED, "superseded by New since 2031-01-01")


def test_a_circle_of_successors_ends() -> None:
    found = versions(a=dated(superseded_by="b"), b=dated(superseded_by="a"))
    assert found.searched(None, DAY) == set()
