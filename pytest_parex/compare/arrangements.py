"""All ways, or a sample of them, in which the labels of two variants could have fallen within the cells.

If two variants do not differ, a trial's label tells nothing: within a cell every choice of `m` trials out of `m + n`
for the first variant was equally likely. All arrangements are listed where they are few, else sampled, with what was
observed always among them, so that a p-value is never zero and never too small (Ernst 2004, "Permutation methods: a
basis for exact inference", Statistical Science 19; Phipson & Smyth 2010). Labels never cross cells, so that easy and
hard cases cannot be mixed up. The sample depends on the sizes of the cells and on nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from pytest_parex.compare.chance import Chance, Floats

Sizes = tuple[tuple[int, int], ...]
Choices = npt.NDArray[np.bool_]

MOST = 10_000
"""Arrangements that are listed or sampled at most, the observed one included."""
_LISTED_IN_CELL = 1_000


@dataclass(frozen=True)
class Arrangements:
    """`choices[c]` has a row per choice in cell c: true for a trial that gets the first label. `picks[c]` says for
    every arrangement which choice is made in cell c. The first of each is what was observed.
    """

    choices: tuple[Choices, ...]
    picks: npt.NDArray[np.int64]
    exact: bool

    @property
    def number(self) -> int:
        """How many arrangements there are."""
        return int(self.picks.shape[1])

    @cached_property
    def overlap(self) -> Floats:
        """How much of the true labels each arrangement keeps: 1 all, -1 none; averaged over cells."""
        total: Floats = np.zeros(self.number)
        for choices, picks in zip(self.choices, self.picks, strict=True):
            m = int(choices[0].sum())
            kept = choices[:, :m].sum(axis=1)
            total += (kept / m - (m - kept) / (choices.shape[1] - m))[picks]
        return total / len(self.choices)


def possible(sizes: Sequence[tuple[int, int]]) -> int:
    """How many arrangements there are in all."""
    return math.prod(math.comb(m + n, m) for m, n in sizes)


def least_p(sizes: Sequence[tuple[int, int]]) -> float:
    """The smallest two-sided p-value that trials of these numbers can give, however large the difference."""
    return min(1.0, 2 / possible(sizes))


@lru_cache(maxsize=16)
def arrangements(sizes: Sizes, most: int = MOST) -> Arrangements:
    """The arrangements for cells of these sizes: all of them if they are at most `most`, else `most`, sampled."""
    if possible(sizes) <= most:
        choices = tuple(_all_choices(m, n) for m, n in sizes)
        picks = np.indices([len(each) for each in choices]).reshape(len(sizes), -1)
        return Arrangements(choices, np.ascontiguousarray(picks, dtype=np.int64), exact=True)
    chance = Chance(f"{sizes}")
    picks = np.zeros((len(sizes), most), dtype=np.int64)
    found = []
    for place, (m, n) in enumerate(sizes):
        if math.comb(m + n, m) <= _LISTED_IN_CELL:
            found.append(_all_choices(m, n))
            picks[place, 1:] = chance.below(len(found[-1]), most - 1)
        else:
            found.append(_sampled_choices(m, n, most, chance))
            picks[place] = np.arange(most)
    return Arrangements(tuple(found), picks, exact=False)


@lru_cache(maxsize=64)
def _all_choices(m: int, n: int) -> Choices:
    chosen = np.zeros((math.comb(m + n, m), m + n), dtype=np.bool_)
    for row, places in enumerate(itertools.combinations(range(m + n), m)):
        chosen[row, places] = True
    return chosen


def _sampled_choices(m: int, n: int, rows: int, chance: Chance) -> Choices:
    chosen = np.zeros((rows, m + n), dtype=np.bool_)
    chosen[0, :m] = True
    order = np.argsort(chance.shares((rows - 1) * (m + n)).reshape(rows - 1, m + n), axis=1, kind="stable")
    np.put_along_axis(chosen[1:], order[:, :m], True, axis=1)
    return chosen
