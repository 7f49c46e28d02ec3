"""The scripted model: a Messages API on loopback that says what a script tells it to."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pytest_parex.model import Scalar
from pytest_parex.rehearsal.facts import environment
from pytest_parex.rehearsal.reading import script_of
from pytest_parex.rehearsal.requests import Log, Request
from pytest_parex.rehearsal.script import Script
from pytest_parex.rehearsal.server import Server

_STOPPED_WITHIN_S = 0.02


class ScriptedModel:
    """Stands in for the model of real agent sessions, at no cost. A context manager; or call `start` and `stop`.

    `script` is a `Script`, its data as a mapping, or the path of its file; SpecError with all its faults.
    """

    def __init__(self, script: Script | Mapping[str, Any] | Path | str) -> None:
        self.script = script_of(script)
        self._log = Log()
        self._serving: tuple[Server, threading.Thread] | None = None

    def start(self) -> None:
        """Listen on a free port of the loopback device, and begin to answer."""
        if self._serving is None:
            server = Server(self.script, self._log)
            thread = threading.Thread(
                target=server.serve_forever, args=(_STOPPED_WITHIN_S,), name="scripted model", daemon=True
            )
            thread.start()
            self._serving = server, thread

    def stop(self) -> None:
        """Answer no more; replies that are under way are broken off. `requests` can still be read."""
        if self._serving is not None:
            server, thread = self._serving
            self._serving = None
            server.shutdown()
            thread.join()
            server.server_close()

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:PORT`. RuntimeError if it does not."""
        if self._serving is None:
            raise RuntimeError("the scripted model listens only between start() and stop(), or inside `with`")
        return f"http://127.0.0.1:{self._serving[0].server_port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def requests(self) -> list[Request]:
        """What the agent program has sent so far, the newest 5,000 requests; safe to read at any time."""
        return self._log.requests

    def environment(self, facts: Mapping[str, Scalar] | None = None) -> dict[str, str]:
        """The environment variables for a session of the agent program: it talks to this model and to no other.

        `facts` says which trial the session is of; see `pytest_parex.rehearsal.environment`.
        """
        return environment(self.url, facts)
