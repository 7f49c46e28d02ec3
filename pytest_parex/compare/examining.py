"""Two variants in one metric: which question can be answered, by which method, and what has to be withheld.

| trials | question | method |
|---|---|---|
| one of each variant per case, at least six cases | cases like these | sign-flip over cases; of success McNemar's |
| several per case, or one case | these cases | permutation within cases; of success the exact conditional test |
| too few for any p-value below 5 % | none | none: the smallest possible p-value is said |

With repeats on at least six cases, the first test is made as well, over the means of the cases, and says whether the
difference would hold on cases like these too. Failures without a number are compared by ranks, and leave no interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pytest_parex.compare import effects, rates, shapes
from pytest_parex.compare.arrangements import least_p
from pytest_parex.compare.cells import Cell, Numbers, Pair, average, scores
from pytest_parex.compare.metrics import mean
from pytest_parex.compare.numbers import count
from pytest_parex.compare.passing import exact_p
from pytest_parex.compare.permutation import permute
from pytest_parex.model import Question

LEVEL = 0.05
NOT_TESTED = "not tested"
_FOR_STUDENT = 5
_FOR_NEWCOMBE = 4
_ROUNDING = 1e-12

Better = Literal["higher", "lower"] | None
Interval = tuple[float, float]


@dataclass(frozen=True)
class Finding:
    """First variant minus second, and what is known about it. Ends are None where they are withheld."""

    value: float | None
    pairs: int
    interval: Interval | None = None
    near: Interval | None = None
    """The 90 % interval, whose ends are the two one-sided tests of equivalence at 5 %."""
    p: float | None = None
    wider: float | None = None
    """p-value over the means of the cases: for cases like these, where `p` speaks of these cases."""
    wider_near: Interval | None = None
    """The 90 % interval over the means of the cases."""
    method: str = NOT_TESTED
    withheld: str = ""
    question: Question | None = None
    superiority: float | None = None
    relative: float | None = None
    worst: int = 0
    """Trials that failed without a number, in the cells that both have."""
    cases: int = 0
    """Cases that both have."""


def examine(pair: Pair, better: Better, *, success: bool) -> Finding:
    """Compare two variants. `success`: the numbers are 1 for passed and 0 for failed."""
    cells = pair.with_numbers
    value = _value(cells)
    if value is not None and value < 0:  # so that swapping the variants changes signs and nothing else
        turned = examine(_turned(pair), better, success=success)
        return replace(
            turned,
            value=value,
            interval=_mirrored(turned.interval),
            near=_mirrored(turned.near),
            wider_near=_mirrored(turned.wider_near),
            superiority=effects.superiority(pair, better),
            relative=None if success else effects.relative(pair),
        )
    found = Finding(
        value,
        len(cells),
        superiority=effects.superiority(pair, better),
        relative=None if success else effects.relative(pair),
        worst=pair.worst,
        cases=len(pair.cases),
    )
    if not pair.cells:
        return replace(found, withheld="no case with a counted trial of both that has the number")
    if least_p(pair.sizes) > LEVEL:
        return _too_few(found, pair, success)
    found = replace(found, question="cases like these" if pair.single else "these cases")
    if not pair.single and len(pair.cases) > 1 and least_p([(1, 1)] * len(pair.cases)) <= LEVEL:
        found = _over_cases(found, pair, better, success)
    if success:
        return _success(found, pair)
    if pair.worst and better is not None:
        return _ranked(found, pair, better)
    return _numbers(found, cells, single=pair.single)


def _too_few(found: Finding, pair: Pair, success: bool) -> Finding:
    if max(map(max, pair.sizes)) == 1 and len(pair.cells) == 1:
        return replace(found, withheld="one trial of each variant cannot tell a difference from chance")
    least = least_p(pair.sizes)
    found = replace(found, withheld=f"with {_extent(pair)} no p-value can be below {least:.2g}")
    if pair.single and len(pair.cells) == _FOR_STUDENT and not success and not pair.worst:
        a, b = (
            [mean(side) or 0.0 for side in sides] for sides in ([c.a for c in pair.cells], [c.b for c in pair.cells])
        )
        return replace(
            found,
            interval=_finite(shapes.student(a, b)),
            near=_finite(shapes.student(a, b, 0.90)),
            method="interval by Student's t over cases; not tested",
            question="cases like these",
        )
    return found


def _success(found: Finding, pair: Pair) -> Finding:
    a, b = (
        [(round(sum(side)), len(side)) for side in sides]
        for sides in zip(*((c.a, c.b) for c in pair.cells), strict=True)
    )
    found = replace(found, p=exact_p(a, b))
    if pair.single:
        only_a = sum(own > other for (own, _), (other, _) in zip(a, b, strict=True))
        only_b = sum(own < other for (own, _), (other, _) in zip(a, b, strict=True))
        ends = [rates.tango(only_a, only_b, len(a), level) for level in (0.95, 0.90)]
        return _with_ends(found, ends, "exact McNemar; interval by Tango")
    method = "Fisher's exact" if len(a) == 1 else "stratified exact conditional"
    if min(sum(trials for _, trials in side) for side in (a, b)) < _FOR_NEWCOMBE:
        return replace(found, method=method, withheld=f"an interval needs {_FOR_NEWCOMBE} trials of each variant")
    shares = [rates.pooled([own / n for own, n in side], [n for _, n in side]) for side in (a, b)]
    ends = [rates.newcombe(*shares[0], *shares[1], level) for level in (0.95, 0.90)]
    return _with_ends(found, ends, f"{method}; interval by Newcombe")


def _ranked(found: Finding, pair: Pair, better: Literal["higher", "lower"]) -> Finding:
    test = permute(*scores(pair, better))
    where = "over cases" if pair.single else "within cases"
    return replace(
        found,
        p=float(test.p[0]),
        method=f"{'exact' if test.exact else 'sampled'} permutation {where} of ranks, failures without a number last",
        withheld=f"{count(pair.worst, 'trial')} failed without a number, and a mean over the others would flatter",
    )


def _numbers(found: Finding, cells: Sequence[Cell], *, single: bool) -> Finding:
    a: list[Numbers] = [cell.a for cell in cells]
    b: list[Numbers] = [cell.b for cell in cells]
    compared = shapes.shifted(a, b)
    kind = "exact" if compared.test.exact else f"sampled ({compared.test.differences.shape[1] - 1:,})"
    found = replace(found, p=float(compared.test.p[0]))
    ends = [(float(low[0]), float(high[0])) for low, high in (compared.interval(0.95), compared.interval(0.90))]
    return _with_ends(found, ends, f"{kind} {'sign-flip over cases' if single else 'permutation within cases'}")


def _with_ends(found: Finding, ends: Sequence[Interval], method: str) -> Finding:
    assert found.value is not None
    assert found.p is not None
    p, value = np.asarray([found.p]), np.asarray([found.value])
    clipped = [
        shapes.ending_at_zero(np.asarray([low]), np.asarray([high]), value, p, level)
        for (low, high), level in zip(ends, (0.95, 0.90), strict=True)
    ]
    wide, near = (_finite((min(float(low[0]), found.value), max(float(high[0]), found.value))) for low, high in clipped)
    withheld = "" if wide else "the numbers vary too much for an interval"
    return replace(found, interval=wide, near=near, method=method, withheld=withheld)


def _over_cases(found: Finding, pair: Pair, better: Better, success: bool) -> Finding:
    """The sign-flip test over the means of the cases; ranks where trials failed without a number."""
    if pair.worst and better is not None:
        sides = scores(pair, better)
    else:
        sides = [cell.a for cell in pair.cells], [cell.b for cell in pair.cells]
    means: list[list[tuple[float]]] = [[], []]
    for case in pair.cases:
        places = [place for place, cell in enumerate(pair.cells) if cell.case == case]
        for averages, side in zip(means, sides, strict=True):
            averages.append((mean([average(side[place]) or 0.0 for place in places]) or 0.0,))
    test = permute(means[0], means[1])
    if success or pair.worst:  # equal rates, or ranks, do not vary, which is no sign of equality
        return replace(found, wider=float(test.p[0]))
    low, high = test.interval(0.90)
    return replace(found, wider=float(test.p[0]), wider_near=_finite((float(low[0]), float(high[0]))))


def _value(cells: Sequence[Cell]) -> float | None:
    """The mean difference; exactly zero where only rounding is left of it."""
    value = mean([each for cell in cells if (each := _difference(cell)) is not None])
    largest = max((abs(number) for cell in cells for number in (*cell.a, *cell.b)), default=0.0)
    return 0.0 if value is not None and abs(value) <= largest * _ROUNDING else value


def _difference(cell: Cell) -> float | None:
    own, other = average(cell.a), average(cell.b)
    return None if own is None or other is None else own - other


def _turned(pair: Pair) -> Pair:
    return Pair(tuple(Cell(cell.case, cell.b, cell.a, cell.b_worst, cell.a_worst) for cell in pair.cells))


def _mirrored(interval: Interval | None) -> Interval | None:
    return (-interval[1], -interval[0]) if interval else None


def _finite(interval: Interval) -> Interval | None:
    return interval if all(map(math.isfinite, interval)) else None


def _extent(pair: Pair) -> str:
    """`3 repeats`, `5 cases and 1 to 2 repeats`."""
    counts = sorted({number for size in pair.sizes for number in size})
    repeats = f"{counts[0]:,} to {counts[-1]:,} repeats" if len(counts) > 1 else count(counts[0], "repeat")
    if len(pair.cells) == 1:
        return repeats
    if len(pair.cells) == len(pair.cases):
        return f"{count(len(pair.cells), 'case')} and {repeats}"
    return f"{len(pair.cells):,} cases and matrix points, and {repeats}"
