"""What became of every planned trial: the rows that everything else in the comparison is computed from.

Each trial of the plan has one row. A result whose ending counts is *passed* or *failed*; any other ending, or no result
at all, makes the trial *missing*, which is no value and never a zero. A trial that was not selected and has no result
is neither: nobody asked for it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from pytest_parex.endings import counts
from pytest_parex.model import Outcome, Plan, Result, Trial, TrialSummary

COUNTED: frozenset[Outcome] = frozenset({"passed", "failed"})
COMPARED: frozenset[Outcome] = COUNTED | {"missing"}


def summarise_trials(
    plan: Plan, results: Iterable[Result], not_selected: Collection[str] = ()
) -> tuple[TrialSummary, ...]:
    """One row per trial, in the order of the plan, from each trial's last attempt.

    Results of trials that the plan does not have are left out. A stored result is used also when its trial was not
    selected this time: it was measured, only not today.
    """
    last: dict[str, Result] = {}
    for result in results:
        known = last.get(result.trial.id)
        if known is None or result.attempt > known.attempt:
            last[result.trial.id] = result
    return tuple(_summarise(trial, last.get(trial.id), trial.id not in not_selected) for trial in plan.trials)


def _summarise(trial: Trial, result: Result | None, selected: bool) -> TrialSummary:
    row = TrialSummary(
        id=trial.id,
        variant=trial.variant,
        case=trial.case,
        matrix=trial.matrix,
        repeat=trial.repeat,
        outcome="missing" if selected else "not selected",
    )
    if result is None:
        return row.model_copy(update={"message": "no finished attempt is stored"}) if selected else row
    return row.model_copy(
        update={
            "attempt": result.attempt,
            "outcome": _outcome(result),
            "cause": str(result.cause),
            "message": result.message,
            "contaminated": bool(result.contaminated),
            "metrics": {
                name: metric.value for name, metric in sorted(result.metrics.items()) if math.isfinite(metric.value)
            },
            "checks": {check.name: check.passed for check in sorted(result.checks, key=lambda check: check.name)},
        }
    )


def _outcome(result: Result) -> Outcome:
    if not counts(result.cause):
        return "missing"
    return "passed" if result.passed else "failed"
