from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.errors import SetupError
from pytest_parex.grading import missing_reasons, read_metrics, run_checks
from pytest_parex.model import Metric

FUNCTIONS = """
import os, time

def number(trial): return 42
def mapping(trial): return {"a": 1, "deep": {"b": 2.5}, "ok": True}
def words(trial): return len((trial.workspace / "text").read_text().split())
def reporting(trial):
    trial.report("words", 3, unit="w", better="higher")
    trial.report("bad", float("nan"))
def reporting_and_raising(trial):
    trial.report("words", 3)
    raise ValueError("no luck")
def nothing(trial): print("looking"); return None
def text(trial): return "the API has changed"
def infinite(trial): return float("inf")
def slow(trial): time.sleep(600)
def dies(trial): os._exit(9)
def true(trial): return True
def false(trial): return False
def asserts(trial): assert trial.variant == "other", f"it is {trial.variant}"
"""


@pytest.fixture
def functions(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FUNCTIONS)


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize(
    ("function", "found"),
    [("number", {"m": 42}), ("mapping", {"m.a": 1, "m.deep.b": 2.5}), ("words", {"m": 2})],
)
def test_a_function_measures(make_work: Callable[..., Any], function: str, found: dict[str, float]) -> None:
    work = make_work(metrics={"m": {"python": f"mine:{function}", "unit": "x", "better": "lower"}})
    (work.workspace / "text").write_text("two words")
    assert read_metrics(work) == {name: Metric(value=value, unit="x", better="lower") for name, value in found.items()}


@pytest.mark.usefixtures("functions")
def test_what_a_function_reports_is_kept_whatever_happens_then(make_work: Callable[..., Any]) -> None:
    work = make_work(metrics={"a": {"python": "mine:reporting"}, "b": {"python": "mine:reporting_and_raising"}})
    assert read_metrics(work) == {
        "a.words": Metric(value=3, unit="w", better="higher"),
        "b.words": Metric(value=3),
    }
    assert missing_reasons(work) == {
        "a.bad": "nan is not a finite number",
        "b": "`mine:reporting_and_raising` raised ValueError: no luck",
    }


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("nothing", "`mine:nothing` returned `None`: there is no number in it"),
        ("text", "returned `'the API has changed'`: there is no number in it"),
        ("true", "returned `True`: there is no number in it"),
        ("infinite", "returned `inf`: inf is not a finite number"),
        ("slow", "`mine:slow` was stopped at its time limit of 0.5 s"),
        ("dies", "exit code 9"),
    ],
)
def test_a_function_that_measures_nothing_is_missing(make_work: Callable[..., Any], function: str, reason: str) -> None:
    work = make_work(metrics={"m": {"python": f"mine:{function}", "timeout": 0.5 if function == "slow" else 60}})
    assert read_metrics(work) == {}
    assert reason in missing_reasons(work)["m"]


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize("function", ["nothing", "true"])
def test_a_function_passes(make_work: Callable[..., Any], function: str) -> None:
    work = make_work(checks={"c": {"python": f"mine:{function}"}})
    (result,) = run_checks(work)
    assert (result.passed, result.message, result.log) == (True, "", "checks/c.log")


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("false", "failed: `mine:false` returned False"),
        ("text", "failed: the API has changed"),
        ("number", "failed: `mine:number` returned `42`, where None or True would pass"),
        ("asserts", "failed: `mine:asserts` raised AssertionError: it is v1"),
        ("slow", "was stopped at its time limit of 0.5 s"),
    ],
)
def test_a_function_fails_with_its_reason(make_work: Callable[..., Any], function: str, message: str) -> None:
    timeout = 0.5 if function == "slow" else 60
    (result,) = run_checks(make_work(checks={"c": {"python": f"mine:{function}", "timeout": timeout}}))
    assert not result.passed
    assert result.message == message


@pytest.mark.usefixtures("functions")
def test_what_a_function_prints_is_in_its_log(make_work: Callable[..., Any]) -> None:
    work = make_work(checks={"c": {"python": "mine:nothing"}, "d": {"python": "mine:asserts"}})
    run_checks(work)
    assert (work.directory / "checks/c.log").read_text() == "looking\n"
    assert "AssertionError: it is v1" in (work.directory / "checks/d.log").read_text()


@pytest.mark.usefixtures("functions")
def test_a_function_that_does_not_exist_is_no_failure_of_the_variant(make_work: Callable[..., Any]) -> None:
    with pytest.raises(SetupError, match="`absent` is not defined there"):
        run_checks(make_work(checks={"c": {"python": "mine:absent"}}))


@pytest.mark.usefixtures("functions")
def test_a_metric_on_a_workspace_that_is_gone_is_missing(make_work: Callable[..., Any]) -> None:
    work = make_work(metrics={"m": {"python": "mine:number"}})
    work.workspace.rmdir()
    assert read_metrics(work) == {}
    assert "the workspace is gone" in missing_reasons(work)["m"]
