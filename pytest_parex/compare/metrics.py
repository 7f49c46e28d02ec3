"""Metrics of one variant: means over its counted trials, with nothing put in where a number is missing.

The mean that people see is taken over the counted trials that have the metric, and `n` says how many those are. The
ranking must not reward a variant for failing before its number could be read; how it prevents that is in `ranking.py`.
Means are exact before they are rounded once, so that the order in which results arrive cannot change a digit.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_parex.compare.outcomes import COMPARED, COUNTED
from pytest_parex.model import (
    BUILT_IN_METRICS,
    Comparison,
    Estimate,
    MetricSummary,
    Plan,
    Result,
    TrialSummary,
    VariantSummary,
)

SUCCESS_RATE = "success_rate"
_HIGHER_BUILT_IN = ("success_rate", "checks_passed")


@dataclass(frozen=True)
class Measure:
    """What a metric's numbers mean: their unit, and which direction is better. None: not known."""

    unit: str | None = None
    better: Literal["higher", "lower"] | None = None


def measures(plan: Plan, results: Iterable[Result]) -> dict[str, Measure]:
    """Unit and direction of every metric that a trial of the plan has, by name; what the spec says goes first."""
    by_trial: dict[str, list[Result]] = {}
    for result in results:
        by_trial.setdefault(result.trial.id, []).append(result)
    found: dict[str, Measure] = {SUCCESS_RATE: Measure(better="higher")}
    for trial in plan.trials:
        for result in sorted(by_trial.get(trial.id, ()), key=lambda each: -each.attempt)[:1]:
            for name, metric in result.metrics.items():
                known = found.get(name, Measure())
                found[name] = Measure(known.unit or metric.unit, known.better or metric.better)
    for name, reader in plan.experiment.metrics.items():
        if name in found:
            found[name] = Measure(reader.unit or found[name].unit, reader.better or found[name].better)
    for name in BUILT_IN_METRICS:
        if name in found and found[name].better is None:
            found[name] = Measure(found[name].unit, "higher" if name in _HIGHER_BUILT_IN else "lower")
    return dict(sorted(found.items()))


def measures_of(comparison: Comparison) -> dict[str, Measure]:
    """Unit and direction of every metric of a finished comparison."""
    found = {SUCCESS_RATE: Measure(better="higher")}
    for variant in comparison.variants:
        for name, metric in variant.metrics.items():
            known = found.get(name, Measure())
            found[name] = Measure(known.unit or metric.unit, known.better or metric.better)
    return dict(sorted(found.items()))


def value_of(trial: TrialSummary, metric: str) -> float | None:
    """A trial's number; None where it has none or does not count. The success rate of one trial is 1 or 0."""
    if trial.outcome not in COUNTED:
        return None
    if metric == SUCCESS_RATE:
        return 1.0 if trial.outcome == "passed" else 0.0
    return trial.metrics.get(metric)


def values_of(trials: Iterable[TrialSummary], metric: str) -> list[float]:
    """The numbers of all counted trials that have the metric, in the order of the trials."""
    return [value for trial in trials if (value := value_of(trial, metric)) is not None]


def mean(values: Sequence[float]) -> float | None:
    """The mean, independent of the order of the values; None of nothing."""
    return float(statistics.mean(values)) if values else None


def summarise(name: str, trials: Iterable[TrialSummary], known: Mapping[str, Measure]) -> VariantSummary:
    """One row of the comparison over some trials of one variant. Trials that were not selected are left out."""
    compared = [trial for trial in trials if trial.outcome in COMPARED]
    counted = [trial for trial in compared if trial.outcome in COUNTED]
    passed = sum(trial.outcome == "passed" for trial in counted)
    return VariantSummary(
        name=name,
        trials=len(compared),
        counted=len(counted),
        missing=len(compared) - len(counted),
        passed=passed,
        success_rate=Estimate(value=passed / len(counted) if counted else None),
        metrics={
            metric: MetricSummary(
                mean=mean(values := values_of(counted, metric)),
                unit=measure.unit,
                better=measure.better,
                n=len(values),
                failed_without=sum(t.outcome == "failed" and value_of(t, metric) is None for t in counted),
            )
            for metric, measure in sorted(known.items())
            if metric != SUCCESS_RATE
        },
        acceptable=passed > 0,
    )
