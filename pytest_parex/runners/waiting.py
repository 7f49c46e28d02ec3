"""Journalling that work goes on."""

from __future__ import annotations

from collections.abc import Callable

from pytest_parex.model import Emit

EVERY_S = 5.0


def every_few_seconds(emit: Emit) -> Callable[[float, float], None]:
    """A `waiting` callback for `processes.run`: emits `waiting` with `elapsed_s` and `idle_s`, not at every call."""
    due = EVERY_S

    def waiting(elapsed_s: float, idle_s: float) -> None:
        nonlocal due
        if elapsed_s >= due:
            due = elapsed_s + EVERY_S
            emit("waiting", elapsed_s=round(elapsed_s, 1), idle_s=round(idle_s, 1))

    return waiting
