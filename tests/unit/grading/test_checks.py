from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_parex.grading import run_checks
from pytest_parex.grading.commands import last_line
from pytest_parex.store.journal import read


def test_checks_run_in_order_and_each_has_a_log(make_work: Callable[..., Any]) -> None:
    work = make_work(
        checks={
            "tests": "echo running; echo '==== 2 failed, 14 passed in 0.12s ===='; exit 1",
            "lint": {"command": 'echo fine; test -n "$PATH"', "required": False},
        }
    )
    tests, lint = run_checks(work)
    assert (tests.name, tests.passed, tests.required, tests.exit_code) == ("tests", False, True, 1)
    assert tests.message == "failed with exit code 1: 2 failed, 14 passed in 0.12s"
    assert (lint.name, lint.passed, lint.required, lint.message) == ("lint", True, False, "")
    assert tests.log == "checks/tests.log"
    assert (work.directory / tests.log).read_text().startswith("running\n")
    events = [event.data for event in read(work.directory / "events.jsonl", "v1", 1) if event.name == "check"]
    assert [(data["check"], data["passed"]) for data in events] == [("tests", False), ("lint", True)]


def test_checks_run_in_the_workspace_with_the_environment_of_the_trial(make_work: Callable[..., Any]) -> None:
    work = make_work(checks={"where": "pwd; echo $PAREX_VARIANT"})
    work.env["PAREX_VARIANT"] = "v1"
    (result,) = run_checks(work)
    assert (work.directory / result.log).read_text() == f"{work.workspace}\nv1\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("exit 3", "failed with exit code 3"),
        (
            "no-such-command-anywhere",
            "failed with exit code 127, a command was not found: .*no-such-command-anywhere.*",
        ),
        ("touch plain; ./plain", "failed with exit code 126, a command cannot be executed: .*plain.*"),
        ("kill -TERM $$", r"was ended by SIGTERM \(exit code 143\)"),
        ("exit 255", "failed with exit code 255"),
    ],
)
def test_a_failed_check_says_how_it_ended(make_work: Callable[..., Any], command: str, message: str) -> None:
    import re

    (result,) = run_checks(make_work(checks={"c": command}))
    assert not result.passed
    assert re.fullmatch(message, result.message), result.message


def test_a_check_is_stopped_at_its_time_limit(make_work: Callable[..., Any]) -> None:
    (result,) = run_checks(make_work(checks={"c": {"command": "echo half way; sleep 600", "timeout": 0.3}}))
    assert not result.passed
    assert result.message == "was stopped at its time limit of 0.3 s: half way"


def test_checks_on_a_workspace_that_is_gone_fail(make_work: Callable[..., Any]) -> None:
    work = make_work(checks={"c": "true", "d": {"command": "true", "required": False}})
    work.workspace.rmdir()
    results = run_checks(work)
    assert [(result.passed, result.required) for result in results] == [(False, True), (False, False)]
    assert "the workspace is gone" in results[0].message


def test_checks_with_odd_names_have_logs_of_their_own(make_work: Callable[..., Any]) -> None:
    names = ["unit/fast", "unit fast", "../up", "ü", "x" * 300, "unit-fast"]
    work = make_work(checks=dict.fromkeys(names, "true"))
    logs = [result.log for result in run_checks(work)]
    assert len(set(logs)) == len(names)
    for log in logs:
        assert (work.directory / log).resolve().parent == work.directory / "checks"
        assert (work.directory / log).is_file()


def test_a_check_that_is_run_again_begins_a_new_log(make_work: Callable[..., Any]) -> None:
    work = make_work(checks={"c": "echo once"})
    run_checks(work)
    (result,) = run_checks(work)
    assert (work.directory / result.log).read_text() == "once\n"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("\n\n ---- \n====\n", ""),
        ("one\n\x1b[31m=== \x1b[1m2 failed\x1b[0m, 3 passed ===\x1b[0m\n\n", "2 failed, 3 passed"),
        ("FAILED (failures=1)\nmake: *** [Makefile:2: test] Error 1\n", "FAILED (failures=1)"),
        ("3 problems\nnpm ERR! code ELIFECYCLE\nnpm error Lifecycle script failed\n", "3 problems"),
        ("make: *** No rule to make target 'test'.  Stop.\n", "make: *** No rule to make target 'test'. Stop."),
        ("a\x00b\x07\n", "a b"),
        ("x" * 1000, "x" * 199 + "…"),
    ],
)
def test_the_last_line_that_says_something(tmp_path: Any, log: str, line: str) -> None:
    (tmp_path / "log").write_text(log)
    assert last_line(tmp_path / "log") == line
