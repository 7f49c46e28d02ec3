"""`python`: checks and metrics that are functions of the user's, called with the trial in a process of their own."""

from __future__ import annotations

from typing import Any

from pytest_parex.grading import commands
from pytest_parex.grading.reading import Reading, UnreadableError, finite, from_data, shortened
from pytest_parex.model import Check, CheckResult, Metric, MetricReader, Work
from pytest_parex.runners import Answer, call_in_child


def check_python(work: Work, name: str, check: Check) -> CheckResult:
    """Call a check: None or True passes; False, a text with the reason, or an exception fails."""
    assert check.python is not None
    log = commands.begun_log(work, "checks", name)
    answer = call_in_child(check.python, work, timeout=check.timeout, log=log)
    message = _failure(check, answer)
    return CheckResult(
        name=name,
        passed=not message,
        required=check.required,
        duration_s=answer.finished.duration_s,
        exit_code=answer.finished.exit_code,
        message=message,
        log=commands.log_path("checks", name),
    )


def read_python(name: str, reader: MetricReader, work: Work) -> Reading:
    """Call a metric: it returns a number, or a mapping of names to numbers; `trial.report` adds to either."""
    assert reader.python is not None
    if not work.workspace.is_dir():
        raise UnreadableError("the workspace is gone: the variant removed it")
    log = commands.begun_log(work, "metrics", name)
    answer = call_in_child(reader.python, work, timeout=reader.timeout, log=log)
    metrics: dict[str, Metric] = {}
    missing: dict[str, str] = {}
    for reported, metric in answer.metrics.items():
        try:
            unit, better = metric.unit or reader.unit, metric.better or reader.better
            metrics[f"{name}.{reported}"] = Metric(value=finite(metric.value), unit=unit, better=better)
        except UnreadableError as reason:
            missing[f"{name}.{reported}"] = str(reason)
    try:
        returned = _returned(name, reader, answer)
    except UnreadableError as reason:
        return Reading(metrics, {**missing, name: str(reason)})
    return Reading({**metrics, **returned.metrics}, {**missing, **returned.missing})


def _returned(name: str, reader: MetricReader, answer: Answer) -> Reading:
    if answer.finished.timed_out:
        raise UnreadableError(f"`{reader.python}` was stopped at its time limit of {reader.timeout:g} s")
    if answer.error:
        raise UnreadableError(_first_line(answer.error))
    if answer.returned is None and answer.metrics:
        return Reading({})
    try:
        return from_data(name, answer.returned, reader)
    except UnreadableError as reason:
        raise UnreadableError(f"`{reader.python}` returned {_shown(answer.returned)}: {reason}") from None


def _failure(check: Check, answer: Answer) -> str:
    """Why the check failed; empty if it passed."""
    if answer.finished.timed_out:
        return f"was stopped at its time limit of {check.timeout:g} s"
    if answer.error:
        return f"failed: {_first_line(answer.error)}"
    if answer.returned is None or answer.returned is True:
        return ""
    if answer.returned is False:
        return f"failed: `{check.python}` returned False"
    if isinstance(answer.returned, str) and answer.returned.strip():
        return f"failed: {shortened(answer.returned, 200)}"
    return f"failed: `{check.python}` returned {_shown(answer.returned)}, where None or True would pass"


def _first_line(error: str) -> str:
    """The traceback is in the log."""
    return shortened(error.splitlines()[0], 200)


def _shown(value: Any) -> str:
    return f"`{shortened(repr(value), 60)}`"
