"""Interval of a difference that holds whether a variant adds to the numbers or multiplies them.

Inverting a permutation test assumes that one variant's numbers are the other's, shifted. A variant that takes twice as
long does something else: it multiplies, and the interval of the shift then covers as little as 80 %. So where all
numbers are positive and could be such (`skewness`), the test is inverted for their logarithms too, which gives an
interval of the factor; taken times either variant's mean it becomes one of the difference, and what is given encloses
both. For numbers whose spread is small beside their size the two are nearly the same.

A test of "no difference" needs neither assumption. So where it rejects, the interval ends at zero at the latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from pytest_parex.compare.arrangements import MOST
from pytest_parex.compare.chance import Floats
from pytest_parex.compare.permutation import Permuted, permute
from pytest_parex.compare.skewness import multiplied

Side = Sequence[Floats]
"""The numbers of a variant: cell → experiments × trials."""


@dataclass(frozen=True)
class Shifted:
    """The permutation test of two variants with the intervals that belong to it; one entry per experiment."""

    a: Side
    b: Side
    test: Permuted
    factors: Permuted | None

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Low and high ends; infinite where the arrangements are too few."""
        low, high = self.test.interval(level)
        if self.factors is not None and np.isfinite(low).all():
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is withheld
                ends = enclosing(low, high, *self.factors.interval(level), _mean(self.a), _mean(self.b))
            likely = multiplied([np.concatenate(side, axis=1) for side in (self.a, self.b)])
            low, high = np.where(likely, ends[0], low), np.where(likely, ends[1], high)
        return ending_at_zero(low, high, self.test.observed, self.test.p, level)


def shifted(a: Sequence[npt.ArrayLike], b: Sequence[npt.ArrayLike], most: int = MOST) -> Shifted:
    """Compare two variants within cells; `a[c]` are the numbers in cell c, a row for each experiment."""
    own, other = ([np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in side] for side in (a, b))
    positive = all((values > 0).all() for values in (*own, *other))
    factors = permute([np.log(x) for x in own], [np.log(x) for x in other], most) if positive else None
    return Shifted(own, other, permute(own, other, most), factors)


def student(a: Sequence[float], b: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The interval by Student's t, for pairs of numbers that are too few to permute."""
    own, other = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is withheld
        low, high = _student(own - other, level)
        if (own > 0).all() and (other > 0).all() and multiplied([own[None, :], other[None, :]])[0]:
            factor = _student(np.log(own) - np.log(other), level)
            ends = enclosing(*map(np.atleast_1d, (low, high, *factor, own.mean(), other.mean())))
            low, high = (float(end[0]) for end in ends)
    return low, high


def enclosing(
    low: Floats, high: Floats, factor_low: Floats, factor_high: Floats, a: Floats, b: Floats
) -> tuple[Floats, Floats]:
    """The interval of the difference and what that of the factor (as logarithms) says about it, with means a and b."""
    said = [low, high]
    for end in (factor_low, factor_high):
        said += [b * np.expm1(end), -a * np.expm1(-end)]
    return np.min(said, axis=0), np.max(said, axis=0)


def ending_at_zero(low: Floats, high: Floats, observed: Floats, p: Floats, level: float) -> tuple[Floats, Floats]:
    """The interval without what lies beyond zero, where the test rejects zero at its level."""
    surely = p <= 1 - level + 1e-12
    return (
        np.where(surely & (observed > 0), np.maximum(low, 0.0), low),
        np.where(surely & (observed < 0), np.minimum(high, 0.0), high),
    )


def _student(values: Floats, level: float) -> tuple[float, float]:
    error = float(values.std(ddof=1)) / len(values) ** 0.5
    half = float(special.stdtrit(len(values) - 1, (1 + level) / 2)) * error
    return float(values.mean()) - half, float(values.mean()) + half


def _mean(side: Side) -> Floats:
    return np.asarray(np.mean([values.mean(axis=1) for values in side], axis=0))
