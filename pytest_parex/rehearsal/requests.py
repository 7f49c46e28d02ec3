"""What the scripted model remembers: the requests that it got, and how often each turn was asked for."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

MOST = 5_000
"""Requests that are remembered; the oldest are forgotten first."""

Kind = Literal["turn", "title", "summary", "count", "unknown"]


@dataclass(frozen=True)
class Request:
    """A request that the agent program sent."""

    kind: Kind
    """`turn`: the agent goes on. `title`, `summary`, `count` (of tokens): what the program asks for itself."""
    facts: Mapping[str, str]
    """The facts of the trial: `{"variant": "oop", …}`."""
    session: str
    """The id of the agent's session; empty if the request has none."""
    agent: str
    """The id of the subagent that asks; empty for the session's own agent."""
    turn: int
    """The number of the turn that is asked for, from 1; 0 if it is not about a turn."""
    attempt: int
    """1 when this turn is asked for for the first time, 2 when it is tried once more, and so on."""
    headers: Mapping[str, str] = field(repr=False)
    """By their names in small letters, without credentials."""
    received: float
    """Seconds of the monotonic clock."""
    content: bytes = field(repr=False)

    @cached_property
    def body(self) -> dict[str, Any]:
        """What was sent, read as JSON; empty if it is none."""
        return body_of(self.content)


def body_of(content: bytes) -> dict[str, Any]:
    """The mapping that a request's content is; empty if it is none."""
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class Log:
    """The requests, in the order in which they came. Many threads may write at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque(maxlen=MOST)
        self._attempts: dict[tuple[str, str, str], tuple[int, int]] = {}

    @property
    def requests(self) -> list[Request]:
        """Those so far."""
        with self._lock:
            return list(self._requests)

    def add(
        self,
        kind: Kind,
        facts: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes,
        turn: int = 0,
        script: str = "",
    ) -> Request:
        """Remember a request; counts the attempts that follow each other at one turn of one conversation."""
        session, agent = headers.get("x-claude-code-session-id", ""), headers.get("x-claude-code-agent-id", "")
        with self._lock:
            attempt = 1
            if kind == "turn":
                last, attempts = self._attempts.get((session, agent, script), (0, 0))
                attempt = attempts + 1 if last == turn else 1
                self._attempts[session, agent, script] = (turn, attempt)
            request = Request(kind, facts, session, agent, turn, attempt, headers, time.monotonic(), content)
            self._requests.append(request)
        return request
