"""A real Chromium, told what to do through a pipe (the DevTools protocol), without any driver or network."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

DEADLINE_S = 60.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",  # without it Chromium does not start as root, as it runs in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of a Chromium: what it shows, what it complained of, what it asked for."""

    def __init__(self, program: str, profile: Path) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "browser", *command],
            env={**os.environ, "TMPDIR": str(profile.parent)},  # it leaves folders there when it is killed
            pass_fds=(commands, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(commands)
        os.close(answers)
        self._unread = b""
        self._last = 0
        self._session: dict[str, str] = {}
        self._events: list[dict[str, Any]] = []

    def open(self, page: Path) -> None:
        """Show a file, as a double click on it does; returns when all of it is loaded."""
        target = self._do("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self._do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._do(f"{domain}.enable")
        self._events.clear()
        self._do("Page.navigate", url=page.as_uri())
        while not self._seen("Page.loadEventFired"):
            self._events.append(self._receive())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self._do("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    @property
    def text(self) -> str:
        """What a reader sees: nothing that is hidden or folded."""
        return " ".join(str(self.evaluate("document.body.innerText")).split())

    @property
    def requests(self) -> list[str]:
        """Every address that the page has asked for, its own first."""
        return [event["params"]["request"]["url"] for event in self._seen("Network.requestWillBeSent")]

    @property
    def errors(self) -> list[str]:
        """What the console shows in red, exceptions included."""
        logged = [event["params"]["entry"] for event in self._seen("Log.entryAdded")]
        called = [event["params"] for event in self._seen("Runtime.consoleAPICalled")]
        thrown = [event["params"]["exceptionDetails"] for event in self._seen("Runtime.exceptionThrown")]
        return [
            *(str(entry["text"]) for entry in logged if entry["level"] == "error"),
            *(str(call["args"]) for call in called if call["type"] in ("error", "assert")),
            *(str(details["text"]) for details in thrown),
        ]

    def end(self) -> None:
        """Kill it, with all its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def _seen(self, method: str) -> list[dict[str, Any]]:
        return [event for event in self._events if event.get("method") == method]

    def _do(self, method: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": params, **self._session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._last:
            self._events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + DEADLINE_S
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            read = os.read(self._answers, 1 << 16)
            assert read, f"the browser has ended with exit code {self._process.wait()}"
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@pytest.fixture
def browser(lacking: Callable[[str, str], NoReturn]) -> Iterator[Browser]:
    """A Chromium with an empty profile and no way into the network."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        lacking("browser", f"none of {', '.join(NAMES)} is on the PATH")
    # Not pytest's folder: Chromium makes a socket in it, whose path may have no more than about 100 characters.
    with tempfile.TemporaryDirectory(prefix="parex-browser-", ignore_cleanup_errors=True) as folder:
        started = Browser(program, Path(folder, "profile"))
        try:
            yield started
        finally:
            started.end()
