"""The judgement on an attempt: how its work ended, then its checks, then the limits on its metrics."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence

from pytest_parex.endings import Cause
from pytest_parex.model import CheckResult, Execution, Experiment, Metric, MetricReader


def judge(
    experiment: Experiment,
    execution: Execution,
    checks: Sequence[CheckResult],
    metrics: Mapping[str, Metric],
    missing: Mapping[str, str] | None = None,
) -> tuple[Cause, str]:
    """The attempt's cause, with a message of one or two sentences; `missing` says why metrics are missing."""
    if execution.cause is not Cause.PASSED:
        return execution.cause, execution.message
    failed = [check for check in checks if check.required and not check.passed]
    if failed:
        others = ", ".join(f"`{check.name}`" for check in failed[1:])
        also = f" Also failed: {others}." if others else ""
        return (
            Cause.CHECK_FAILED,
            f"check `{failed[0].name}` {failed[0].message or 'failed'}{'.' if also else ''}{also}",
        )
    missed = list(_missed(experiment, metrics, missing or {}))
    if missed:
        return Cause.THRESHOLD_MISSED, "; ".join(missed)
    shown = [f"`{check.name}`" for check in checks if not check.passed]
    if shown:
        return Cause.PASSED, f"passed, although {', '.join(shown)} failed, which is not required"
    return Cause.PASSED, execution.message


def limited_metric(name: str, reader: MetricReader) -> str:
    """The metric that the limits of a reader are about: the one number that stands for all that it reads."""
    return f"{name}.pass_rate" if reader.junit is not None else name


def _missed(experiment: Experiment, metrics: Mapping[str, Metric], missing: Mapping[str, str]) -> Iterator[str]:
    for name, reader in experiment.metrics.items():
        limited = limited_metric(name, reader)
        found = metrics.get(limited)
        unit = f" {found.unit}" if found and found.unit else ""
        for word, limit, inside in (
            ("at least", reader.at_least, operator.ge),
            ("at most", reader.at_most, operator.le),
        ):
            if limit is None:
                continue
            if found is None:
                reason = missing.get(limited) or missing.get(name)
                because = f" ({reason})" if reason else ""
                yield f"metric `{limited}` is missing{because}, and {word} {limit:g} is required"
            elif not inside(found.value, limit):
                yield f"metric `{limited}` is {found.value:g}{unit}, and {word} {limit:g}{unit} is required"
