"""Ctrl-C and SIGTERM: the work so far is captured, a partial comparison is written, and no process is left."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.testing import Project


@pytest.fixture
def repo(project: Callable[..., Project], folder: Path) -> Project:
    made = project()
    made.spec(
        {
            "variants": {
                "quick": {"runner": {"shell": "echo done > work.txt"}},
                "endless": {"runner": {"shell": f'echo half > work.txt; touch "{folder}/begun"; exec sleep 3600'}},
                "later": {"runner": {"shell": "true"}},
            },
            "timeout": "1h",
        }
    )
    return made


@pytest.mark.parametrize("mode", [["-n0"], ["-n2"], ["-n2", "--dist=load"], ["-p", "no:xdist"]], ids=" ".join)
@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_a_session_that_is_stopped_keeps_what_there_is(
    repo: Project, folder: Path, start: Callable[..., Any], mode: list[str], how: str
) -> None:
    session = start(repo, *mode, "-p", "no:randomly")
    finished = ["quick"] if "-n2" not in mode else ["quick", "later"]
    results = [repo.path / f".parex/spec/latest/trials/{name}/attempt-1/result.json" for name in finished]
    session.until(lambda: all(file.exists() for file in [folder / "begun", *results]), "everything but the endless")

    if how == "Ctrl-C":
        session.interrupt()
    else:
        session.process.send_signal(signal.SIGTERM)
    run = session.wait()
    session.wait_until_nothing_is_left()

    assert run.exit_code == 2, run.out
    assert "INTERNALERROR" not in run.out
    outcomes = {trial.id: (trial.outcome, trial.cause) for trial in run.comparison.trials}
    assert outcomes == {
        "quick": ("passed", "passed"),
        "endless": ("missing", "interrupted"),
        "later": ("passed", "passed") if "later" in finished else ("missing", ""),
    }
    captured = run.run().attempt_directory("endless", 1) / "changes.patch"
    assert "+half" in captured.read_text()
    assert "parex comparison: spec" in run.out


def test_an_interrupted_run_can_be_filled(repo: Project, folder: Path, start: Callable[..., Any]) -> None:
    session = start(repo, "-n0", "-p", "no:randomly")
    session.until((folder / "begun").exists, "the endless trial")
    session.interrupt()
    assert "later" not in session.wait().results

    filled = repo.run("-n2", "--parex-run", "spec", "--parex-only", "variant=later", "--parex-only", "variant=quick")

    assert filled.exit_code == 0, filled.out
    outcomes = {trial.id: trial.outcome for trial in filled.comparison.trials}
    assert outcomes == {"quick": "passed", "endless": "missing", "later": "passed"}
    assert filled.run().attempts("quick") == [1]


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_an_impatient_second_interrupt_leaves_nothing_running(
    project: Callable[..., Project], folder: Path, start: Callable[..., Any], mode: str
) -> None:
    repo = project()
    endless = f'echo half > work.txt; touch "{folder}/begun"; test -e "{folder}/released" || exec sleep 3600'
    repo.spec({"variants": {"endless": {}}, "runner": {"shell": endless}, "timeout": "1h"})
    session = start(repo, mode)
    session.until((folder / "begun").exists, "the endless trial")

    session.interrupt()
    session.interrupt()
    session.wait()
    session.wait_until_nothing_is_left()

    (folder / "released").touch()
    filled = repo.run(mode, "--parex-run", "spec")
    assert filled.outcomes == {"passed": 1}, filled.out
    assert filled.run().attempts("endless") == [1, 2]
    assert "+half" in (filled.run().attempt_directory("endless", 1) / "changes.patch").read_text()


def test_the_users_handler_of_sigterm_is_given_back(project: Callable[..., Project]) -> None:
    repo = project(
        {
            "run.py": """
                import signal, sys
                import pytest

                def mine(signum, frame):
                    raise SystemExit(7)

                signal.signal(signal.SIGTERM, mine)
                code = pytest.main(sys.argv[1:])
                assert signal.getsignal(signal.SIGTERM) is mine
                raise SystemExit(code)
                """
        }
    )
    repo.spec("variants: {a: {}}\nrunner: {shell: 'true'}\n")

    command = repo.command("-p", "no:xdist")
    from pytest_parex import processes

    ended = processes.capture([command[0], "run.py", *command[3:]], cwd=repo.path, env=repo.environment(), timeout=120)

    assert ended.exit_code == 0, (ended.stdout + ended.stderr).decode()
