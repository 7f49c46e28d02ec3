"""A trial is executed once, however many tests ask for it, in whatever order, worker or mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Project

TEST_FILE = """
    def test_first(parex_trial):
        assert parex_trial.outcome == "passed"

    def test_second(parex_trial):
        assert parex_trial.outcome == "passed"

    def test_third(parex_workspace):
        assert (parex_workspace / "work.txt").exists()
"""
MODES = [
    ["-n0"],
    ["-p", "no:xdist"],
    ["-n3"],
    *(["-n3", f"--dist={dist}"] for dist in ("load", "worksteal", "loadfile", "loadscope", "loadgroup", "each", "no")),
]


@pytest.fixture
def repo(project: Callable[..., Project], folder: Path) -> Project:
    made = project({"test_it.py": TEST_FILE})
    made.spec(
        {
            "variants": {"a": {}, "b": {}},
            "max_parallel": 1,
            "runner": {"shell": f'echo begun >> "{folder}/$PAREX_TRIAL"; touch work.txt'},
        }
    )
    return made


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_under_every_mode(repo: Project, folder: Path, mode: list[str]) -> None:
    run = repo.run(*mode, "test_it.py")

    assert run.exit_code == 0, run.out
    times = 3 if "--dist=each" in mode else 1
    assert run.outcomes == {"passed": times * (2 + 3 * 2)}, run.out
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"a": "begun\n", "b": "begun\n"}


def test_a_trial_that_only_tests_ask_for_is_executed_by_the_first_of_them(repo: Project, folder: Path) -> None:
    run = repo.run("-n3", "test_it.py", "-k", "test_ and not b")

    assert run.outcomes == {"passed": 3}, run.out
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"a": "begun\n"}
    assert {trial.id: trial.outcome for trial in run.comparison.trials} == {"a": "passed", "b": "not selected"}


def test_tests_that_come_before_the_trials(repo: Project, folder: Path) -> None:
    repo.write({"conftest.py": "def pytest_collection_modifyitems(items): items.reverse()\n"})

    run = repo.run("-n3", "--dist=worksteal", "test_it.py")

    assert run.outcomes == {"passed": 8}, run.out
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"a": "begun\n", "b": "begun\n"}
