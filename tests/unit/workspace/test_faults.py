"""What happens when processes die, and when many want workspaces at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_parex
from pytest_parex import repository
from pytest_parex.repository import Git
from pytest_parex.store import Run

from .bench import Bench

PRELUDE = """
import os, signal, sys
from dataclasses import dataclass
from pathlib import Path
from pytest_parex import workspace
from pytest_parex.model import Place
from pytest_parex.store import Run

run = Run.open(Path(sys.argv[1]))

def make(trial, on_state=lambda state: None):
    writer = run.begin(trial)
    def emit(name, **data):
        writer.emit(name, **data)
        if name == "workspace":
            on_state(data["state"])
    made = workspace.create(
        run.plan, trial, attempt=writer.number, directory=writer.directory, emit=emit, environ=os.environ
    )
    place = Place(run.plan, trial, writer.number, made.path, made.env, writer.directory, emit)
    return workspace.settle(made, place), writer
"""

DIES = """
def die(state):
    if state == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

trial = run.plan.trials[0]
made, writer = make(trial, die)
(made.path / "limits.py").write_text("hours of work\\n")
if sys.argv[2] == "working":
    die("working")
workspace.capture(made, run.plan, trial, writer)
die("captured")
"""

MAKES_ITS_SHARE = """
sys.stdin.readline()
for trial in run.plan.trials[int(sys.argv[2])::int(sys.argv[3])]:
    made, writer = make(trial)
    assert (made.path / "limits.py").read_text() == "LIMIT = 1\\n"
print("done")
"""


def start(code: str, *arguments: object, environ: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, *map(str, arguments)],
        env={**environ, "PYTHONPATH": str(Path(pytest_parex.__file__).parent.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("kind", ["worktree", "clone", "copy"])
@pytest.mark.parametrize("state", ["creating", "created", "ready", "settled", "working", "captured"])
def test_a_process_that_is_killed_at_any_step_neither_blocks_the_next_attempt_nor_loses_work(
    bench: Bench, kind: str, state: str
) -> None:
    run = bench.run(workspace={"kind": kind, "branch": None if kind == "copy" else "work"})
    killed = start(DIES, run.directory, state, environ=bench.environ)
    out, _ = killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL, out

    second = bench.attempt(run)
    assert second.writer.number == 2
    path = second.create().path

    assert (path / "limits.py").read_text() == "LIMIT = 1\n"
    if state in ("working", "captured"):
        captures = repository.captures(Path(run.plan.bases[""].mirror))
        assert Git(git_dir=captures)("show", f"refs/parex/{run.plan.run}/v1/1/work:limits.py") == "hours of work"
    second.settle()
    second.capture()
    assert second.remove().outcome == "removed"
    assert not (bench.folder / "repo.parex").exists()


def test_sixty_four_workspaces_made_at_once_by_eight_processes(bench: Bench) -> None:
    names = [f"v{number}" for number in range(32)]
    runs = [bench.run(run=f"run-{number}", variants={name: {} for name in names}) for number in (1, 2)]
    processes = [
        start(MAKES_ITS_SHARE, run.directory, share, 4, environ=bench.environ) for run in runs for share in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=300)[0] for process in processes]

    assert said == ["done\n"] * 8
    made = [path for run in runs for path in Path(run.plan.root).iterdir() if not path.name.startswith(".")]
    assert len(made) == 64
    assert {state(run, name) for run in runs for name in names} == {"settled"}


def state(run: Run, trial: str) -> str:
    return [event.data["state"] for event in run.events(trial, 1) if event.name == "workspace"][-1]


def test_a_caller_inside_of_a_git_hook_does_not_lead_workspaces_astray(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks export the user's repository; followed, every git command of ours would work there."""
    before = bench.project.git("for-each-ref"), bench.project.git("status", "--porcelain")
    monkeypatch.setenv("GIT_DIR", str(bench.project.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(bench.project.path / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(bench.project.path))
    bench.environ |= {name: os.environ[name] for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")}
    attempt = bench.attempt()
    path = attempt.create().path
    attempt.settle()
    script = "echo x > new.py; git add -A; git -c user.name=A -c user.email=a@b commit -qm made"
    subprocess.run(["sh", "-c", script], cwd=path, env=attempt.made.env, check=True)

    assert [change.path for change in attempt.capture().files] == ["new.py"]
    assert (bench.project.git("for-each-ref"), bench.project.git("status", "--porcelain")) == before
