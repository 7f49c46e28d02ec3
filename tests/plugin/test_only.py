"""--parex-only selects trials by exact values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.testing import Project


@pytest.fixture(scope="module")
def repo(shared_project: Callable[..., Project]) -> Project:
    made = shared_project()
    made.spec(
        """
        variants: {v1: {}, v10: {}, v2: {}}
        matrix: {size: [1, 2]}
        repeats: 2
        runner: none
        """
    )
    return made


def only(*values: str) -> list[str]:
    return [part for value in values for part in ("--parex-only", value)]


@pytest.mark.parametrize(
    ("values", "count"),
    [
        pytest.param(["variant=v1"], 4, id="exactly, not by the beginning"),
        pytest.param(["variant=v1", "variant=v2"], 8, id="values of one key are alternatives"),
        pytest.param(["variant=v1", "size=2", "repeat=1"], 1, id="different keys must all match"),
    ],
)
def test_values_select(repo: Project, values: list[str], count: int) -> None:
    run = repo.run("--co", "-q", *only(*values))

    assert run.exit_code == 0, run.out
    ids = [line for line in run.out.splitlines() if "::" in line]
    assert len(ids) == count
    assert {line.partition("[")[2].partition("--")[0] for line in ids} == {
        value.removeprefix("variant=") for value in values if value.startswith("variant=")
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("varriant=v1", "--parex-only varriant=v1: expected KEY=VALUE with one of the keys"),
        ("variant", "--parex-only variant: expected KEY=VALUE"),
        ("variant=v3", "--parex-only variant=v3: no such variant; there are v1, v10, v2"),
    ],
)
def test_what_can_select_nothing_is_refused_before_anything_is_created(repo: Project, value: str, message: str) -> None:
    run = repo.run(*only(value))

    assert run.exit_code == 4, run.out
    assert message in run.out
    assert "Traceback" not in run.out
    assert not run.runs.exists()


def test_the_others_are_not_executed_and_said_to_be_not_selected(project: Callable[..., Project]) -> None:
    repo = project()
    repo.spec({"variants": {"a": {}, "b": {}}, "runner": "none"})

    run = repo.run("-n2", *only("variant=b"))

    assert run.outcomes == {"passed": 1}, run.out
    assert {trial.id: trial.outcome for trial in run.comparison.trials} == {"a": "not selected", "b": "passed"}
