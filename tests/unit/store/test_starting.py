"""Programs that start: no more at once than there are places, over all processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from pytest_parex.store import Run, run_directory_of, starting

Start = Callable[..., subprocess.Popen[str]]

HOLD = """
import sys
from pathlib import Path
from pytest_parex.store import starting
print("asking", flush=True)
with starting(Path(sys.argv[1]), int(sys.argv[2])):
    print("starting", flush=True)
    sys.stdin.readline()
"""


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_a_start_waits_for_one_of_the_places_and_a_kill_frees_it(run: Run, start: Start) -> None:
    holders = [start(HOLD, run.directory, 2) for _ in range(2)]
    assert [[line(holder), line(holder)] for holder in holders] == [["asking", "starting"]] * 2
    waiting = start(HOLD, run.directory, 2)
    assert line(waiting) == "asking"
    assert waiting.poll() is None

    holders[0].kill()

    assert line(waiting) == "starting"


def test_the_run_of_an_attempt_is_found_from_its_directory(run: Run) -> None:
    directory = run.begin(run.plan.trials[0]).directory

    assert run_directory_of(directory) == run.directory
    with starting(run_directory_of(directory)):
        pass
