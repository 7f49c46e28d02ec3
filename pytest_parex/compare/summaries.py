"""The rows of the comparison with what chance does to them: intervals of rates and means, pass@k and pass^k.

A rate's interval speaks of cases like these if there are several, else of the same job again. So does that of a mean,
from five cases on; with a single case it needs five trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_parex.compare import means, rates
from pytest_parex.compare.differences import rounded
from pytest_parex.compare.metrics import mean, value_of
from pytest_parex.compare.numbers import count
from pytest_parex.compare.outcomes import COUNTED
from pytest_parex.compare.repeated import chances
from pytest_parex.model import Estimate, MetricSummary, TrialSummary, VariantSummary


def with_chance(row: VariantSummary, trials: Sequence[TrialSummary]) -> VariantSummary:
    """The row with intervals, or with the reasons why they are withheld. `trials`: those of the variant."""
    counted = [trial for trial in trials if trial.outcome in COUNTED]
    pass_at, pass_all = chances(counted)
    return row.model_copy(
        update={
            "success_rate": _rate(row.success_rate, counted),
            "metrics": {name: _mean(name, metric, counted) for name, metric in row.metrics.items()},
            "pass_at": {k: float(f"{chance:.9g}") for k, chance in pass_at.items()},
            "pass_all": {k: float(f"{chance:.9g}") for k, chance in pass_all.items()},
        }
    )


def _rate(known: Estimate, counted: Sequence[TrialSummary]) -> Estimate:
    if known.value is None:
        return known
    if len(counted) < 2:
        return known.model_copy(update={"withheld": "one trial tells next to nothing about a rate"})
    cases = [[trial for trial in counted if trial.case == case] for case in dict.fromkeys(t.case for t in counted)]
    passed = [sum(trial.outcome == "passed" for trial in rows) for rows in cases]
    low, high = rates.wilson(known.value, rates.effective_trials(passed, [len(rows) for rows in cases]))
    return known.model_copy(update={"low": rounded(low), "high": rounded(high)})


def _mean(name: str, known: MetricSummary, counted: Sequence[TrialSummary]) -> MetricSummary:
    if known.mean is None:
        return known
    without = sum(trial.outcome == "failed" and value_of(trial, name) is None for trial in counted)
    if without and known.better:
        return _withheld(known, f"{count(without, 'trial')} failed without a number")
    values = _units(name, counted)
    if len(values) < means.LEAST:
        return _withheld(known, f"fewer than {means.LEAST} cases, or {means.LEAST} trials on a single one")
    if min(values) == max(values):
        return _withheld(known, "all numbers are equal")
    low, high = means.either(values)
    if not math.isfinite(low) or not math.isfinite(high):
        return _withheld(known, "the numbers vary too much")
    return known.model_copy(update={"low": rounded(low), "high": rounded(high)})


def _units(name: str, counted: Sequence[TrialSummary]) -> list[float]:
    """What varies: the means of the cases if there are several, else the trials."""
    cases: dict[str | None, list[float]] = {}
    for trial in counted:
        if (value := value_of(trial, name)) is not None:
            cases.setdefault(trial.case, []).append(value)
    if len(cases) == 1:
        return sorted(next(iter(cases.values())))
    return [average for values in cases.values() if (average := mean(values)) is not None]


def _withheld(known: MetricSummary, reason: str) -> MetricSummary:
    return known.model_copy(update={"withheld": reason})
