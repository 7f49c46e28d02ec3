from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.errors import StoreError
from pytest_parex.model import Plan
from pytest_parex.store import Run

Start = Callable[..., subprocess.Popen[str]]

OPENED = """
import sys, time
from pathlib import Path
from pytest_parex.model import Result
from pytest_parex.store import Run
run = Run.open(Path(sys.argv[1]))
"""

EXECUTE_ONCE = (
    OPENED
    + """
trial = run.plan.trials[0]
sys.stdin.readline()
with run.claim(trial.id):
    if run.result(trial.id) is None:
        writer = run.begin(trial)
        time.sleep(0.1)
        writer.finish(Result(trial=trial, attempt=writer.number, cause="passed"))
        print("executed")
"""
)

HOLD = (
    OPENED
    + """
with getattr(run, sys.argv[2])(*sys.argv[3:]):
    print("held", flush=True)
    sys.stdin.readline()
print("freed", flush=True)
"""
)

COUNT = (
    OPENED
    + """
import os
folder = Path(sys.argv[2])
most = 0
for number in range(5):
    with run.slot():
        mine = folder / f"{os.getpid()}"
        mine.touch()
        most = max(most, len(list(folder.iterdir())))
        time.sleep(0.01)
        mine.unlink()
print(most)
"""
)


def say(child: subprocess.Popen[str], line: str = "go\n") -> str:
    return child.communicate(line)[0].strip()


def test_a_trial_is_executed_by_whoever_claims_it_first(run: Run, start: Start) -> None:
    children = [start(EXECUTE_ONCE, run.directory) for _ in range(6)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    assert sorted(child.communicate()[0].strip() for child in children) == [*[""] * 5, "executed"]
    assert run.attempts("v1") == [1]


@pytest.mark.parametrize("what", [("claim", "v1"), ("slot",)])
def test_the_death_of_the_holder_frees_it(make_plan: Callable[..., Plan], start: Start, what: tuple[str, ...]) -> None:
    run = Run.create(make_plan(max_parallel=1))
    holder = start(HOLD, run.directory, *what)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    with getattr(run, what[0])(*what[1:]):
        pass
    holder.communicate()


def test_a_claim_holds_only_its_own_trial(run: Run, start: Start) -> None:
    holder = start(HOLD, run.directory, "claim", "v1")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with run.claim("v2"):
        pass
    assert say(holder) == "freed"


def test_an_exception_frees_a_claim(run: Run) -> None:
    with pytest.raises(StoreError, match="x"), run.claim("v1"):
        raise StoreError("x")
    with run.claim("v1"):
        pass


def test_never_more_than_max_parallel_at_once(make_plan: Callable[..., Plan], start: Start, tmp_path: Path) -> None:
    run = Run.create(make_plan(max_parallel=2))
    working = tmp_path / "working"
    working.mkdir()
    children = [start(COUNT, run.directory, working) for _ in range(5)]
    most = [int(say(child, "")) for child in children]
    assert max(most) <= 2


def test_without_a_limit_there_is_a_place_for_everybody(run: Run) -> None:
    with run.slot(), run.slot(), run.slot():
        pass


def test_two_places_are_held_at_once(make_plan: Callable[..., Plan], start: Start) -> None:
    run = Run.create(make_plan(max_parallel=2))
    children = [start(HOLD, run.directory, "slot") for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
    assert [say(child) for child in children] == ["freed", "freed"]


def test_attempts_begun_at_once_get_numbers_of_their_own(run: Run, start: Start) -> None:
    begin = OPENED + "sys.stdin.readline()\nprint([run.begin(run.plan.trials[0]).number for _ in range(20)])"
    children = [start(begin, run.directory) for _ in range(3)]
    numbers = [number for child in children for number in json.loads(say(child))]
    assert sorted(numbers) == list(range(1, 61))
