"""Intervals and paired tests: Wilson, bootstrap, McNemar, permutation; seeded, so that the same data give the same.

A sample is an array of shape (n, 2): for each question a numerator and a denominator. A mean has denominators of 1;
a share of citations has the citations of each question as denominators, so that a question is drawn with all it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

__all__ = ["bootstrap", "mcnemar", "permutation", "quantile", "ratio", "wilson"]

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From samples of shape (…, n, 2) to values of shape (…); NaN where a denominator is 0."""

_Z = 1.959963984540054
"""The standard normal's quantile for 95% both sides."""
_DRAWS = 2000
_SWAPS = 10_000
_EXACT = 13
"""Pairs that differ up to which all 2^n swaps are counted instead of drawn."""
_CHUNK = 2_000_000
_SEED = 20261


def ratio(samples: Floats) -> Floats:
    """Return the sum of numerators over the sum of denominators."""
    top, bottom = samples[..., 0].sum(axis=-1), samples[..., 1].sum(axis=-1)
    empty = np.full_like(top, np.nan)
    return np.asarray(np.divide(top, bottom, out=empty, where=bottom > 0), dtype=np.float64)


def quantile(share: float) -> Statistic:
    """Return the statistic that gives this quantile of the numerators, interpolated."""

    def value(samples: Floats) -> Floats:
        return np.asarray(np.quantile(samples[..., 0], share, axis=-1), dtype=np.float64)

    return value


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95% score interval of a proportion (Wilson 1927); (0, 1) if nothing was counted."""
    if count == 0:
        return 0.0, 1.0
    share = right / count
    middle = share + _Z**2 / (2 * count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    # the ends are exact; rounding would leave 0.9999999999999999
    return (middle - half) / scale if right else 0.0, (middle + half) / scale if right < count else 1.0


def bootstrap(sample: Floats, statistic: Statistic) -> tuple[float, float]:
    """Return the 95% percentile interval of a statistic over questions drawn again with replacement (Efron 1979)."""
    count = len(sample)
    random = np.random.default_rng(_SEED)
    values = [statistic(sample[random.integers(0, count, (draws, count))]) for draws in _chunks(_DRAWS, count)]
    low, high = np.nanquantile(np.concatenate(values), (0.025, 0.975))
    return float(low), float(high)


def mcnemar(lost: int, won: int) -> float:
    """Return the exact two-sided p-value that as many questions were lost as won (McNemar 1947, binomial)."""
    count = lost + won
    if count == 0:
        return 1.0
    tail = sum(math.comb(count, i) for i in range(min(lost, won) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**count)))


def permutation(first: Floats, second: Floats, statistic: Statistic) -> float:
    """Return the two-sided p-value of a difference between paired samples, by swapping pairs (Fisher 1935).

    With up to 13 pairs that differ every swap is counted and the value is exact; with more, 10,000 are drawn and the
    value is (1 + as extreme) / (1 + drawn).

    Args:
        first, second: shape (n, 2), row for row the same questions.
        statistic: what is compared.
    """
    different = np.flatnonzero((first != second).any(axis=1))
    if len(different) == 0:
        return 1.0
    seen = abs(_difference(statistic(first), statistic(second)))
    exact = len(different) <= _EXACT
    random = np.random.default_rng(_SEED)
    extreme = total = 0
    for size in _chunks(2 ** len(different) if exact else _SWAPS, len(first)):
        if exact:
            swaps = (np.arange(total, total + size)[:, None] >> np.arange(len(different))) & 1 == 1
        else:
            swaps = random.random((size, len(different))) < 0.5
        mask = np.zeros((size, len(first), 1), dtype=bool)
        mask[:, different, 0] = swaps
        left = statistic(np.where(mask, second, first))
        right = statistic(np.where(mask, first, second))
        extreme += int((np.abs(_difference(left, right)) >= seen - 1e-12).sum())
        total += size
    return extreme / total if exact else (1 + extreme) / (1 + total)


def _difference(first: Floats, second: Floats) -> Floats:
    return np.nan_to_num(second) - np.nan_to_num(first)


def _chunks(total: int, width: int) -> Sequence[int]:
    """Divide `total` rows of `width` into parts that fit into memory."""
    size = max(1, _CHUNK // max(1, width))
    return [min(size, total - at) for at in range(0, total, size)]
