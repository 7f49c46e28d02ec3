"""Fixtures of parex's own tests."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import psutil
import pytest

from pytest_parex.testing import Finished, Project

REQUIRED = "PAREX_TESTS_REQUIRE"
"""The variable that names, joined by commas, the parts without which tests fail instead of being skipped."""
DEADLINE_S = 300.0
MARK = "SESSION_UNDER_TEST"


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project with these files: `project({"solve.py": "…"})`."""

    def make(files: Mapping[str, str] | None = None, name: str = "repo") -> Project:
        return Project(tmp_path / name, files)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder outside of every workspace, where trials and hooks can leave traces."""
    made = tmp_path / "traces"
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def lacking() -> Callable[[str, str], NoReturn]:
    """For tests that need a part which not every machine has: `lacking("browser", "there is no chromium")`.

    The test is skipped, or fails if the part is named in PAREX_TESTS_REQUIRE (`index,browser`).
    """

    def say(part: str, why: str) -> NoReturn:
        message = f"{part}: {why}"
        if part in os.environ.get(REQUIRED, "").split(","):
            pytest.fail(f"{message} ({REQUIRED} asks for it)", pytrace=False)
        pytest.skip(message)

    return say


class Started:
    """A pytest session that is under way, in a process group of its own, as a terminal would start it."""

    def __init__(self, project: Project, args: tuple[str, ...], env: Mapping[str, str]) -> None:
        self.project = project
        self.mark = uuid.uuid4().hex
        self._output = project.path.parent / f"session-{self.mark}.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                project.command(*args),
                cwd=project.path,
                env=project.environment({**env, MARK: self.mark}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(errors="replace")

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition; fails if the session ends before, or after a generous deadline."""
        self._poll(condition, what, lambda: self.process.poll() is not None)

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal sends SIGINT to the whole foreground process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def worker_of(self, trial: str) -> psutil.Process:
        """The worker of pytest-xdist that is executing this trial."""
        for worker in psutil.Process(self.process.pid).children():
            if any(_environ(child).get("PAREX_TRIAL") == trial for child in worker.children(recursive=True)):
                return worker
        raise AssertionError(f"no worker executes {trial}")

    def left_running(self) -> list[psutil.Process]:
        """Every process that descends from this session, wherever it moved itself."""
        return [process for process in psutil.process_iter() if _environ(process).get(MARK) == self.mark]

    def wait(self) -> Finished:
        """Wait for the session to end."""
        try:
            code = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the session has not ended\n{self.out}") from None
        return Finished(code, self.out, self.project.path / ".parex")

    def wait_until_nothing_is_left(self) -> None:
        """Wait until no process of this session exists any more."""
        self._poll(lambda: not self.left_running(), "end of every process", lambda: False)

    def end(self) -> None:
        """Kill whatever is left of it."""
        for process in self.left_running():
            process.kill()
        self.process.wait()

    def _poll(self, condition: Callable[[], object], what: str, over: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            if over() and not condition():
                raise AssertionError(f"the session ended while waiting for: {what}\n{self.out}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for: {what}\n{self.left_running()}\n{self.out}")
            time.sleep(0.05)


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Starts sessions and does not wait for them: `start(project, "-n2")`. Nothing of them outlives the test."""
    sessions: list[Started] = []

    def begin(project: Project, *args: str, env: Mapping[str, str] | None = None) -> Started:
        sessions.append(Started(project, args, env or {}))
        return sessions[-1]

    yield begin
    for session in sessions:
        session.end()
