"""Whoever is killed or interrupted, no agent goes on working, its work is kept, and what it cost is known."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.endings import Cause
from pytest_parex.testing import Project

from .stories import LEAN, SLEEP, bash, rehearsable, session, write

ANSWER = (100 * 2 + 50 * 10) / 1e6


def begun(tmp_path: Path, start: Callable[..., Any], *args: str) -> tuple[Project, Any]:
    """A session in which an agent has written a file and now runs a command that takes ten minutes."""
    script = {"sessions": [session("a", [{"calls": [write("part.txt")]}, {"calls": [bash(f"touch $READY; {SLEEP}")]}])]}
    project = rehearsable(Project(tmp_path / "repo"), {"variants": {"a": "go"}, "retries": 0}, script)
    ready = tmp_path / "ready"
    started = start(project, "--parex-rehearse", *LEAN, *args, env={"READY": str(ready)})
    started.until(ready.exists, "the agent's command")
    journals = project.path / ".parex"
    told = '"name": "cost"'
    started.until(
        lambda: any(told in file.read_text() for file in journals.rglob("events.jsonl")), "a cost in the journal"
    )
    return project, started


def test_when_pytest_is_killed_no_agent_is_left(tmp_path: Path, start: Callable[..., Any]) -> None:
    _, started = begun(tmp_path, start)

    os.kill(started.process.pid, signal.SIGKILL)

    started.process.wait()
    started.wait_until_nothing_is_left()


def test_when_a_worker_is_killed_no_agent_is_left_and_the_work_is_kept(
    tmp_path: Path, start: Callable[..., Any]
) -> None:
    _, started = begun(tmp_path, start, "-n1")

    started.worker_of("a").kill()

    done = started.wait()
    started.wait_until_nothing_is_left()
    result = done.results["a"]
    assert result.cause is Cause.CRASHED, done.out
    assert result.changes is not None
    assert [change.path for change in result.changes.files] == ["part.txt"]
    assert result.metrics["cost_usd"].value > 0


def test_an_interrupt_ends_the_session_and_its_cost_is_known(tmp_path: Path, start: Callable[..., Any]) -> None:
    _, started = begun(tmp_path, start)

    started.interrupt()

    done = started.wait()
    started.wait_until_nothing_is_left()
    result = done.results["a"]
    assert result.cause is Cause.INTERRUPTED, done.out
    assert result.changes is not None
    assert [change.path for change in result.changes.files] == ["part.txt"]
    assert result.metrics["cost_usd"].value == pytest.approx(2 * ANSWER)
