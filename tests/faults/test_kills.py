"""Two sessions of one experiment at once, one of which is killed at the worst moment."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_parex.store import Run
from pytest_parex.testing import Project

from .sessions import ALONE, DAEMON, LEAN, left_running, marker, run, state

ENDLESS = f"""\
echo half > work.txt
{DAEMON}
touch "$FOLDER/begun-$PAREX_RUN"
while ! test -e "$FOLDER/released"; do sleep 0.1; done
echo whole > work.txt
"""


def test_a_session_that_is_killed_leaves_whole_results_and_nothing_running_and_disturbs_no_other(
    project: Callable[..., Project], folder: Path, start: Callable[..., Any]
) -> None:
    repo = project({"endless.sh": ENDLESS}, name="my project")
    mark = marker()
    repo.spec(
        {
            "variants": {"quick": {"runner": {"shell": "echo done > work.txt"}}, "endless": {}},
            "env": {"FOLDER": str(folder), "MARK": mark},
            "timeout": "1h",
            "runner": {"shell": "sh endless.sh"},
            "checks": {"work": "grep -qE 'done|whole' work.txt"},
        }
    )
    before = state(repo.path, leave_out=[".parex"])
    sessions: dict[str, tuple[Any, Path]] = {}
    for _ in range(2):
        session = start(repo, *LEAN, "-p", "xdist", "-n2", env=ALONE)
        known = set(sessions)
        session.until(lambda known=known: _begun(folder) - known, "the endless trial")
        [name] = _begun(folder) - known
        directory = repo.path / ".parex/spec" / name
        session.until((directory / "trials/quick/attempt-1/result.json").exists, "the quick trial")
        sessions[name] = (session, directory)
    (killed, killed_directory), (other, other_directory) = sessions.values()
    assert len(left_running(mark)) == 2

    killed.process.send_signal(signal.SIGKILL)
    killed.wait()
    killed.wait_until_nothing_is_left()
    other.until(lambda: len(left_running(mark)) == 1, "the end of the daemon")

    stored = Run.open(killed_directory)
    quick = stored.result("quick")
    assert quick is not None
    assert quick.passed
    assert "+done" in (stored.attempt_directory("quick", 1) / "changes.patch").read_text()
    assert stored.result("endless") is None
    assert stored.events("endless", 1), "its journal can be read"

    (folder / "released").touch()
    assert other.wait().outcomes == {"passed": 2}
    undisturbed = Run.open(other_directory)
    assert {result.trial.id: result.cause.value for result in undisturbed.results()} == {
        "quick": "passed",
        "endless": "passed",
    }
    assert all(result.contaminated == () for result in undisturbed.results())
    assert left_running(mark) == []

    filled = run(repo, "--parex-run", f"spec@{killed_directory.name}")
    assert filled.outcomes == {"passed": 2}, filled.out
    stored = Run.open(killed_directory)
    assert stored.attempts("quick") == [1]
    assert stored.attempts("endless") == [1, 2], "the work of the dead attempt stays beside that of the new one"
    assert "+half" in (stored.attempt_directory("endless", 1) / "changes.patch").read_text()
    assert state(repo.path, leave_out=[".parex"]) == before


def _begun(folder: Path) -> set[str]:
    return {path.name.removeprefix("begun-") for path in folder.glob("begun-*")}
