"""The difference between two variants in one metric, over what both were measured on.

A pair is a case at a matrix point. Within a pair the repeats of each variant are averaged, then the differences of all
pairs that both variants have are averaged: an easy case that only one of them finished cannot tilt the result. With
nothing missing this is the difference of the two means. No test is made here; `method` says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pytest_parex.compare.metrics import mean, value_of
from pytest_parex.model import Comparison, Difference, TrialSummary

NOT_TESTED = "not tested"


def difference(comparison: Comparison, metric: str, a: str, b: str) -> Difference:
    """Variant `a` minus variant `b` in any metric of a finished comparison, also one that does not rank."""
    for known in comparison.differences:
        if (known.metric, known.a, known.b) == (metric, a, b):
            return known
    return between(comparison.trials, metric, a, b)


def between(trials: Sequence[TrialSummary], metric: str, a: str, b: str) -> Difference:
    """Variant `a` minus variant `b`; the value is None where they share no case with a number for both."""
    means = {name: _means_by_pair(trials, metric, name) for name in (a, b)}
    shared = [pair for pair in means[a] if pair in means[b]]
    return Difference(
        metric=metric,
        a=a,
        b=b,
        value=mean([means[a][pair] - means[b][pair] for pair in shared]),
        method=NOT_TESTED,
        pairs=len(shared),
    )


def from_first(trials: Sequence[TrialSummary], metrics: Sequence[str], order: Sequence[str]) -> tuple[Difference, ...]:
    """The first variant minus each other one, metric by metric."""
    first, others = order[:1], order[1:]
    return tuple(between(trials, metric, a, b) for metric in metrics for a in first for b in others)


def from_baseline(
    trials: Sequence[TrialSummary], metrics: Sequence[str], order: Sequence[str], baseline: str
) -> tuple[Difference, ...]:
    """Each other variant minus the baseline, metric by metric; without what `from_first` says already."""
    others = [name for name in order[1:] if name != baseline] if baseline in order else []
    return tuple(between(trials, metric, name, baseline) for metric in metrics for name in others)


def _means_by_pair(trials: Sequence[TrialSummary], metric: str, variant: str) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for trial in trials:
        if trial.variant == variant and (value := value_of(trial, metric)) is not None:
            values.setdefault(json.dumps([trial.case, trial.matrix], sort_keys=True), []).append(value)
    return {pair: average for pair, found in values.items() if (average := mean(found)) is not None}
