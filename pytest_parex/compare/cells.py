"""The numbers of two variants side by side, cell by cell. A cell is a case at a matrix point.

Only cells in which both variants have a counted trial are compared: an easy case that one of them never finished cannot
tilt anything. A metric that is missing on a *counted failure* ranks worse than any number (worst-rank scores: Lachin
1999, "Worst-rank score analysis with informatively missing observations in clinical trials", Controlled Clinical
Trials 20); one that is missing because the trial does not count stays missing. Values are sorted within a cell, so that
the order of repeats, files and processes cannot change a digit of what follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from pytest_parex.compare.metrics import mean, value_of
from pytest_parex.compare.outcomes import COUNTED
from pytest_parex.model import TrialSummary

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Own:
    """The numbers of one variant in one cell, and how many of its trials failed without one."""

    case: str | None
    numbers: Numbers
    worst: int = 0


@dataclass(frozen=True)
class Cell:
    """One case at one matrix point: the numbers of each variant, and how many of its trials failed without one."""

    case: str | None
    a: Numbers
    b: Numbers
    a_worst: int = 0
    b_worst: int = 0

    @property
    def sizes(self) -> tuple[int, int]:
        """Counted trials of each variant."""
        return len(self.a) + self.a_worst, len(self.b) + self.b_worst


@dataclass(frozen=True)
class Pair:
    """Two variants in one metric, over the cells that both have."""

    cells: tuple[Cell, ...]

    @property
    def worst(self) -> int:
        """How many trials failed without a number."""
        return sum(cell.a_worst + cell.b_worst for cell in self.cells)

    @property
    def with_numbers(self) -> tuple[Cell, ...]:
        """The cells in which both variants have a number."""
        return tuple(cell for cell in self.cells if cell.a and cell.b)

    @cached_property
    def cases(self) -> tuple[str | None, ...]:
        """The cases of these cells, each once."""
        return tuple(dict.fromkeys(cell.case for cell in self.cells))

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Counted trials of each variant, cell by cell."""
        return tuple(cell.sizes for cell in self.cells)

    @property
    def single(self) -> bool:
        """Whether there is one trial of each variant per case, on several cases: the case is what varies."""
        return len(self.cells) > 1 and len(self.cells) == len(self.cases) and set(self.sizes) == {(1, 1)}

    def without(self, case: str | None) -> Pair:
        """The pair as if this case had not been run."""
        return Pair(tuple(cell for cell in self.cells if cell.case != case))


@lru_cache(maxsize=10_000)
def average(numbers: Numbers) -> float | None:
    """The mean of the numbers in a cell; pairs share their cells, and an exact mean takes its time."""
    return mean(numbers)


def pair_up(a: Mapping[str, Own], b: Mapping[str, Own]) -> Pair:
    """The cells that both variants have, in the order of the plan."""
    return Pair(
        tuple(
            Cell(own.case, own.numbers, other.numbers, own.worst, other.worst)
            for key, own in a.items()
            if (other := b.get(key)) is not None
        )
    )


def by_cell(trials: Iterable[TrialSummary], metric: str, better: str | None) -> dict[str, Own]:
    """What one variant's counted trials say in each cell. Without a direction nothing is worst, and a trial without a
    number is left out.
    """
    found: dict[str, tuple[str | None, list[float], int]] = {}
    for trial in trials:
        if trial.outcome not in COUNTED:
            continue
        value = value_of(trial, metric)
        worst = value is None and trial.outcome == "failed" and better is not None
        if value is None and not worst:
            continue
        key = cell_key(trial)
        case, numbers, without = found.get(key, (trial.case, [], 0))
        found[key] = (case, numbers if value is None else [*numbers, value], without + worst)
    return {key: Own(case, tuple(sorted(numbers)), worst) for key, (case, numbers, worst) in found.items()}


def scores(pair: Pair, better: Literal["higher", "lower"]) -> tuple[list[Numbers], list[Numbers]]:
    """Ranks within each cell in place of numbers, ties averaged, failures without a number lowest; higher is better."""
    first: list[Numbers] = []
    second: list[Numbers] = []
    for cell in pair.cells:
        turned = [[value if better == "higher" else -value for value in values] for values in (cell.a, cell.b)]
        full = [[*values, *[None] * worst] for values, worst in zip(turned, (cell.a_worst, cell.b_worst), strict=True)]
        rank = _midranks([*full[0], *full[1]])
        first.append(tuple(sorted(rank[value] for value in full[0])))
        second.append(tuple(sorted(rank[value] for value in full[1])))
    return first, second


def _midranks(values: Sequence[float | None]) -> dict[float | None, float]:
    ranks: dict[float | None, float] = {}
    below = 0
    for value in sorted(set(values), key=lambda each: (each is not None, each or 0.0)):
        alike = values.count(value)
        ranks[value] = below + (alike + 1) / 2
        below += alike
    return ranks


def cell_key(trial: TrialSummary) -> str:
    """The same text for the same case and matrix point, whatever the order of the axes."""
    return json.dumps([trial.case, trial.matrix], sort_keys=True)
