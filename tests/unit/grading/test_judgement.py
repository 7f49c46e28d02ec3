from __future__ import annotations

from typing import Any

import pytest

from pytest_parex.endings import Cause
from pytest_parex.grading import judge
from pytest_parex.model import CheckResult, Execution, Experiment, Metric

COVERAGE = {"json": "c.json", "path": "p", "at_least": 80, "at_most": 99}


def experiment(**spec: Any) -> Experiment:
    return Experiment.model_validate({"experiment": "x", "variants": {"a": "b"}, **spec})


FAILED = CheckResult(name="tests", passed=False, message="failed with exit code 1: 2 failed, 14 passed")


def test_how_the_work_ended_comes_first() -> None:
    done = Execution(cause=Cause.TIME_LIMIT, message="stopped after 30 min")
    assert judge(experiment(), done, [FAILED], {}) == (Cause.TIME_LIMIT, "stopped after 30 min")


def test_a_required_check_comes_before_limits() -> None:
    spec = experiment(metrics={"coverage": COVERAGE})
    cause, message = judge(spec, Execution(), [FAILED], {})
    assert cause is Cause.CHECK_FAILED
    assert message == "check `tests` failed with exit code 1: 2 failed, 14 passed"


def test_further_checks_that_failed_are_named() -> None:
    lint = CheckResult(name="lint", passed=False, message="failed with exit code 1")
    shown = CheckResult(name="style", passed=False, required=False)
    _, message = judge(experiment(), Execution(), [shown, lint, FAILED], {})
    assert message == "check `lint` failed with exit code 1. Also failed: `tests`."


def test_a_check_that_is_not_required_is_only_shown() -> None:
    lint = CheckResult(name="lint", passed=False, required=False)
    cause, message = judge(experiment(), Execution(), [lint], {})
    assert cause is Cause.PASSED
    assert message == "passed, although `lint` failed, which is not required"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (71.25, "metric `coverage` is 71.25 %, and at least 80 % is required"),
        (99.5, "metric `coverage` is 99.5 %, and at most 99 % is required"),
    ],
)
def test_a_number_outside_its_limits_misses_the_threshold(value: float, message: str) -> None:
    spec = experiment(metrics={"coverage": COVERAGE})
    metrics = {"coverage": Metric(value=value, unit="%")}
    assert judge(spec, Execution(), [], metrics) == (Cause.THRESHOLD_MISSED, message)


@pytest.mark.parametrize("value", [80, 85, 99])
def test_limits_belong_to_what_is_allowed(value: float) -> None:
    spec = experiment(metrics={"coverage": COVERAGE})
    assert judge(spec, Execution(), [], {"coverage": Metric(value=value)}) == (Cause.PASSED, "")


def test_a_missing_metric_misses_its_threshold_and_the_reason_is_said() -> None:
    spec = experiment(metrics={"coverage": {**COVERAGE, "at_most": None}})
    cause, message = judge(spec, Execution(), [], {}, {"coverage": "no file fits `c.json`"})
    assert cause is Cause.THRESHOLD_MISSED
    assert message == "metric `coverage` is missing (no file fits `c.json`), and at least 80 is required"


def test_a_missing_metric_without_a_limit_does_not_matter() -> None:
    spec = experiment(metrics={"coverage": {"json": "c.json"}})
    assert judge(spec, Execution(), [], {})[0] is Cause.PASSED


def test_the_limit_of_a_junit_report_is_about_its_pass_rate() -> None:
    spec = experiment(metrics={"suite": {"junit": "r.xml", "at_least": 0.9}})
    assert judge(spec, Execution(), [], {"suite.pass_rate": Metric(value=0.95)})[0] is Cause.PASSED
    cause, message = judge(spec, Execution(), [], {"suite.pass_rate": Metric(value=0.5)})
    assert cause is Cause.THRESHOLD_MISSED
    assert message == "metric `suite.pass_rate` is 0.5, and at least 0.9 is required"
