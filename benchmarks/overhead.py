"""What does parex itself take per trial, when the trial does nothing?

Compared: parex's own time per trial with runners that do nothing (`shell: "true"`, and `none`), serially, against a
shell loop of what one would type: `git worktree add --detach`, the command, `git add -A`, `git diff --cached`. Once
with all workspaces kept on both sides, once with them removed (`keep: none`, `git worktree remove --force`). In a
repository of 50 files and in one of 2,000.
How: time per trial is a slope: a run of 25 trials less a run of 5, divided by 20, so that starting up does not count.
Whole processes, taking turns; medians.
Bar: ≤ 1.5 in wall time. CPU time is shown beside it: on a busy machine it is steadier, and it leaves waiting out.

Below the table it says where a trial's time goes: phases and what is between them (medians over the trials of one run,
in milliseconds, for their proportions), and the git processes that one trial more costs.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median

from measuring import Cost, Row, cost, folder, interleaved, options, show, wall_and_cpu

from pytest_parex.store import Run, open_run
from pytest_parex.testing import Project

FEW, MANY = 5, 25
SIZES = (50, 2000)
RUNNERS = {"shell": {"shell": "true"}, "none": "none"}
REMOVE = {"kept": "", "removed": 'git worktree remove --force "../loop/$number"'}
KEEP = {"kept": "all", "removed": "none"}
LOOP = """\
set -e
mkdir ../loop
for number in $(seq {trials}); do
    git worktree add --quiet --detach "../loop/$number" HEAD
    (cd "../loop/$number" && sh -c true > "../$number.log" 2>&1 && git add -A && git diff --cached > "../$number.patch")
    {remove}
done
"""


def main() -> None:
    """Measure and print the table and the profiles."""
    chosen = options(__doc__, rounds=7).parse_args()
    rows: list[Row] = []
    notes: list[str] = []
    for size in SIZES:
        with folder() as place:
            project = repository(place / "project", size)
            measured = interleaved(sides(project), chosen.rounds)
            for workspaces, runner in product(KEEP, RUNNERS):
                what = f"per trial, {size} files, {runner}, {workspaces}"
                ours, theirs = measured[f"{runner}, {workspaces}"], measured[f"loop, {workspaces}"]
                rows += wall_and_cpu(what, f"shell loop, {workspaces}", ours, theirs, 1.5)
            for runner in RUNNERS:
                notes += ["", f"One trial, {size} files, runner {runner}, workspaces kept:", *profile(project, runner)]
    show(rows, notes, chosen.json)


def repository(path: Path, files: int) -> Project:
    """A repository with this many small files."""
    return Project(path, {f"files/{number % 40}/{number}.txt": f"file {number}\n" * 20 for number in range(files)})


def sides(project: Project) -> dict[str, Callable[[], Cost]]:
    """What takes turns: parex with each runner, and the loop, with workspaces kept and removed."""
    found: dict[str, Callable[[], Cost]] = {}
    for workspaces in KEEP:
        found[f"loop, {workspaces}"] = partial(slope, partial(loop, project, workspaces))
        for runner in RUNNERS:
            found[f"{runner}, {workspaces}"] = partial(slope, partial(parex, project, runner, workspaces))
    return found


def slope(measure: Callable[[int], Cost]) -> Cost:
    """The cost of one trial, without that of a run of any length."""
    few, many = measure(FEW), measure(MANY)
    return Cost((many.wall_s - few.wall_s) / (MANY - FEW), (many.cpu_s - few.cpu_s) / (MANY - FEW))


def parex(
    project: Project, runner: str, workspaces: str, trials: int, environment: Mapping[str, str] | None = None
) -> Cost:
    """What a run costs; everything that the one before left behind is gone."""
    clean(project)
    project.spec(
        {
            "variants": {"same": {}} if runner != "none" else {"same": {"ref": "HEAD"}},
            "repeats": trials,
            "runner": RUNNERS[runner],
            "workspace": {"keep": KEEP[workspaces]},
            "dirty": "head",
        }
    )
    command = project.command("-p", "no:xdist")
    return cost(command, project.path, project.environment(environment))


def loop(project: Project, workspaces: str, trials: int) -> Cost:
    """What the shell loop costs."""
    clean(project)
    script = LOOP.format(trials=trials, remove=REMOVE[workspaces])
    return cost(["sh", "-c", script], project.path, project.environment())


def clean(project: Project) -> None:
    """Remove workspaces and runs of both sides; none of that is timed."""
    for left in (project.path.parent / "loop", project.path.parent / "project.parex", project.path / ".parex"):
        shutil.rmtree(left, ignore_errors=True)
    project.git("worktree", "prune")


def profile(project: Project, runner: str) -> list[str]:
    """Where the time of a trial goes, as lines to print."""
    parex(project, runner, "kept", MANY)
    phases, own = phase_times(open_run("spec", project.path / ".parex"))
    total = sum(phases.values()) + own
    times = [*phases.items(), ("between", own)]
    shown = ", ".join(f"{name} {1000 * seconds:.1f} ({seconds / total:.0%})" for name, seconds in times)
    calls = git_calls(project, runner, MANY)
    calls.subtract(git_calls(project, runner, FEW))
    per_trial = {name: count / (MANY - FEW) for name, count in calls.most_common() if count}
    named = ", ".join(f"{name} {count:g}" for name, count in per_trial.items())
    return [f"  ms by phase: {shown}", f"  git processes: {sum(per_trial.values()):g} ({named})"]


def phase_times(run: Run) -> tuple[dict[str, float], float]:
    """Median seconds of each phase, and of what an attempt spends between them."""
    results = run.results()
    names = dict.fromkeys(name for result in results for name in result.phases)
    between = []
    for result in results:
        events = run.events(result.trial.id, result.attempt)
        whole = datetime.fromisoformat(events[-1].time) - datetime.fromisoformat(result.started)
        between.append(whole.total_seconds() - sum(result.phases.values()))
    return {name: median(result.phases.get(name, 0.0) for result in results) for name in names}, median(between)


def git_calls(project: Project, runner: str, trials: int) -> Counter[str]:
    """How often each git command is started by a run: a `git` that comes first in PATH counts, then does it."""
    real = shutil.which("git")
    assert real
    counting = project.path.parent / "counting"
    counting.mkdir(exist_ok=True)
    calls = counting / "calls"
    calls.write_text("")
    shim = counting / "git"
    shim.write_text(f'#!/bin/sh\necho "$1" >> {shlex.quote(str(calls))}\nexec {shlex.quote(real)} "$@"\n')
    shim.chmod(0o755)
    parex(project, runner, "kept", trials, {"PATH": f"{counting}{os.pathsep}{os.environ['PATH']}"})
    return Counter(calls.read_text().split())


if __name__ == "__main__":
    main()
