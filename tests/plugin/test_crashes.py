"""A worker or pytest itself dies at once, without a chance to say goodbye."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.testing import Project


@pytest.fixture
def repo(project: Callable[..., Project], folder: Path) -> Project:
    made = project()
    endless = f'echo half > work.txt; touch "{folder}/begun"; test -e "{folder}/released" || exec sleep 3600'
    made.spec(
        {
            "variants": {
                "quick": {"runner": {"shell": "echo done > work.txt"}},
                "endless": {"runner": {"shell": endless}},
                "later": {"runner": {"shell": "true"}},
            },
            "timeout": "1h",
        }
    )
    return made


@pytest.mark.parametrize("mode", [["-n2"], ["-n2", "--dist=worksteal"]], ids=" ".join)
def test_a_killed_worker_costs_its_trial_and_no_other(
    repo: Project, folder: Path, start: Callable[..., Any], mode: list[str]
) -> None:
    session = start(repo, *mode, "-p", "no:randomly")
    session.until((folder / "begun").exists, "the endless trial")

    session.worker_of("endless").kill()
    run = session.wait()
    session.wait_until_nothing_is_left()

    assert run.exit_code == 1, run.out
    assert run.outcomes == {"passed": 2, "failed": 1}, run.out
    assert "INTERNALERROR" not in run.out
    outcomes = {trial.id: (trial.outcome, trial.cause) for trial in run.comparison.trials}
    assert outcomes == {"quick": ("passed", "passed"), "endless": ("missing", "crashed"), "later": ("passed", "passed")}
    assert "+half" in (run.run().attempt_directory("endless", 1) / "changes.patch").read_text()


def test_tests_on_a_trial_whose_worker_died_end_as_errors(
    repo: Project, folder: Path, start: Callable[..., Any]
) -> None:
    repo.write({"test_it.py": "def test_it(parex_trial): pass\n"})
    session = start(repo, "-n2", "test_it.py", "-p", "no:randomly")
    session.until((folder / "begun").exists, "the endless trial")

    session.worker_of("endless").kill()
    run = session.wait()

    assert run.outcomes == {"passed": 4, "failed": 1, "error": 1}, run.out
    assert "trial endless is missing: crashed" in run.out
    assert run.run().attempts("endless") == [1]


@pytest.mark.parametrize("mode", [["-n2"], ["-p", "no:xdist"]], ids=" ".join)
def test_when_pytest_is_killed_finished_results_stay_and_nothing_runs_on(
    repo: Project, folder: Path, start: Callable[..., Any], mode: list[str]
) -> None:
    session = start(repo, *mode, "-p", "no:randomly")
    session.until((folder / "begun").exists, "the endless trial")
    session.until(lambda: list(repo.path.glob(".parex/spec/2*/trials/quick/attempt-1/result.json")), "the quick one")

    session.process.send_signal(signal.SIGKILL)
    killed = session.wait()
    session.wait_until_nothing_is_left()

    assert killed.results["quick"].passed
    assert "done" in (killed.run().attempt_directory("quick", 1) / "changes.patch").read_text()
    assert killed.run().events("endless", 1), "its journal can be read"

    (folder / "released").touch()
    filled = repo.run("-n2", "--parex-run", "spec")
    assert filled.outcomes == {"passed": 3}, filled.out
    assert filled.run().attempts("quick") == [1]
    assert len(filled.run().attempts("endless")) == 2
    assert repo.run("-n2").outcomes == {"passed": 3}, "and so is a run of its own"


def test_two_sessions_of_one_experiment_at_once(repo: Project, folder: Path, start: Callable[..., Any]) -> None:
    (folder / "released").touch()

    sessions = [start(repo, "-n2"), start(repo, "-p", "no:xdist")]
    runs = [session.wait() for session in sessions]

    assert [run.outcomes for run in runs] == [{"passed": 3}] * 2, [run.out for run in runs]
    directories = sorted(repo.path.glob(".parex/spec/2*/"))
    assert len(directories) == 2
    assert all((directory / "comparison.json").is_file() for directory in directories)
    assert runs[0].run().directory in directories


def test_two_sessions_that_fill_one_run_share_its_trials(
    repo: Project, folder: Path, start: Callable[..., Any]
) -> None:
    (folder / "released").touch()
    repo.run("--parex-only", "variant=quick")

    sessions = [start(repo, "-n2", "--parex-run", "spec"), start(repo, "--parex-run", "spec")]
    runs = [session.wait() for session in sessions]

    assert [run.outcomes for run in runs] == [{"passed": 3}] * 2, [run.out for run in runs]
    assert {trial: runs[0].run().attempts(trial) for trial in runs[0].results} == {
        "quick": [1],
        "endless": [1],
        "later": [1],
    }
