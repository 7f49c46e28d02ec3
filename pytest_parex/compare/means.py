"""Interval of a mean, over cases or over the repeats of a single one.

Student's t keeps its level for numbers that are symmetric, and fails for durations and costs with a long tail: over
seven lognormal cases it covers 83 % instead of 95 %. Cox's interval for the lognormal mean with Student's quantile
(Zhou & Gao 1997, "Confidence intervals for the log-normal mean"; Olsson 2005, Journal of Statistics Education 13) fails
for others. Where all numbers are positive, the interval that is given encloses both and holds for either shape; for
numbers whose spread is small beside their size the two are the same. Under five values, and where all of them are
equal, an interval cannot keep its level and is withheld.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from pytest_parex.compare.skewness import multiplied

LEAST = 5
"""Values that an interval needs."""


def student(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Student's t interval."""
    numbers = np.asarray(values, dtype=np.float64)
    return _around(float(numbers.mean()), float(numbers.std(ddof=1)) / math.sqrt(len(numbers)), len(numbers), level)


def cox(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Cox's interval of a lognormal mean; all values are positive."""
    logs = np.log(np.asarray(values, dtype=np.float64))
    number, variance = len(logs), float(logs.var(ddof=1))
    error = math.sqrt(variance / number + variance**2 / (2 * (number - 1)))
    low, high = _around(float(logs.mean()) + variance / 2, error, number, level)
    return _exp(low), _exp(high)


def either(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The interval that holds whether the values are normal or, where that is possible, lognormal."""
    with np.errstate(over="ignore", invalid="ignore"):  # the caller withholds what is not finite
        low, high = student(values, level)
        if min(values) <= 0 or not multiplied([np.asarray([values], dtype=np.float64)])[0]:
            return low, high
        other_low, other_high = cox(values, level)
    return min(low, other_low), max(high, other_high)


def _around(middle: float, error: float, number: int, level: float) -> tuple[float, float]:
    half = float(special.stdtrit(number - 1, (1 + level) / 2)) * error
    return middle - half, middle + half


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf
