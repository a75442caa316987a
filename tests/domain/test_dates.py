"""Dates: every usual form, nothing guessed."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.domain.dates import iso_date, read_date


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31 09:30:00+01:00", "2026/01/31", "31 January 2026",
        "31st January 2026", "31. January 2026", "31 Jan 2026", "31-Jan-2026", "January 31, 2026", "Jan. 31 2026",
        "  31   January  2026 ", "31/01/2026", "01/31/2026", "31.1.2026",
    ],
)  # fmt: skip
def test_usual_forms(text: str) -> None:
    assert read_date(text) == date(2026, 1, 31)


def test_a_day_equal_to_its_month_is_no_question() -> None:
    assert read_date("03/03/2026") == date(2026, 3, 3)
    assert read_date("2 Sept 2026") == date(2026, 9, 2)


@pytest.mark.parametrize("text", ["01/02/2026", "1.2.2026", "12-11-2026"])
def test_what_can_be_read_in_two_ways_is_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"can be read as 2026-\d\d-\d\d or 2026-\d\d-\d\d"):
        read_date(text)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "January 2026", "2026", "30 February 2026", "2026-13-01", "31/31/2026", "1 Ju 2026", "1 Foo 2026"],
)
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        read_date(text)


@given(st.dates())
def test_every_date_is_read_back(day: date) -> None:
    assert read_date(day.isoformat()) == iso_date(day.isoformat()) == day
    assert read_date(f"{day.day} {day:%B} {day.year:04}") == day
    assert read_date(f"{day:%b} {day.day}, {day.year:04}") == day


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text: str) -> None:
    for read in (read_date, iso_date):
        with suppress(ValueError):
            assert isinstance(read(text), date)
