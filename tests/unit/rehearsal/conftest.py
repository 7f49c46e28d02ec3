from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from .agents import PROGRAM, Agent


@pytest.fixture
def agent(tmp_path: Path, lacking: Callable[[str, str], NoReturn]) -> Agent:
    """The real agent program, at home in the test's folder."""
    if not os.access(PROGRAM, os.X_OK):
        lacking("claude", "claude-agent-sdk has no bundled program here")
    return Agent(tmp_path)


class Trap:
    """A port of the loopback device that nobody should talk to."""

    def __init__(self, listening: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._listening = listening

    @property
    def connections(self) -> int:
        """How many have connected to it since it was asked."""
        found = 0
        self._listening.settimeout(0)
        while True:
            try:
                self._listening.accept()[0].close()
            except BlockingIOError:
                return found
            found += 1


@pytest.fixture
def trap() -> Iterator[Trap]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Trap(listening)
