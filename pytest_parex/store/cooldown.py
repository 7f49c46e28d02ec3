"""The rest that a provider of models needs: after one worker was turned away, the next starts of all of them wait.

One small file in the run's folder of locks says until when, by the wall clock, since it is shared by processes; of two
times the later one wins. The provider's own time counts if it gave one. Otherwise the rest doubles with every failure
in a row. Failures that arrive during a rest were under way when it began: they say nothing new, and do not double it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_parex.model import Place, Plan
from pytest_parex.store import files, layout, locks

FILE = "cool-down.json"
FIRST_S = 5.0
LONGEST_S = 300.0
"""The longest rest that parex chooses itself."""
REHEARSED_S = 3.0
"""The rest in rehearsals, where it never grows."""
LONGEST_ASKED_S = 6 * 3600.0
"""The longest rest that a provider can ask for: limits of subscriptions are reset after hours."""
POLL_S = 0.2


@dataclass(frozen=True)
class _Rest:
    until: float = 0.0
    """Seconds since the epoch."""
    failures: int = 0
    """Failures in a row."""


class Cooldown:
    """The cool-down of one run; `first_s` and `longest_s` bound the rest that is chosen without a provider's time."""

    def __init__(self, run_directory: Path, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self._folder = run_directory / layout.LOCKS
        self._first_s = first_s
        self._longest_s = longest_s

    @classmethod
    def of(cls, plan: Plan, run_directory: Path) -> Cooldown:
        """The cool-down of a plan's run. A scripted model needs no rest: in a rehearsal it is short, to be seen."""
        return cls(run_directory, REHEARSED_S, REHEARSED_S) if plan.rehearsal else cls(run_directory)

    def hold_back(self, seconds: float | None = None) -> None:
        """The provider has turned somebody away; `seconds` is the rest that it asked for, if it did."""
        files.make_folder(self._folder)
        with locks.held(self._folder / f"{FILE}.lock"):
            now, rest = time.time(), self._read()
            failures = rest.failures + (now >= rest.until)
            asked = self._chosen(failures) if seconds is None else min(max(seconds, 0.0), LONGEST_ASKED_S)
            self._write(_Rest(max(rest.until, now + asked), failures))

    def answered(self) -> None:
        """The provider has served somebody: failures are no longer in a row. A rest that was asked for goes on."""
        if self._read().failures:
            with locks.held(self._folder / f"{FILE}.lock"):
                self._write(_Rest(self._read().until))

    def left_s(self) -> float:
        """Seconds until the next start is allowed; 0 if it is allowed now."""
        return min(max(0.0, self._read().until - time.time()), LONGEST_ASKED_S)

    def wait_until_allowed(self, waiting: Callable[[float], None]) -> None:
        """Return when the next start is allowed, at once if it is.

        `waiting` is told the seconds that are left, when the wait begins and whenever somebody has made it longer.
        """
        given_up = time.monotonic() + LONGEST_ASKED_S  # whatever happens to the clock
        told = 0.0
        while (left := self.left_s()) and time.monotonic() < given_up:
            if time.monotonic() + left > told + 1:
                told = time.monotonic() + left
                waiting(left)
            time.sleep(min(left, POLL_S))

    def _chosen(self, failures: int) -> float:
        return float(min(self._first_s * 2 ** min(failures - 1, 60), self._longest_s))

    def _read(self) -> _Rest:
        try:
            found = json.loads((self._folder / FILE).read_text(encoding="utf-8"))
            return _Rest(float(found["until"]), int(found["failures"]))
        except (OSError, ValueError, KeyError, TypeError):  # none so far; at worst a start is too early
            return _Rest()

    def _write(self, rest: _Rest) -> None:
        files.write_atomically(self._folder / FILE, json.dumps({"until": rest.until, "failures": rest.failures}))


def wait_until_allowed(place: Place) -> None:
    """Wait until the provider may be asked again, and journal that as `cooling-down`, with `until_s` seconds left."""
    cooldown = Cooldown.of(place.plan, layout.run_directory_of(place.directory))
    cooldown.wait_until_allowed(lambda left: place.emit("cooling-down", until_s=round(left, 1)))
