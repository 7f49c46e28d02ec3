"""parex works beside the plugins that projects use most."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

import pytest

from pytest_parex.testing import Project

SPEC = """
    variants: {right: {env: {ANSWER: "42"}}, wrong: {env: {ANSWER: "41"}}}
    cases: {one: first, two: second}
    runner: {shell: echo $ANSWER > answer.txt}
    checks: {answer: test "$(cat answer.txt)" = 42}
"""
TEST_FILE = """
    import app

    def test_trial(parex_trial):
        assert parex_trial.variant in app.names()
"""
ALL = ["-p", "randomly", "-p", "rerunfailures", "-p", "timeout", "--randomly-seed=7", "--reruns=1", "--timeout=60"]


@pytest.fixture
def repo(project: Callable[..., Project]) -> Project:
    made = project({"app.py": "def names():\n    return ['right', 'wrong']\n", "test_it.py": TEST_FILE})
    made.spec(SPEC)
    return made


def listed_in(page: str) -> dict[str, int]:
    """Node id → number of rows, from the data that pytest-html puts into its page."""
    data = json.loads(html.unescape(re.search(r'data-jsonblob="([^"]*)"', page)[1]))
    return {nodeid: len(rows) for nodeid, rows in data["tests"].items()}


@pytest.mark.parametrize("mode", ["-n0", "-n2", "-n2 --dist=load"])
def test_all_of_them_at_once(repo: Project, mode: str) -> None:
    run = repo.run(
        *mode.split(),
        *ALL,
        *("--html=report.html", "--self-contained-html", "--cov=app", "--cov-report=term-missing", "test_it.py"),
    )

    assert run.outcomes == {"passed": 2 + 4, "failed": 2}, run.out
    assert {name: result.passed for name, result in run.results.items()} == {
        "right--one": True,
        "right--two": True,
        "wrong--one": False,
        "wrong--two": False,
    }
    listed = listed_in((repo.path / "report.html").read_text())
    assert {f"spec.yaml::spec[{name}]": 1 for name in run.results}.items() <= listed.items()
    assert len(listed) == 4 + 4, "what trials tell on their way is no test"
    assert "app.py" in run.out
    assert "100%" in run.out


def test_a_random_order_changes_no_result(repo: Project) -> None:
    comparisons = []
    for seed in (1, 2):
        run = repo.run("-n2", "-p", "randomly", f"--randomly-seed={seed}", "test_it.py")
        comparisons.append([(trial.id, trial.outcome, trial.checks) for trial in run.comparison.trials])

    assert comparisons[0] == comparisons[1]
