"""The same experiment gives the same results however pytest is told to run it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.testing import Project

SPEC = """
    variants:
      right: {env: {ANSWER: "42"}}
      wrong: {env: {ANSWER: "41"}}
      silent: {env: {ANSWER: ""}}
      broken: {runner: {shell: exit 3}}
    cases: {one: first, two: second}
    runner: {shell: 'echo "$ANSWER" > answer.txt; echo "worked on $PAREX_CASE"'}
    checks:
      answer: test "$(cat answer.txt)" = 42
    metrics:
      value: {file: answer.txt, pattern: '(\\d+)', better: higher}
    compare: {rank: [success_rate, value]}
"""

MODES = [[], ["-n0"], ["-n2"], ["-n7"], ["-n2", "--dist=load"], ["-n2", "--dist=worksteal"], ["-p", "no:xdist"]]


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_results_do_not_depend_on_how_they_are_run(project: Callable[..., Project], mode: list[str]) -> None:
    repo = project()
    repo.spec(SPEC)

    run = repo.run(*mode)

    assert run.outcomes == {"passed": 2, "failed": 6}, run.out
    assert run.exit_code == 1
    causes = {trial: result.cause.value for trial, result in run.results.items()}
    assert causes == {
        "right--one": "passed",
        "right--two": "passed",
        "wrong--one": "check failed",
        "wrong--two": "check failed",
        "silent--one": "check failed",
        "silent--two": "check failed",
        "broken--one": "runner failed",
        "broken--two": "runner failed",
    }
    assert run.results["wrong--one"].metrics["value"].value == 41
    assert "value" not in run.results["silent--one"].metrics
    comparison = run.comparison
    assert (comparison.verdict, comparison.leader, comparison.winner) == ("leader only", "right", None)
    assert {trial.id: trial.outcome for trial in comparison.trials}["broken--two"] == "failed"
    assert (run.run().directory / "comparison.html").is_file()
    assert "parex comparison: spec" in run.out


def test_nothing_of_the_users_is_touched(project: Callable[..., Project]) -> None:
    repo = project({"app.py": "x = 1\n"})
    repo.spec(SPEC)
    before = repo.git("status", "--porcelain"), repo.git("for-each-ref"), (repo.path / ".git/config").read_bytes()

    repo.run("-n2")

    assert before == (
        repo.git("status", "--porcelain"),
        repo.git("for-each-ref"),
        (repo.path / ".git/config").read_bytes(),
    )
    assert not (repo.path / "answer.txt").exists()
