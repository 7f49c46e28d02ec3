"""How large a difference is, in terms that need no unit.

- Superiority: the chance that a trial of the first variant is better than one of the second on the same case, ties
  counting half (Vargha & Delaney 2000, "A critique and improvement of the CL common language effect size statistics").
  A failure without a number is worse than any number.
- Relative: the difference as a share of the second variant's mean, where that is positive.
"""

from __future__ import annotations

import math

from pytest_parex.compare.cells import Cell, Pair, average
from pytest_parex.compare.metrics import mean


def superiority(pair: Pair, better: str | None) -> float | None:
    """0.5 where nothing tells the variants apart, 1 where the first is always better; higher without a direction."""
    if not pair.cells:
        return None
    return math.fsum(_superiority(cell, -1.0 if better == "lower" else 1.0) for cell in pair.cells) / len(pair.cells)


def relative(pair: Pair) -> float | None:
    """0.25: the first variant's mean is a quarter above that of the second."""
    cells = pair.with_numbers
    own = mean([each for cell in cells if (each := average(cell.a)) is not None])
    other = mean([each for cell in cells if (each := average(cell.b)) is not None])
    if own is None or other is None or other <= 0:
        return None
    share = own / other - 1
    return share if math.isfinite(share) else None


def _superiority(cell: Cell, sign: float) -> float:
    own = [sign * value for value in cell.a] + [-math.inf] * cell.a_worst
    other = [sign * value for value in cell.b] + [-math.inf] * cell.b_worst
    won = sum((x > y) + 0.5 * (x == y) for x in own for y in other)
    return won / (len(own) * len(other))
