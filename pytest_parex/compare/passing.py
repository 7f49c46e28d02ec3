"""Do two variants pass equally often? One exact conditional test for all designs.

Given how many trials of a cell passed in all, the number among those of the first variant is hypergeometric if the
variants do not differ; over cells, the sum of it is the convolution of these (Birch 1964; Gart 1970). With a single
cell this is Fisher's exact test (Fisher 1935), with one trial of each variant per cell McNemar's (McNemar 1947, exact
form). The two-sided p-value is the probability of all sums that are not more likely than the observed one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pytest_parex.compare.chance import Floats

_ROUNDING = 1e-7


def exact_p(a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]]) -> float:
    """`a[c]` and `b[c]`: how many trials passed in cell c, of how many."""
    likely: Floats = np.ones(1)
    seen = 0
    for (a_passed, a_trials), (b_passed, b_trials) in zip(a, b, strict=True):
        passed = a_passed + b_passed
        least, most = max(0, passed - b_trials), min(a_trials, passed)
        likely = np.convolve(likely, _hypergeometric(passed, a_trials, b_trials, least, most))
        seen += a_passed - least
    return float(min(1.0, likely[likely <= likely[seen] * (1 + _ROUNDING)].sum()))


def _hypergeometric(passed: int, a_trials: int, b_trials: int, least: int, most: int) -> Floats:
    """Chances of `least` … `most` passed trials of the first variant, when `passed` passed in all."""
    ways = [math.comb(a_trials, own) * math.comb(b_trials, passed - own) for own in range(least, most + 1)]
    total = math.comb(a_trials + b_trials, passed)
    return np.asarray([way / total for way in ways])
