"""What a pytest session knows of its experiments; the same in the controller and in a worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.endings import counts
from pytest_parex.model import Event, Experiment, Result, Scalar, Trial
from pytest_parex.store import Run

Key = tuple[str, str]
"""Experiment and trial id."""


@dataclass(frozen=True)
class Loaded:
    """One spec file of this session. `run` is None while nothing may be created (`--collect-only`)."""

    spec: Path
    experiment: Experiment
    trials: tuple[Trial, ...]
    run: Run | None = None
    notices: tuple[str, ...] = ()
    """What is to be said of this session, besides the notices of the plan."""
    rehearsal: Path | None = None
    """The script that agents play instead of talking to a real model."""
    begun_before: Mapping[str, int] = field(default_factory=dict)
    """Trial id → its last attempt of earlier sessions, where this one fills a run."""

    def settles(self, result: Result | None) -> bool:
        """Whether this session executes the trial no more: it was measured, or this session has tried already."""
        if result is None:
            return False
        return counts(result.cause) or result.attempt > self.begun_before.get(result.trial.id, 0)

    def at_once(self) -> int:
        """How many trials may run at the same time: what the spec says, else one per processor."""
        return min(len(self.trials), self.experiment.max_parallel or os.cpu_count() or 1)

    def facts(self, trial: Trial) -> dict[str, Scalar]:
        """What `-m "parex(…)"`, `--parex-only` and the marker can select by."""
        return {
            **trial.matrix,
            "experiment": self.experiment.experiment,
            "variant": trial.variant,
            "case": trial.case,
            "repeat": trial.repeat,
        }


@dataclass
class Session:
    """The experiments of this session, and who listens to their events."""

    loaded: list[Loaded]
    listen: Callable[[pytest.Item, Event], None] = lambda item, event: None
    """Called in the process that executes a trial, on its main thread."""
    copies: int = 1
    """How often every item is run: once, or with `--dist each` in every worker."""

    def at(self, spec: Path) -> Loaded | None:
        """The experiment whose spec is this file."""
        return next((loaded for loaded in self.loaded if loaded.spec == spec), None)

    def trials(self) -> Iterator[tuple[Loaded, Trial]]:
        """Every trial of every experiment, in the order of the specs."""
        for loaded in self.loaded:
            for trial in loaded.trials:
                yield loaded, trial

    def trial(self, key: Key) -> tuple[Loaded, Trial]:
        """The trial with this key; KeyError if there is none."""
        return self._by_key[key]

    def key_of(self, rootpath: Path, nodeid: str) -> Key | None:
        """The trial whose own item has this node id; None for every other item."""
        path, _, name = nodeid.partition("::")
        loaded = self.at(Path(os.path.normpath(rootpath / path)))
        if loaded is None:
            return None
        key = (loaded.experiment.experiment, name.partition("[")[2].removesuffix("]"))
        return key if key in self._by_key else None

    @cached_property
    def _by_key(self) -> dict[Key, tuple[Loaded, Trial]]:
        return {(loaded.experiment.experiment, trial.id): (loaded, trial) for loaded, trial in self.trials()}


class Terminated(KeyboardInterrupt):
    """The session was sent SIGTERM, and ends as after Ctrl-C."""


SESSION = pytest.StashKey[Session]()


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def workerinput(config: pytest.Config) -> dict[str, Any]:
    """What the controller sent to this worker."""
    sent: dict[str, Any] = config.workerinput  # type: ignore[attr-defined]
    return sent
