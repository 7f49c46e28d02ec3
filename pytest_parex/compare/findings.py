"""Everything that is known about pairs of variants, worked out once, when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from pytest_parex.compare.cells import Own, Pair, by_cell, pair_up
from pytest_parex.compare.examining import Better, Finding, examine
from pytest_parex.compare.metrics import SUCCESS_RATE, Measure
from pytest_parex.model import TrialSummary


class Findings:
    """Variants side by side, in any metric. `trials`: variant → its rows; `known`: what each metric means."""

    def __init__(self, trials: Mapping[str, Sequence[TrialSummary]], known: Mapping[str, Measure]) -> None:
        self._trials = trials
        self._known = known
        self.of = cache(self._of)
        self.pair = cache(self._pair)
        self._own = cache(self._cells)

    def better(self, metric: str) -> Better:
        """The direction of a metric, None where it is not known."""
        return "higher" if metric == SUCCESS_RATE else self._known.get(metric, Measure()).better

    def _of(self, metric: str, a: str, b: str) -> Finding:
        """What is known of variant `a` minus variant `b`."""
        return examine(self.pair(metric, a, b), self.better(metric), success=metric == SUCCESS_RATE)

    def _pair(self, metric: str, a: str, b: str) -> Pair:
        return pair_up(self._own(metric, a), self._own(metric, b))

    def _cells(self, metric: str, variant: str) -> dict[str, Own]:
        return by_cell(self._trials.get(variant, ()), metric, self.better(metric))
