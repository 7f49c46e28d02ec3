"""When a workspace is let go: after the last test that asks for it, by what `workspace.keep` says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Finished, Project

TEST_FILE = """
    def test_first(parex_workspace):
        assert (parex_workspace / "work.txt").exists()

    def test_second(parex_trial):
        assert (parex_trial.workspace / "work.txt").exists()
"""


def make(project: Callable[..., Project], **settings: object) -> Project:
    repo = project({"test_it.py": TEST_FILE})
    repo.spec(
        {
            "variants": {"good": {}, "bad": {"runner": {"shell": "touch work.txt; exit 1"}}},
            "runner": {"shell": "touch work.txt"},
            **settings,
        }
    )
    return repo


def kept(run: Finished) -> list[str]:
    results = run.results
    assert all(result.changes.paths("added") == ("work.txt",) for result in results.values())
    return [name for name, result in results.items() if Path(result.workspace).exists()]


@pytest.mark.parametrize("mode", ["-n0", "-n2", "-n2 --dist=load", "-n2 --dist=each"])
def test_none_is_kept_longer_than_tests_ask_for_it(project: Callable[..., Project], mode: str) -> None:
    repo = make(project, workspace={"keep": "none"})

    run = repo.run(*mode.split(), "test_it.py")

    times = 2 if "each" in mode else 1
    assert run.outcomes == {"passed": times * 5, "failed": times}, run.out
    assert kept(run) == []
    assert not list(repo.path.parent.glob("repo.parex/*/*"))


def test_only_the_failed_ones_are_kept(project: Callable[..., Project]) -> None:
    run = make(project, workspace={"keep": "failed"}).run("-n2", "test_it.py")

    assert kept(run) == ["bad"]
    assert f"workspace: {run.results['bad'].workspace}" in run.out


def test_all_are_kept_by_default_and_none_where_ci_is_set(project: Callable[..., Project]) -> None:
    repo = make(project)

    assert kept(repo.run()) == ["good", "bad"]
    assert kept(repo.run(env={"CI": "true"})) == []


def test_a_workspace_goes_also_when_the_tests_that_ask_for_it_do_not_come(project: Callable[..., Project]) -> None:
    repo = make(project, workspace={"keep": "none"})

    run = repo.run("-x", "test_it.py", "-p", "no:randomly")

    assert run.outcomes == {"passed": 1, "failed": 1}, run.out
    assert kept(run) == []
