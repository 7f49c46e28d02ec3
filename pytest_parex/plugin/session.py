"""What a pytest session knows of its experiments; the same in the controller and in a worker."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.endings import counts
from pytest_parex.model import Comparison, Event, Experiment, Result, Scalar, Trial
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
    left_out: Collection[str] | None = None
    """Where a run is only reported (`--parex-report-only`): ids of trials that nobody has asked for when it was run."""

    @property
    def function(self) -> str:
        """The name of the test function that is parametrized over the trials."""
        return re.sub(r"\W", "_", self.experiment.experiment)

    @property
    def gate_function(self) -> str:
        """The name of the test function that is parametrized over the gates."""
        return f"{self.function}_gate"

    def settles(self, result: Result | None) -> bool:
        """Whether this session executes the trial no more: it was measured, or this session has tried already."""
        if result is None:
            return False
        if self.left_out is not None:
            return True
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
    baseline: Comparison | None = None
    """What `--parex-baseline` names."""
    asked: Collection[Key] = ()
    """The trials that any item of this session is about, once it is collected; known where items are run."""

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
        function, _, parameter = name.partition("[")
        if loaded is None or function != loaded.function:
            return None
        key = (loaded.experiment.experiment, parameter.removesuffix("]"))
        return key if key in self._by_key else None

    def comes_last(self, rootpath: Path, nodeid: str) -> bool:
        """Whether the item with this node id is a gate, or a test of a comparison: these have the experiment's name as
        a parameter. One that only looks like it is run last as well.
        """
        path, _, name = nodeid.partition("::")
        if self.at(Path(os.path.normpath(rootpath / path))) is not None:
            return self.key_of(rootpath, nodeid) is None
        parameters = name.partition("[")[2].removesuffix("]")
        names = (re.escape(loaded.experiment.experiment) for loaded in self.loaded)
        return any(re.search(rf"(?:^|-){name}(?:-(?!-)|$)", parameters) for name in names)

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
