"""Intervals and tests on cases worked out by hand."""

import numpy as np
import pytest

from pincite.evaluate.statistics import bootstrap, mcnemar, permutation, quantile, ratio, wilson


def column(*values: float) -> np.ndarray:
    return np.array([(value, 1.0) for value in values])


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [
        (6, 25, 0.1150, 0.4343),
        # at 0 and n of n: z²/(n + z²) with z² = 3.8415
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (0, 0, 0.0, 1.0),
        # in the middle the interval is 1/2 ± z/2 / sqrt(n + z²)
        (5, 10, 0.5 - 0.2634, 0.5 + 0.2634),
    ],
)
def test_wilson(right: int, count: int, low: float, high: float) -> None:
    assert wilson(right, count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("lost", "won", "p"),
    [
        (0, 0, 1.0),
        (0, 5, 2 / 32),
        (5, 0, 2 / 32),
        (1, 5, 2 * (1 + 6) / 64),
        (3, 3, 1.0),  # twice the tail would be more than 1
        (2, 8, 2 * (1 + 10 + 45) / 1024),
    ],
)
def test_mcnemar(lost: int, won: int, p: float) -> None:
    assert mcnemar(lost, won) == pytest.approx(p)


def test_mcnemar_of_thousands_does_not_overflow() -> None:
    assert 0 <= mcnemar(1000, 1400) < 1e-9
    assert mcnemar(1200, 1200) == 1.0


def test_permutation_of_three_pairs() -> None:
    # of 8 ways to swap, only none and all give a difference of 1
    assert permutation(column(0, 0, 0), column(1, 1, 1), ratio) == 2 / 8


def test_permutation_of_unequal_differences() -> None:
    # differences 3, 1, -1: the sum is 3; the sums over the signs are ±5, ±3 (twice), ±1: all but ±1 are as extreme
    assert permutation(column(0, 0, 1), column(3, 1, 0), ratio) == 6 / 8


def test_permutation_leaves_equal_pairs_out() -> None:
    first, second = column(0, 0, 0, *[0.5] * 40), column(1, 1, 1, *[0.5] * 40)
    assert permutation(first, second, ratio) == 2 / 8
    assert permutation(first, first, ratio) == 1.0


def test_permutation_of_shares_swaps_whole_questions() -> None:
    # 1 of 1 and 0 of 3 against 0 of 1 and 3 of 3: 1/4 against 3/4; swapping the first question: 0/4 against 4/4
    first = np.array([(1.0, 1.0), (0.0, 3.0)])
    second = np.array([(0.0, 1.0), (3.0, 3.0)])
    assert permutation(first, second, ratio) == 1.0


def test_permutation_of_many_pairs_is_drawn_and_repeatable() -> None:
    first, second = column(*[0.0] * 30), column(*[1.0] * 30)
    p = permutation(first, second, ratio)
    assert p == pytest.approx(1 / 10_001)
    noisy = column(*[(i * 7) % 5 for i in range(30)])
    shuffled = column(*[(i * 3 + 1) % 5 for i in range(30)])
    once = permutation(noisy, shuffled, ratio)
    assert once == permutation(noisy, shuffled, ratio)
    assert 0.3 < once <= 1


def test_permutation_of_medians() -> None:
    # medians 1 and 5; swaps of three pairs keep |difference| 4 only for none and all, and for those that leave the
    # middle values apart: (1, 2, 3) against (4, 5, 6) has medians 2 and 5; swapping one of the outer pairs of
    # (1, 4), (2, 5), (3, 6) gives 4 against 3 or 3 against 5, swapping the middle one 3 against 4
    assert permutation(column(1, 2, 3), column(4, 5, 6), quantile(0.5)) == 2 / 8


def test_bootstrap_holds_the_value_and_is_repeatable() -> None:
    values = column(*range(101))
    low, high = bootstrap(values, ratio)
    assert (low, high) == bootstrap(values, ratio)
    # the mean's standard error is 29.15 / sqrt(101) = 2.90
    assert low == pytest.approx(50 - 1.96 * 2.90, abs=0.7)
    assert high == pytest.approx(50 + 1.96 * 2.90, abs=0.7)


def test_bootstrap_leaves_out_draws_without_a_count() -> None:
    sample = np.array([(1.0, 1.0), (0.0, 0.0)])
    assert bootstrap(sample, ratio) == (1.0, 1.0)


def test_quantile_interpolates() -> None:
    assert float(quantile(0.5)(column(1, 2, 3, 10))) == 2.5
    assert float(quantile(0.95)(column(*range(101)))) == 95
