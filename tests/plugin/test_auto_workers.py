"""-n auto starts as many workers as trials may run at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest

from pytest_parex.testing import Project


@pytest.mark.parametrize(
    ("limit", "variants", "workers"),
    [
        pytest.param(3, 5, 3, id="max_parallel"),
        pytest.param(9, 2, 2, id="never more than there are trials"),
        pytest.param(None, 40, min(40, os.cpu_count() or 1), id="else one per processor"),
    ],
)
def test_auto_is_what_may_run_at_once(
    project: Callable[..., Project], limit: int | None, variants: int, workers: int
) -> None:
    repo = project()
    named = {f"v{number}": {} for number in range(variants)}
    repo.spec({"variants": named, "runner": "none", **({"max_parallel": limit} if limit else {})})

    run = repo.run("-n", "auto", "--parex-only", "variant=v0")

    assert run.outcomes == {"passed": 1}, run.out
    assert re.search(r"created: (\d+)/\d+ worker", run.out)[1] == str(workers)


def test_auto_is_pytest_xdists_own_number_without_an_experiment(project: Callable[..., Project]) -> None:
    repo = project({"test_plain.py": "def test_plain(): pass\n"})

    run = repo.run("-n", "auto", spec=None, env={"PYTEST_XDIST_AUTO_NUM_WORKERS": "1"})

    assert run.outcomes == {"passed": 1}, run.out
    assert "created: 1/1 worker" in run.out


def test_a_fault_in_the_spec_is_a_usage_error_also_when_workers_are_counted(project: Callable[..., Project]) -> None:
    repo = project()
    repo.spec({"varriants": {"a": {}}})

    run = repo.run("-n", "auto")

    assert run.exit_code == 4
    assert "varriants" in run.out
    assert "Traceback" not in run.out
