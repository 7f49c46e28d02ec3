"""The rows of the comparison with what chance does to them: intervals of rates and means, pass@k and pass^k.

A rate's interval speaks of cases like these if there are several, else of the same job again. So does that of a mean,
from five cases on; with a single case it needs five trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_parex.compare import means, rates
from pytest_parex.compare.differences import rounded
from pytest_parex.compare.metrics import SUCCESS_RATE, mean, value_of
from pytest_parex.compare.numbers import count
from pytest_parex.compare.outcomes import COUNTED
from pytest_parex.compare.repeated import chances
from pytest_parex.model import Estimate, MetricSummary, TrialSummary, VariantSummary

Ends = tuple[float, float] | str | None
"""An interval, the reason why it is withheld, or nothing where there is no value."""


def with_chance(row: VariantSummary, trials: Sequence[TrialSummary]) -> VariantSummary:
    """The row with intervals, or with the reasons why they are withheld. `trials`: those of the variant."""
    counted = [trial for trial in trials if trial.outcome in COUNTED]
    pass_at, pass_all = chances(counted)
    ends = {name: _of_mean(name, metric, counted) for name, metric in row.metrics.items()}
    ends[SUCCESS_RATE] = _of_rate(row.success_rate, counted)
    return row.model_copy(
        update={
            "success_rate": row.success_rate.model_copy(update=_found(ends[SUCCESS_RATE])),
            "metrics": {name: metric.model_copy(update=_found(ends[name])) for name, metric in row.metrics.items()},
            "withheld": {name: known for name, known in sorted(ends.items()) if isinstance(known, str)},
            "pass_at": {k: rounded(chance) for k, chance in pass_at.items()},
            "pass_all": {k: rounded(chance) for k, chance in pass_all.items()},
        }
    )


def _of_rate(known: Estimate, counted: Sequence[TrialSummary]) -> Ends:
    if known.value is None:
        return None
    if len(counted) < 2:
        return "one trial tells next to nothing about a rate"
    cases = [[trial for trial in counted if trial.case == case] for case in dict.fromkeys(t.case for t in counted)]
    passed = [sum(trial.outcome == "passed" for trial in rows) for rows in cases]
    return rates.wilson(known.value, rates.effective_trials(passed, [len(rows) for rows in cases]))


def _of_mean(name: str, known: MetricSummary, counted: Sequence[TrialSummary]) -> Ends:
    if known.mean is None:
        return None
    if known.failed_without and known.better:
        return f"{count(known.failed_without, 'trial')} failed without a number"
    values = _units(name, counted)
    if len(values) < means.LEAST:
        return f"fewer than {means.LEAST} cases, or {means.LEAST} trials on a single one"
    if min(values) == max(values):
        return "all numbers are equal"
    ends = means.either(values)
    return ends if all(map(math.isfinite, ends)) else "the numbers vary too much"


def _found(ends: Ends) -> dict[str, float | None]:
    if ends is None or isinstance(ends, str):
        return {}
    return {"low": rounded(ends[0]), "high": rounded(ends[1])}


def _units(name: str, counted: Sequence[TrialSummary]) -> list[float]:
    """What varies: the means of the cases if there are several, else the trials."""
    cases: dict[str | None, list[float]] = {}
    for trial in counted:
        if (value := value_of(trial, name)) is not None:
            cases.setdefault(trial.case, []).append(value)
    if len(cases) == 1:
        return sorted(next(iter(cases.values())))
    return [average for values in cases.values() if (average := mean(values)) is not None]
