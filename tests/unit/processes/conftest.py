from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import pytest_parex
from pytest_parex import processes

CALLER = Path(__file__).with_name("caller.py")
DEADLINE_S = 30.0
CONTAINMENTS = {
    "pid namespace": processes.PID_NAMESPACE,
    "user pid namespace": processes.USER_PID_NAMESPACE,
    "subreaper": processes.SUBREAPER,
    "process group": processes.PROCESS_GROUP,
}


class Sleeper:
    """A program that does nothing for long, whose processes can be told from all others."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "sleeper"
        self.path.symlink_to(str(shutil.which("sleep")))

    def alive(self) -> list[psutil.Process]:
        """Processes that have the program's path in their command line: those that run it, start it or hold it."""
        return self._having(lambda words: any(str(self.path) in word for word in words))

    def running(self) -> list[psutil.Process]:
        """Processes that run the program itself."""
        return self._having(lambda words: words[:1] == [str(self.path)])

    def _having(self, wanted: Callable[[list[str]], bool]) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if wanted(process.cmdline()):
                    found.append(process)
        return found

    def offspring(self) -> str:
        """Shell commands that start four of it: a child, one in another session, an orphan, a daemon without env."""
        sleep = f"'{self.path}' 1000"
        return f'{sleep} & setsid {sleep} & (({sleep} &) &) ; (env -i setsid sh -c "{sleep} & " &)\n'


@pytest.fixture
def make_sleeper() -> Iterator[Callable[[Path], Sleeper]]:
    made: list[Sleeper] = []

    def make(folder: Path) -> Sleeper:
        made.append(Sleeper(folder))
        return made[-1]

    yield make
    for sleeper in made:
        for process in sleeper.alive():
            with contextlib.suppress(psutil.Error):
                process.kill()


@pytest.fixture
def sleeper(make_sleeper: Callable[[Path], Sleeper], tmp_path: Path) -> Sleeper:
    return make_sleeper(tmp_path)


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], bool]:
    """Whether a condition comes true before a deadline."""

    def eventually(condition: Callable[[], object]) -> bool:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    return eventually


def _working(name: str) -> processes.Containment:
    containment = CONTAINMENTS[name]
    if not processes.holds(containment):
        pytest.skip(f"no {name} on this machine")
    return containment


@pytest.fixture(params=CONTAINMENTS)
def containment(request: pytest.FixtureRequest) -> processes.Containment:
    """Every containment that works here."""
    return _working(request.param)


@pytest.fixture(params=[name for name in CONTAINMENTS if name != "process group"])
def strong(request: pytest.FixtureRequest) -> processes.Containment:
    """The containments that nothing escapes."""
    return _working(request.param)


@pytest.fixture(params=[name for name in CONTAINMENTS if "namespace" in name])
def namespace(request: pytest.FixtureRequest) -> processes.Containment:
    return _working(request.param)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., processes.Finished]:
    """`processes.run` in `tmp_path`, with its log in `tmp_path/log`."""

    def run(command: Any, **settings: Any) -> processes.Finished:
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        usual = {"cwd": tmp_path, "env": env, "timeout": DEADLINE_S, "log": tmp_path / "log", "grace": 0.1}
        return processes.run(command, **{**usual, **settings})

    return run


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a process that calls `processes.run`; `prefix` comes before its argv."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        command: str, containment: processes.Containment | None, prefix: tuple[str, ...] = (), **settings: Any
    ) -> subprocess.Popen[bytes]:
        name = next((name for name, known in CONTAINMENTS.items() if known is containment), None)
        usual = {"command": command, "containment": name, "cwd": str(tmp_path), "log": str(tmp_path / "log")}
        env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        started.append(
            subprocess.Popen(
                [*prefix, sys.executable, str(CALLER), json.dumps({**usual, **settings})],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
