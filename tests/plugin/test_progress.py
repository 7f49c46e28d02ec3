"""progress.json says where a run stands."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pytest_parex.testing import Project


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_the_snapshot_names_every_trial_and_how_it_ended(project: Callable[..., Project], mode: str) -> None:
    repo = project()
    repo.spec("variants: {a: {}, b: {runner: {shell: exit 1}}, c: {}}\nrunner: none\n")

    run = repo.run(mode, "--parex-only", "variant=a", "--parex-only", "variant=b").run()

    snapshot = json.loads((run.directory / "progress.json").read_text())
    assert snapshot == {
        "experiment": "spec",
        "run": run.plan.run,
        "trials": 3,
        "finished": 2,
        "causes": {"a": "passed", "b": "runner failed", "c": None},
    }
