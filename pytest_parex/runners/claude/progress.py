"""Telling what a session does while it does it: rows of its record → events of the attempt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_parex.model import Emit
from pytest_parex.runners.claude.record import FILE, Tail
from pytest_parex.runners.waiting import every_few_seconds

TOLD = ("session", "turn", "tool", "denied", "retry", "metric", "progress", "notice", "note")
"""Rows that are events of the same name, with the same data."""


class Follower:
    """Called about every second while a session runs: emits what has happened since, and that it still runs."""

    def __init__(self, directory: Path, emit: Emit, skip: int) -> None:
        self._tail = Tail(directory / FILE)
        for _, _ in zip(range(skip), self._tail.rows(), strict=False):
            pass
        self._emit = emit
        self._waiting = every_few_seconds(emit)
        self._usd = -1.0

    def __call__(self, elapsed_s: float, idle_s: float) -> None:
        """It still runs."""
        self.catch_up()
        self._waiting(elapsed_s, idle_s)

    def catch_up(self) -> None:
        """Emit what has happened since the last time."""
        for row in self._tail.rows():
            data = {key: value for key, value in row.items() if key != "is"}
            if row["is"] in TOLD:
                self._emit(row["is"], **data)
            elif row["is"] == "usage" and row["usd"] != self._usd:
                self._usd = row["usd"]
                self._emit("cost", **_spent(row))


def _spent(row: dict[str, Any]) -> dict[str, Any]:
    tokens = sum(sum(counts.values()) for counts in row["tokens"].values())
    return {"usd": row["total_usd"], "tokens": tokens, "turns": row["counts"].get("turns", 0)}
