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
from datetime import datetime
from pathlib import Path

from measuring import Row, cost, folder, interleaved, options, show

from pytest_parex.store import Run, open_run
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


def span(run: Run) -> float:
    """Seconds between the first trial's first event and the last one's last."""
    journals = [run.events(trial.id, 1) for trial in run.plan.trials]
    begun = min(datetime.fromisoformat(events[0].time) for events in journals)
    return (max(datetime.fromisoformat(events[-1].time) for events in journals) - begun).total_seconds()


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
            sides["GNU parallel"] = lambda: with_loop(project, place / "loop")
        measured = interleaved(sides, chosen.rounds)
    whole, between = zip(*measured["parex"], strict=True)
    rows = [
        Row("40 trials, whole command", "perfect schedule", whole, perfect, 1.05),
        Row("40 trials, first start to last end", "perfect schedule", between, perfect, 1.05),
    ]
    notes = ["GNU parallel is missing, so its row is too: apt-get install parallel, or brew install parallel"]
    if "GNU parallel" in measured:
        loop, races = zip(*measured["GNU parallel"], strict=True)
        rows.append(Row("40 trials, whole command", "loop with GNU parallel", whole, loop, 1.00))
        rows.append(Row("loop with GNU parallel", "perfect schedule", loop, perfect))
        notes = [f"the loop's `git worktree add` failed {sum(races):g} times and was tried again"] if any(races) else []
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


def with_parex(project: Project) -> tuple[float, float]:
    """Seconds of the whole command, and between the first start and the last end."""
    whole = cost(project.command("-n", str(AT_ONCE)), project.path, project.environment()).wall_s
    return whole, span(open_run("forty", project.path / ".parex"))


def with_loop(project: Project, place: Path) -> tuple[float, float]:
    """Seconds of the shell loop, and how often it could not make a worktree at once."""
    shutil.rmtree(place, ignore_errors=True)
    project.git("worktree", "prune")
    seconds = cost(["bash", "-c", LOOP], project.path, project.environment()).wall_s
    races = place / "races"
    return seconds, len(races.read_text().split()) if races.exists() else 0


if __name__ == "__main__":
    main()
