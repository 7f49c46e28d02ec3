"""What is handed from stage to stage while a trial runs, and the protocol that built-in and users' runners share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pytest_parex.endings import Cause
from pytest_parex.model.plan import Plan, Trial
from pytest_parex.model.result import Changes, CheckResult, Metric


@dataclass(frozen=True)
class Event:
    """Something that happened in an attempt: a line of `events.jsonl`, and what the event hook is given."""

    trial: str
    attempt: int
    time: str
    """UTC, ISO 8601."""
    name: str
    """`phase` and `phase-end` (data: `phase`, `duration_s`), `waiting` (`elapsed_s`, `idle_s`), `note` (`text`), `cost`
    (`usd` since the fresh start of the work), `cooling-down` (`until_s`: seconds that are left) …"""
    data: Mapping[str, Any] = field(default_factory=dict)


class Emit(Protocol):
    """`emit("note", text="…")`: journal an event of this attempt. Data must be plain JSON."""

    def __call__(self, name: str, /, **data: Any) -> None:
        """Journal it now, on this thread."""
        ...


@dataclass(frozen=True)
class Place:
    """A trial's workspace and what goes with it."""

    plan: Plan
    trial: Trial
    attempt: int
    workspace: Path
    env: dict[str, str]
    """The whole environment for the trial's processes, `PAREX_*` included; setup may change it."""
    directory: Path
    """The attempt's directory in the run directory, for logs and results."""
    emit: Emit


@dataclass(frozen=True)
class Task(Place):
    """All that a runner needs to do a trial's work."""

    options: Any
    """The runner's options from the spec, templates rendered."""
    timeout: float
    """Seconds until the work is stopped."""
    log: Path
    """run.log: what the variant's processes print."""
    earlier: Path | None = None
    """Directory of the attempt that this one goes on from, in the same workspace; None for a fresh start."""
    spent_s: float = 0.0
    """Seconds of execute in the attempts gone on from."""
    money: float | None = None
    """US dollars that the work may cost at most, counted from the fresh start; None if the spec sets no limit."""


@dataclass(frozen=True)
class Execution:
    """How the work ended, before anybody has graded it. `Cause.PASSED` here means: done, now grade it."""

    cause: Cause = Cause.PASSED
    message: str = ""
    exit_code: int | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """`cost_usd` among them is what the work has cost since its fresh start, earlier attempts included."""
    containment: str = ""
    wait_s: float | None = None
    """Seconds until the provider may be asked again, if it has said so."""


@dataclass(frozen=True)
class Work(Place):
    """Captured work, ready to be graded; `checks` is empty while the checks run."""

    changes: Changes
    execution: Execution
    phases: Mapping[str, float]
    """Durations so far, in seconds."""
    checks: tuple[CheckResult, ...] = ()


class Runner(Protocol):
    """Does the work of a trial."""

    def faults(self, options: Any) -> list[str]:
        """What is wrong with these options, one sentence each; asked before anything is created."""
        ...

    def execute(self, task: Task) -> Execution:
        """Do the work in `task.workspace`. A ParexError raised here ends the attempt with that error's cause.

        Runs in a worker. KeyboardInterrupt must pass through, after everything that was started is dead.
        """
        ...


@runtime_checkable
class Demanding(Protocol):
    """What a runner may have besides, if it needs more than its options can show: programs, credentials, leave."""

    def lacks(self, experiment: str, choices: Sequence[tuple[Any, Mapping[str, str]]]) -> list[str]:
        """What this machine lacks, one sentence each; asked in the controller, before anything is created.

        `choices` are the options (templates not yet filled in) and the environments of all variants with this runner.
        """
        ...
