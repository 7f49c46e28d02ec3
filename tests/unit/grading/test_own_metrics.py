from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_parex.grading import own_metrics
from pytest_parex.model import CheckResult, Execution, Metric, Work

PHASES = {"prepare": 0.5, "setup": 1.0, "execute": 9.0, "capture": 0.1, "checks": 2.0}


def test_every_trial_has_these(make_work: Callable[..., Any]) -> None:
    cost = Metric(value=0.2, unit="USD", better="lower")
    work = make_work("a.py", "b.py", phases=PHASES, execution=Execution(metrics={"cost_usd": cost}))
    checks = (CheckResult(name="tests", passed=True), CheckResult(name="lint", passed=False, required=False))
    assert own_metrics(Work(**{**vars(work), "checks": checks})) == {
        "duration_s": Metric(value=9, unit="s", better="lower"),
        "checks_passed": Metric(value=1, better="higher"),
        "files_changed": Metric(value=2, better="lower"),
        "lines_changed": Metric(value=8, better="lower"),
        "phase.setup_s": Metric(value=1, unit="s"),
        "phase.checks_s": Metric(value=2, unit="s"),
        "cost_usd": cost,
    }


def test_where_nothing_was_executed_or_checked_there_is_no_zero(make_work: Callable[..., Any]) -> None:
    metrics = own_metrics(make_work(phases=PHASES, runner="none"))
    assert "duration_s" not in metrics
    assert "checks_passed" not in metrics
