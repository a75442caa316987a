"""Numbers in prose: spellings of the same quantity are equal, numbers of provisions are none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.domain.numbers import numbers_in, provision_numbers_in, quantities_in

UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
UNITS += "seventeen eighteen nineteen".split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(number: int, joint: str = "-") -> str:
    if number < 20:
        return UNITS[number]
    return TENS[number // 10] + (joint + UNITS[number % 10] if number % 10 else "")


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("72 hours", 72, "hour"),
        ("seventy-two hours", 72, "hour"),
        ("Seventy two hours", 72, "hour"),
        ("a 72-hour limit", 72, "hour"),
        ("30 calendar days", 30, "day"),
        ("one month", 1, "month"),
        ("20 000 000 EUR", 20_000_000, "euro"),
        ("20,000,000 euros", 20_000_000, "euro"),
        ("20 million euros", 20_000_000, "euro"),
        ("EUR 20 million", 20_000_000, "euro"),
        ("EUR 20 000 000", 20_000_000, "euro"),
        ("€20m", 20_000_000, "euro"),
        ("$5", 5, "dollar"),
        ("4 %", 4, "percent"),
        ("four per cent", 4, "percent"),
        ("4 percent", 4, "percent"),
        ("one hundred days", 100, "day"),
        ("two hundred and fifty employees", 250, "employee"),
        ("250 employees", 250, "employee"),
        ("1.5 metres", Decimal("1.5"), ""),
    ],
)
def test_quantities(text: str, value: int, unit: str) -> None:
    assert quantities_in(text) == {(Decimal(value), unit)}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Article 33", {"33"}),
        ("Article 33(1)", {"33", "1"}),
        ("Articles 5, 6 and 9", {"5", "6", "9"}),
        ("Art. 12 to 14", {"12", "14"}),
        ("Recital 85 of the Regulation", {"85"}),
        ("policy 6.2", {"6.2"}),
        ("under § 164.408(b)", {"164.408"}),
        ("Regulation (EU) 2016/679", {"2016/679"}),
    ],
)
def test_provision_numbers_are_no_quantities(text: str, numbers: set[str]) -> None:
    assert provision_numbers_in(text) == numbers
    assert numbers_in(text) == set()


def test_a_deadline_beside_a_provision_is_a_quantity() -> None:
    assert quantities_in("Article 33 and 72 hours") == {(Decimal(72), "hour")}
    assert provision_numbers_in("Article 33 and 72 hours") == {"33"}


def test_one_as_a_pronoun_is_no_number() -> None:
    assert numbers_in("one of the following") == set()
    assert numbers_in("someone waits for ten tension rods often") == {Decimal(10)}


@given(st.integers(2, 99), st.sampled_from(["hours", "days", "months", "%", "employees"]), st.sampled_from("- "))
def test_spelled_numbers_equal_digits(number: int, unit: str, joint: str) -> None:
    assert quantities_in(f"within {spelled(number, joint)} {unit} of it") == quantities_in(
        f"within {number} {unit} of it"
    )


@given(st.integers(1, 9), st.integers(2, 99))
def test_hundreds_do_not_fall_apart(hundreds: int, rest: int) -> None:
    assert numbers_in(f"{spelled(hundreds)} hundred and {spelled(rest)} people") == {Decimal(100 * hundreds + rest)}


@given(st.integers(1000, 999_999_999))
def test_groups_of_digits_are_one_number(number: int) -> None:
    expected = {(Decimal(number), "euro")}
    assert quantities_in(f"{number:,} euros") == quantities_in(f"{number:_} euros".replace("_", " ")) == expected
