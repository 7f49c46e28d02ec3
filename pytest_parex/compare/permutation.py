"""Permutation of labels within cells: p-value and interval of a difference, without a model of the numbers.

The statistic is the mean over cells of the difference of the two variants' means. Its distribution, if the variants did
not differ, comes from the arrangements of the labels (Fisher 1935; Pitman 1937; Ernst 2004). With one trial of each
variant per case this is the sign-flip test over cases. The two-sided p-value is twice the smaller tail.

The interval holds every shift that the test does not reject. Had the first variant's numbers been `d` lower, an
arrangement would be as extreme as the observed one exactly if `d` is at least `(D - D_g) / (1 - c_g)`, where D is the
observed difference, D_g that of the arrangement and c_g the overlap of its labels with the true ones (1: all the same,
-1: all swapped). So the ends are order statistics of these numbers, and no search is needed (Hartigan 1969, "Using
subsample values as typical values"; Garthwaite 1996).

Everything works on many experiments at once, along the first axis, so that simulations use the very same test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytest_parex.compare.arrangements import MOST, Choices, arrangements
from pytest_parex.compare.chance import Floats

_EQUAL = 1e-9
"""Relative to the largest number: differences below are rounding, and count as equal."""
_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Permuted:
    """What the arrangements give: `differences` has a row per experiment and a column per arrangement.

    Differences are in units of `size`, a power of two near the largest number of each experiment, so that nothing
    overflows and nothing is rounded.
    """

    observed: Floats
    differences: Floats
    size: Floats
    overlap: Floats
    slack: Floats
    exact: bool

    @property
    def p(self) -> Floats:
        """Two-sided p-value of each experiment."""
        above = (self.differences >= (self.observed - self.slack)[:, None]).mean(axis=1)
        below = (self.differences <= (self.observed + self.slack)[:, None]).mean(axis=1)
        return np.where(np.abs(self.observed) <= self.slack, 1.0, np.minimum(1.0, 2 * np.minimum(above, below)))

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """The shifts that are not rejected at this level; infinite where the arrangements are too few."""
        moved = self.overlap < 1 - 1e-12
        rank = math.floor((1 - level) / 2 * len(self.overlap) + _EQUAL) - int((~moved).sum())
        if rank < 0:
            unbounded = np.full(len(self.observed), np.inf)
            return -unbounded, unbounded
        shifts = np.sort((self.observed[:, None] - self.differences[:, moved]) / (1 - self.overlap[moved]), axis=1)
        with np.errstate(over="ignore"):
            return shifts[:, rank] * self.size, shifts[:, -1 - rank] * self.size


def permute(a: Sequence[npt.ArrayLike], b: Sequence[npt.ArrayLike], most: int = MOST) -> Permuted:
    """`a[c]` and `b[c]`: the numbers in cell c, of one experiment (a row of numbers) or of many (a row for each)."""
    first, second = ([np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in side] for side in (a, b))
    drawn = arrangements(tuple((x.shape[1], y.shape[1]) for x, y in zip(first, second, strict=True)), most)
    size = _size([*first, *second])
    differences: Floats = np.zeros((len(size), drawn.number))
    largest = np.zeros(len(size))
    for places in _alike(drawn.choices):
        m = first[places[0]].shape[1]
        stacked = [np.concatenate([first[place], second[place]], axis=1) for place in places]
        pooled = np.stack(stacked, axis=1) / size[:, None, None]
        pooled -= pooled.mean(axis=2, keepdims=True)
        largest = np.maximum(largest, np.abs(pooled).max(axis=(1, 2)))
        differences += _cells(pooled, m, drawn.choices[places[0]], drawn.picks[places])
    differences /= len(first)
    return Permuted(differences[:, 0].copy(), differences, size, drawn.overlap, largest * _EQUAL, drawn.exact)


def _alike(choices: Sequence[Choices]) -> list[list[int]]:
    """The cells with the same choices, which can be worked out together."""
    groups: dict[int, list[int]] = {}
    for place, each in enumerate(choices):
        groups.setdefault(id(each), []).append(place)
    return list(groups.values())


def _cells(pooled: Floats, m: int, choices: Choices, picks: npt.NDArray[np.int64]) -> Floats:
    """Sum over cells of the differences of means, by arrangement. `pooled`: experiment × cell × trial, with mean 0."""
    experiments, cells, trials = pooled.shape
    blocks = np.array_split(choices, max(1, choices.size // _AT_ONCE))
    sums = [np.einsum("ect,kt->eck", pooled, block.astype(np.float64)) for block in blocks]
    chosen = np.concatenate(sums, axis=2) * (1 / m + 1 / (trials - m))
    flat = chosen.reshape(experiments, cells * len(choices))
    places = picks + np.arange(cells)[:, None] * len(choices)
    total: Floats = np.zeros((experiments, picks.shape[1]))
    for row in places:
        total += flat[:, row]
    return total


def _size(values: Sequence[Floats]) -> Floats:
    largest = np.max([np.abs(each).max(axis=1) for each in values], axis=0)
    return np.asarray(np.where(largest > 0, np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0)))), 1.0))
