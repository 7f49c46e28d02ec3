"""The purse of a run, with real processes that die at their work."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest

from pytest_parex.endings import Cause
from pytest_parex.errors import BudgetError
from pytest_parex.model import Metric, Plan, Result
from pytest_parex.store import COST, Purse, Run

Start = Callable[..., subprocess.Popen[str]]

OPENED = """
import os, signal, sys
from pathlib import Path
from pytest_parex.model import Metric, Result
from pytest_parex.store import Purse, Run
run = Run.open(Path(sys.argv[1]))
trial = run.plan.trial(sys.argv[2])
"""

SPEND = (
    OPENED
    + """
# Holds its share, tells what it has cost so far, and then works until its end.
with Purse(run).share(trial):
    writer = run.begin(trial)
    with writer.phase("execute"):
        for usd in sys.argv[4:]:
            writer.emit("cost", usd=float(usd))
        print("at work", flush=True)
        sys.stdin.readline()
    metrics = {"cost_usd": Metric(value=float(sys.argv[3]))}
    writer.finish(Result(trial=trial, attempt=writer.number, cause="passed", metrics=metrics))
print("done", flush=True)
"""
)

RESERVE = (
    OPENED
    + """
print("asking", flush=True)
with Purse(run).share(trial):
    print("held", flush=True)
    sys.stdin.readline()
"""
)


@pytest.fixture
def budgeted(make_plan: Callable[..., Plan]) -> Callable[..., Run]:
    def make(usd: float | None, trial_usd: float, trials: int = 4) -> Run:
        budget = {"trial_usd": trial_usd, **({} if usd is None else {"usd": usd})}
        return Run.create(make_plan(trials=trials, budget=budget, runner="claude"))

    return make


def begun(child: subprocess.Popen[str], said: str) -> subprocess.Popen[str]:
    assert child.stdout is not None
    assert child.stdout.readline().strip() == said
    return child


def attempt(
    run: Run,
    trial: str,
    cause: str = "passed",
    usd: float | None = None,
    earlier: int | None = None,
    phases: Mapping[str, float] | None = None,
) -> None:
    writer = run.begin(run.plan.trial(trial))
    metrics = {} if usd is None else {COST: Metric(value=usd)}
    result = Result(trial=writer.trial, attempt=writer.number, cause=Cause(cause), metrics=metrics, earlier=earlier)
    writer.finish(result.model_copy(update={"phases": {"execute": 1.0} if phases is None else phases}))


def is_refused(run: Run, trial: str) -> bool:
    try:
        with Purse(run).share(run.plan.trial(trial)):
            return False
    except BudgetError:
        return True


def test_a_share_waits_while_running_trials_hold_the_rest(budgeted: Callable[..., Run], start: Start) -> None:
    run = budgeted(usd=1, trial_usd=1)
    first = begun(start(SPEND, run.directory, "v1", 0), "at work")
    second = begun(start(RESERVE, run.directory, "v2"), "asking")

    assert first.communicate("go\n")[0].strip() == "done"

    begun(second, "held")


def test_what_was_promised_is_given_back_and_what_was_spent_is_not(budgeted: Callable[..., Run], start: Start) -> None:
    run = budgeted(usd=2, trial_usd=1)
    children = [begun(start(SPEND, run.directory, trial, 0.75), "at work") for trial in ("v1", "v2")]
    for child in children:
        child.communicate("go\n")

    assert is_refused(run, "v3")
    assert Purse(run).spent_on("v1") == 0.75


@pytest.mark.parametrize(
    ("told", "spent"), [pytest.param([0.1, 0.4], 0.4, id="the last told"), pytest.param([], 1.0, id="a whole share")]
)
def test_a_killed_worker_frees_its_share_and_has_spent_what_is_known_of_it(
    budgeted: Callable[..., Run], start: Start, told: list[float], spent: float
) -> None:
    run = budgeted(usd=1.5, trial_usd=1)
    killed = begun(start(SPEND, run.directory, "v1", 0, *told), "at work")
    waiting = begun(start(RESERVE, run.directory, "v2"), "asking")

    os.kill(killed.pid, signal.SIGKILL)

    answer, _ = waiting.communicate("go\n")
    assert Purse(run).spent_on("v1") == spent
    assert (answer == "held\n") == (spent + 1 <= 1.5)
    assert ("BudgetError" in answer) == (spent + 1 > 1.5)


def test_a_zombie_holds_no_share(budgeted: Callable[..., Run], start: Start) -> None:
    run = budgeted(usd=1.5, trial_usd=1)
    zombie = begun(start(SPEND, run.directory, "v1", 0, 0.1), "at work")
    os.kill(zombie.pid, signal.SIGKILL)
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)

    assert psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE
    assert not is_refused(run, "v2")


def test_a_worker_that_was_killed_before_its_work_began_has_spent_nothing(budgeted: Callable[..., Run]) -> None:
    run = budgeted(usd=1, trial_usd=1)
    run.begin(run.plan.trial("v1")).emit("phase", phase="prepare")

    assert Purse(run).spent_on("v1") == 0


@pytest.mark.parametrize("cause", ["interrupted", "crashed"])
def test_work_that_was_cut_off_and_whose_cost_nobody_knows_has_cost_its_share(
    budgeted: Callable[..., Run], cause: str
) -> None:
    run = budgeted(usd=2, trial_usd=1)
    attempt(run, "v1", cause)
    attempt(run, "v2", cause, usd=0.25)
    attempt(run, "v3", cause, phases={"prepare": 1.0})

    assert [Purse(run).spent_on(trial) for trial in ("v1", "v2", "v3", "v4")] == [1.0, 0.25, 0.0, 0.0]


def test_attempts_that_go_on_tell_the_cost_of_all_of_them(budgeted: Callable[..., Run]) -> None:
    run = budgeted(usd=None, trial_usd=4)
    trial = run.plan.trial("v1")
    attempt(run, "v1", "container failed", usd=0.5)
    attempt(run, "v1", "rate limited", usd=1)
    attempt(run, "v1", "rate limited", usd=1.5, earlier=2)
    attempt(run, "v1", "network failed", earlier=3, phases={"prepare": 1.0})

    assert Purse(run).spent_on("v1") == 2
    assert Purse(run).left(trial) == 2
    assert Purse(run).left(trial, earlier=4) == 3.5


def test_a_trial_that_has_used_up_what_it_may_cost_gets_no_share(budgeted: Callable[..., Run]) -> None:
    run = budgeted(usd=9, trial_usd=1)
    attempt(run, "v1", "rate limited", usd=1.25)
    attempt(run, "v2", "rate limited", usd=0.5)

    assert [is_refused(run, trial) for trial in ("v1", "v2", "v3")] == [True, False, False]


def test_ten_shares_of_a_tenth_are_one(budgeted: Callable[..., Run]) -> None:
    run = budgeted(usd=1, trial_usd=0.1, trials=11)
    for number in range(1, 10):
        attempt(run, f"v{number}", usd=0.1)
        with Purse(run).share(run.plan.trial(f"v{number + 1}")):
            pass

    assert not is_refused(run, "v10")


def test_a_result_that_cannot_be_read_has_cost_its_share(budgeted: Callable[..., Run]) -> None:
    run = budgeted(usd=9, trial_usd=1)
    attempt(run, "v1", usd=0.5)
    (run.attempt_directory("v1", 1) / "result.json").write_text("{")

    assert Purse(run).spent_on("v1") == 1


def test_together_they_never_promise_more_than_there_is(
    budgeted: Callable[..., Run], start: Start, tmp_path: Path
) -> None:
    run = budgeted(usd=2, trial_usd=1, trials=6)
    working = tmp_path / "working"
    working.mkdir()
    code = (
        OPENED
        + """
import time
with Purse(run).share(trial):
    mine = Path(sys.argv[3]) / trial.id
    mine.touch()
    print(len(list(mine.parent.iterdir())), flush=True)
    time.sleep(0.05)
    mine.unlink()
"""
    )
    children = [start(code, run.directory, f"v{number}", working) for number in range(1, 7)]

    assert max(int(child.communicate()[0]) for child in children) <= 2
