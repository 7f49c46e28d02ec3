"""Do forty trials of very different lengths, eight at a time, end as soon as they can?

Compared: 40 trials that sleep 0.1 to 5 seconds (a fixed, heavy-tailed list) and write one file, with `pytest --parex
spec.yaml -n 8`, workspaces removed afterwards,
 (a) against the perfect longest-first schedule of the same sleeps on eight machines that cost nothing, which is
     computed: once for the whole command, once for the span between the first trial's start and the last one's end;
 (b) against a shell loop with GNU parallel: a worktree per job, the job, a patch of what it did, the worktree removed.
How: whole processes, taking turns; medians. parex knows how long trials take from the second run on, so the first,
which is not counted, teaches it. The loop takes the jobs as they come, as such loops do; where its
`git worktree add` fails because another one is at work, the job is tried again, so that both sides do the same work.
Bars: (a) ≤ 1.05, (b) ≤ 1.00.
"""

from __future__ import annotations

import heapq
import random
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from measuring import Row, cost, folder, interleaved, options, show

from pytest_parex.store import open_run
from pytest_parex.testing import Project

AT_ONCE = 8
VARIANTS = [f"v{number}" for number in range(4)]
CASES = [f"c{number}" for number in range(10)]

SPEC = {
    "experiment": "forty",
    "variants": {name: {} for name in VARIANTS},
    "cases": {name: {} for name in CASES},
    "runner": {"shell": 'sh job.sh "$PAREX_TRIAL"'},
    "workspace": {"keep": "none"},
}
JOB = 'sleep "$(cat "naps/$1")" && echo "$1" > done.txt\n'
LOOP = """\
mkdir ../loop
job() {
    git worktree add --quiet --detach "../loop/$1" HEAD || { echo "$1" >> ../loop/races; return 1; }
    (cd "../loop/$1" && sh job.sh "$1" > "../$1.log" 2>&1 && git add -A && git diff --cached --binary > "../$1.patch")
    git worktree remove --force "../loop/$1" || rm -rf "../loop/$1"
}
export -f job
ls naps | parallel --jobs 8 --retries 5 job
"""


def naps() -> dict[str, float]:
    """Trial → seconds to sleep: log-normal, between 0.1 and 5, always the same."""
    chance = random.Random(40)
    names = [f"{variant}--{case}" for variant in VARIANTS for case in CASES]
    return {name: round(min(5.0, max(0.1, chance.lognormvariate(0.1, 1.0))), 2) for name in names}


def longest_first(durations: Sequence[float], machines: int) -> float:
    """When the last of these ends, if each goes, longest first, to the machine that is free first."""
    free = [0.0] * machines
    for duration in sorted(durations, reverse=True):
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


class Turn(NamedTuple):
    """What one command took, in seconds."""

    whole: float
    before: float = 0.0
    """Until the first trial started."""
    trials: float = 0.0
    """From then until the last one had ended."""
    races: int = 0
    """How often a worktree could not be made at once."""


def gnu_parallel() -> bool:
    """Whether `parallel` is GNU's; moreutils has another program of this name."""
    if not shutil.which("parallel"):
        return False
    return "GNU" in subprocess.run(["parallel", "--version"], capture_output=True, text=True, check=False).stdout


def main() -> None:
    """Measure and print the table."""
    parser = options(__doc__, rounds=5)
    parser.add_argument("--files", type=int, default=200, help="files in the repository (default 200)")
    chosen = parser.parse_args()
    durations = naps()
    perfect = [longest_first(list(durations.values()), AT_ONCE)] * chosen.rounds
    with folder() as place:
        project = repository(place / "project", durations, chosen.files)
        sides = {"parex": lambda: with_parex(project)}
        if gnu_parallel():
            sides["loop"] = lambda: with_loop(project, place / "loop")
        measured = interleaved(sides, chosen.rounds)
    turns = measured["parex"]
    whole = [turn.whole for turn in turns]
    rows = [
        Row("40 trials, whole command", "perfect schedule", whole, perfect, 1.05),
        Row("40 trials, first start to last end", "perfect schedule", [turn.trials for turn in turns], perfect, 1.05),
    ]
    before = median(turn.before / turn.whole for turn in turns)
    trials = median(turn.trials / turn.whole for turn in turns)
    notes = [f"of the command: {before:.0%} before the first trial, {trials:.0%} trials, the rest behind the last one"]
    if "loop" in measured:
        loop = [turn.whole for turn in measured["loop"]]
        rows.append(Row("40 trials, whole command", "loop with GNU parallel", whole, loop, 1.00))
        rows.append(Row("loop with GNU parallel", "perfect schedule", loop, perfect))
        if races := sum(turn.races for turn in measured["loop"]):
            notes.append(f"the loop's `git worktree add` failed {races} times and was tried again")
    else:
        notes.append("no row for GNU parallel, which is missing: apt-get install parallel, or brew install parallel")
    show(rows, notes, chosen.json)


def repository(path: Path, durations: dict[str, float], files: int) -> Project:
    """A repository with the job, how long each sleeps, and some files more."""
    project = Project(
        path,
        {
            "job.sh": JOB,
            **{f"naps/{name}": f"{seconds}\n" for name, seconds in durations.items()},
            **{f"files/{number % 20}/{number}.txt": f"file {number}\n" * 20 for number in range(files)},
        },
    )
    project.spec(SPEC)
    project.commit()
    return project


def with_parex(project: Project) -> Turn:
    """One run."""
    begun = datetime.now(UTC)
    whole = cost(project.command("-n", str(AT_ONCE)), project.path, project.environment()).wall_s
    run = open_run("forty", project.path / ".parex")
    journals = [run.events(trial.id, 1) for trial in run.plan.trials]
    first = min(datetime.fromisoformat(events[0].time) for events in journals)
    last = max(datetime.fromisoformat(events[-1].time) for events in journals)
    return Turn(whole, (first - begun).total_seconds(), (last - first).total_seconds())


def with_loop(project: Project, place: Path) -> Turn:
    """The shell loop, from a clean start."""
    shutil.rmtree(place, ignore_errors=True)
    project.git("worktree", "prune")
    whole = cost(["bash", "-c", LOOP], project.path, project.environment()).wall_s
    races = place / "races"
    return Turn(whole, races=len(races.read_text().split()) if races.exists() else 0)


if __name__ == "__main__":
    main()
