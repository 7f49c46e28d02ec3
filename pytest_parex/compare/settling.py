"""How many more repeats or cases would settle a contest: the power of the same tests, by simulation from what was seen.

*More repeats* (these cases): the means of each case stay as they were seen, and trials scatter around them as the
repeats did. *More cases* (cases like these): cases are drawn, with replacement, from those that were seen, and the
test goes over their means. Each number of repeats or cases is tried in simulated experiments; reported are the numbers
that settle the contest in half and in nine tenths of them. That assumes that the differences are as large as they look,
so the numbers are a guide and no promise; the range shows how much chance alone does. (Power by resampling: Efron &
Tibshirani 1993, "An introduction to the bootstrap", chapter 25.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pytest_parex.compare import rates, shapes
from pytest_parex.compare.arrangements import least_p
from pytest_parex.compare.cells import Numbers, Pair, scores
from pytest_parex.compare.chance import Chance, Floats
from pytest_parex.compare.examining import LEVEL
from pytest_parex.compare.passing import exact_p
from pytest_parex.compare.ranking import Criterion
from pytest_parex.model import Settling

_MORE = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 40)
_ARRANGEMENTS = 400
_EXPERIMENTS, _FEWEST, _TRIALS = 200, 40, 40_000
_CASES_TO_DRAW_FROM = 4


@dataclass(frozen=True)
class Seen:
    """What a contest is simulated from: the leader's numbers and the other's, cell by cell, higher being better.

    Numbers and margin are divided by a power of two, so that the largest is about 1; those of success are 1 and 0.
    """

    a: tuple[Numbers, ...]
    b: tuple[Numbers, ...]
    cases: tuple[str | None, ...]
    success: bool
    margin: float

    @property
    def repeats(self) -> int:
        """The most repeats that a cell has."""
        return max(len(side) for side in (*self.a, *self.b))

    @cached_property
    def by_case(self) -> tuple[Floats, Floats]:
        """The mean of each case, of both."""
        names = dict.fromkeys(self.cases)
        both = [
            np.asarray(
                [np.mean([np.mean(side[c]) for c, case in enumerate(self.cases) if case == name]) for name in names]
            )
            for side in (self.a, self.b)
        ]
        return both[0], both[1]


def seen(pair: Pair, criterion: Criterion, *, success: bool) -> Seen:
    """From a pair whose first variant is the leader. Where trials failed without a number, ranks stand for numbers."""
    if pair.worst:
        a, b = scores(pair, criterion.better)
        return Seen(tuple(a), tuple(b), tuple(cell.case for cell in pair.cells), success, 0.0)
    sign = 1.0 if criterion.better == "higher" else -1.0
    sides = [cell.a for cell in pair.cells], [cell.b for cell in pair.cells]
    largest = max(abs(value) for side in sides for values in side for value in values)
    size = 0 if success else math.frexp(largest)[1]
    own, other = (
        tuple(tuple(math.ldexp(sign * value, -size) for value in values) for values in side) for side in sides
    )
    margin = math.ldexp(criterion.margin, -size)
    return Seen(own, other, tuple(cell.case for cell in pair.cells), success, margin)


def settling(data: Seen) -> tuple[Settling, ...]:
    """What would help, where that can be simulated; more repeats first."""
    found = []
    if any(len(side) > 1 for side in (*data.a, *data.b)) or (data.success and len(data.a) > 1):
        half, nearly_all = _search(lambda more: _by_repeats(data, more))
        found.append(Settling(more="repeats", question="these cases", half=half, nearly_all=nearly_all, most=_MORE[-1]))
    if len(set(data.cases)) >= _CASES_TO_DRAW_FROM:
        half, nearly_all = _search(lambda more: _by_cases(data, more))
        found.append(
            Settling(more="cases", question="cases like these", half=half, nearly_all=nearly_all, most=_MORE[-1])
        )
    return tuple(found)


def least_repeats(cells: int) -> int:
    """The repeats per variant and cell without which no test within cases can establish anything."""
    return next(number for number in range(1, 100) if least_p([(number, number)] * cells) <= LEVEL)


def least_cases() -> int:
    """The cases without which no test over cases can establish anything."""
    return next(number for number in range(1, 100) if least_p([(1, 1)] * number) <= LEVEL)


def _search(share: Callable[[int], float]) -> tuple[int | None, int | None]:
    """The first step that reaches a half, and nine tenths, by halving; shares grow with the steps."""
    known: dict[int, float] = {}

    def reaches(step: int, wanted: float) -> bool:
        if step not in known:
            known[step] = share(_MORE[step])
        return known[step] >= wanted

    found: list[int | None] = []
    for wanted in (0.5, 0.9):
        low, high = 0, len(_MORE) - 1
        if not reaches(high, wanted):
            found.append(None)
            continue
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle, wanted) else (middle + 1, high)
        found.append(_MORE[low])
    return found[0], found[1]


def _by_repeats(data: Seen, more: int) -> float:
    """Share of experiments that are settled with so many more repeats of every case."""
    number = data.repeats + more
    chance = Chance(f"repeats {number} {data}")
    experiments = _experiments(2 * number * len(data.a))
    if data.success:
        a, b = ([_passes(rate, number, experiments, chance) for rate in _rates(side)] for side in (data.a, data.b))
        return _share_of_passes(a, b, number, data.margin)
    a, b = ([_scattered(side, data, number, experiments, chance) for side in sides] for sides in (data.a, data.b))
    return _share_of_numbers(a, b, data.margin)


def _by_cases(data: Seen, more: int) -> float:
    """Share of experiments that are settled with so many more cases, over the means of the cases."""
    own, other = data.by_case
    number = len(own) + more
    chance = Chance(f"cases {number} {data}")
    experiments = _experiments(2 * number)
    drawn = [chance.below(len(own), experiments) for _ in range(number)]
    return _share_of_numbers(
        [own[each][:, None] for each in drawn], [other[each][:, None] for each in drawn], data.margin
    )


def _experiments(trials: int) -> int:
    """Fewer where each is large, and where chance therefore plays a smaller part."""
    return max(_FEWEST, min(_EXPERIMENTS, _TRIALS // trials))


def _share_of_numbers(a: Sequence[Floats], b: Sequence[Floats], margin: float) -> float:
    compared = shapes.shifted(a, b, _ARRANGEMENTS)
    ahead = (compared.test.p <= LEVEL) & (compared.test.observed > 0)
    if not margin:
        return float(ahead.mean())
    low, _ = compared.interval(0.95)
    near_low, near_high = compared.interval(0.90)
    return float(((ahead & (low > margin)) | ((near_low >= -margin) & (near_high <= margin))).mean())


def _share_of_passes(a: Sequence[Floats], b: Sequence[Floats], number: int, margin: float) -> float:
    settled = 0
    for own, other in zip(np.stack(a, axis=1).astype(int), np.stack(b, axis=1).astype(int), strict=True):
        shares = own.mean() / number, other.mean() / number
        if not margin:
            settled += shares[0] > shares[1] and _p(own, other, number) <= LEVEL
            continue
        trials = number * len(own)
        near = rates.newcombe(shares[0], trials, shares[1], trials, 0.90)
        if near[0] >= -margin and near[1] <= margin:
            settled += 1
        elif rates.newcombe(shares[0], trials, shares[1], trials)[0] > margin:
            settled += _p(own, other, number) <= LEVEL
    return settled / len(a[0])


def _p(own: Sequence[int], other: Sequence[int], number: int) -> float:
    return exact_p([(int(each), number) for each in own], [(int(each), number) for each in other])


def _rates(side: Sequence[Numbers]) -> list[float]:
    """The chance to pass of each cell, drawn towards the variant's mean as if one more trial had been like it."""
    counts = [(sum(value > 0 for value in values), len(values)) for values in side]
    mean = (sum(passed for passed, _ in counts) + 0.5) / (sum(number for _, number in counts) + 1)
    return [(passed + mean) / (number + 1) for passed, number in counts]


def _passes(rate: float, number: int, experiments: int, chance: Chance) -> Floats:
    drawn = chance.shares(experiments * number).reshape(experiments, number)
    return np.asarray((drawn < rate).sum(axis=1), dtype=np.float64)


def _scattered(values: Numbers, data: Seen, number: int, experiments: int, chance: Chance) -> Floats:
    """Repeats around the mean of a cell; all deviations that were seen in any cell are as likely in this one."""
    deviations = np.concatenate(
        [
            (np.asarray(side) - np.mean(side)) * math.sqrt(len(side) / (len(side) - 1))
            for side in (*data.a, *data.b)
            if len(side) > 1
        ]
    )
    drawn = deviations[chance.below(len(deviations), experiments * number)]
    return np.asarray(np.mean(values) + drawn.reshape(experiments, number))
