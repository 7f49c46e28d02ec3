"""Could numbers have come about by multiplying? Then their logarithms are not skewed to the left.

Durations and costs are usually such numbers, while numbers that spread evenly down to zero are not: a few small ones
have logarithms far below the rest, and an interval that is built on these says nothing. The skewness is the third
standardised moment (Joanes & Gill 1998, "Comparing measures of sample skewness and kurtosis", The Statistician 47:183).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pytest_parex.compare.chance import Floats

_LEFT = -0.75
"""Lognormal numbers are taken for others in one of twenty samples of six; evenly spread ones in three of five."""


def multiplied(groups: Sequence[Floats]) -> npt.NDArray[np.bool_]:
    """For each experiment (row) whether its positive numbers can be taken for multiplied; groups have own means."""
    logs = _skewness([np.log(numbers) for numbers in groups])
    return ~((logs < _LEFT) & (np.abs(logs) > np.abs(_skewness(groups))))


def _skewness(groups: Sequence[Floats]) -> Floats:
    largest = np.max([np.abs(numbers).max(axis=1) for numbers in groups], axis=0)
    scaled = [numbers / np.where(largest > 0, largest, 1.0)[:, None] for numbers in groups]
    rest = np.concatenate([numbers - numbers.mean(axis=1, keepdims=True) for numbers in scaled], axis=1)
    spread = (rest**2).mean(axis=1)
    flat = spread <= 1e-24
    return np.where(flat, 0.0, (rest**3).mean(axis=1) / np.where(flat, 1.0, spread) ** 1.5)
