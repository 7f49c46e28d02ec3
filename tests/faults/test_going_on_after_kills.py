"""A run whose processes were killed can be gone on with in another process: work, time and cost are kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.endings import Cause
from pytest_parex.model import Execution, Result, Runner, Task
from pytest_parex.store import COST, Purse, Run
from pytest_parex.testing import Project
from pytest_parex.trial import Life, Stages, bury, live

CONFTEST = """
    import os, time
    from pathlib import Path

    from pytest_parex.model import Execution

    class Agent:
        def faults(self, options):
            return []

        def execute(self, task):
            (task.workspace / "half.txt").write_text("work\\n")
            for usd in task.options["told"]:
                time.sleep(0.05)  # the work takes this long
                task.emit("cost", usd=usd)
            Path(os.environ["BEGUN"]).touch()
            time.sleep(3600)
            return Execution()

    def pytest_parex_runners():
        return {"agent": Agent()}
    """


@dataclass
class GoesOn:
    """The runner of the process that goes on."""

    tasks: list[Task] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def faults(self, options: Any) -> list[str]:
        return []

    def execute(self, task: Task) -> Execution:
        self.tasks.append(task)
        self.found += sorted(path.name for path in task.workspace.glob("*.txt"))
        return Execution()


def lived(life: Life) -> Result:
    while True:
        try:
            next(life)
        except StopIteration as end:
            result: Result = end.value
            return result


def stages(runners: Mapping[str, Runner]) -> Stages:
    return Stages(runners, lambda place: None, lambda work: [], lambda work: {}, lambda event: None)


@pytest.fixture
def killed(project: Callable[..., Project], folder: Path, start: Callable[..., Any]) -> Callable[..., Run]:
    """A run with a budget whose processes were killed while its trial was at work."""

    def make(told: list[float], *mode: str) -> Run:
        repo = project({"conftest.py": CONFTEST})
        repo.spec(
            {
                "variants": {"a": {}},
                "runner": {"agent": {"told": told}},
                "budget": {"usd": 5, "trial_usd": 2},
                "setup": ["echo once >> setups.txt"],
            }
        )
        session = start(repo, *mode, env={"BEGUN": str(folder / "begun")})
        session.until((folder / "begun").exists, "the work")
        for process in session.left_running():
            process.send_signal(signal.SIGKILL)
        run: Run = session.wait().run()
        return run

    return make


@pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n1"]], ids=" ".join)
def test_work_that_a_kill_has_cut_off_is_gone_on_with(killed: Callable[..., Run], mode: list[str]) -> None:
    run = killed([0.25, 0.5], *mode)
    trial = run.plan.trial("a")
    runner = GoesOn()

    with run.claim("a"):
        bury(run, trial, Cause.CRASHED)
        result = lived(live(run, trial, stages({"agent": runner}), os.environ, earlier=1))

    assert (str(result.cause), result.attempt, result.earlier) == ("passed", 2, 1)
    assert runner.found == ["half.txt", "setups.txt"]
    (task,) = runner.tasks
    assert task.earlier == run.attempt_directory("a", 1)
    assert task.spent_s >= 0.1
    assert task.money == 2
    assert (task.workspace / "setups.txt").read_text() == "once\n"
    buried = run.result_of("a", 1)
    assert buried is not None
    assert buried.cause is Cause.CRASHED
    assert buried.metrics[COST].value == 0.5
    assert buried.changes is not None
    assert [change.path for change in buried.changes.files] == ["half.txt"]


def test_of_work_that_starts_afresh_the_cost_so_far_is_gone(killed: Callable[..., Run]) -> None:
    run = killed([0.25, 0.5], "-p", "no:xdist")
    trial = run.plan.trial("a")
    runner = GoesOn()

    with run.claim("a"):
        bury(run, trial, Cause.CRASHED)
        lived(live(run, trial, stages({"agent": runner}), os.environ))

    (task,) = runner.tasks
    assert (task.earlier, task.spent_s, task.money) == (None, 0.0, 1.5)
    assert "half.txt" not in runner.found


def test_of_killed_work_whose_cost_nobody_has_told_the_share_is_spent(killed: Callable[..., Run]) -> None:
    run = killed([], "-p", "no:xdist")
    trial = run.plan.trial("a")
    assert Purse(run).spent_on("a") == 2

    with run.claim("a"):
        bury(run, trial, Cause.CRASHED)

    assert Purse(run).spent_on("a") == 2
    assert Purse(run).is_used_up(trial)
