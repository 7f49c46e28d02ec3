"""What became of an attempt. Stored as `result.json`; everything that compares and reports reads only this."""

from __future__ import annotations

from typing import Literal

from pytest_parex.endings import Cause
from pytest_parex.model.base import Model
from pytest_parex.model.plan import Trial


class Metric(Model):
    """A number with its unit and direction; without a direction it is shown and never ranked."""

    value: float
    unit: str | None = None
    better: Literal["higher", "lower"] | None = None


class CheckResult(Model):
    """One check on the captured work. `log` is a path relative to the attempt's directory."""

    name: str
    passed: bool
    required: bool = True
    duration_s: float = 0.0
    exit_code: int | None = None
    message: str = ""
    log: str | None = None


class FileChange(Model):
    """One path that differs from the base; lines are None for binary files."""

    path: str
    status: Literal["added", "deleted", "modified", "renamed", "type changed"]
    old_path: str | None = None
    lines_added: int | None = None
    lines_removed: int | None = None


class Changes(Model):
    """The captured work: a commit in the mirror, pinned by a ref, and the difference from the base."""

    base: str
    commit: str
    ref: str
    mirror: str
    files: tuple[FileChange, ...] = ()
    patch: str = "changes.patch"
    """Path relative to the attempt's directory."""
    left_out: tuple[str, ...] = ()
    """Paths that could not be read when the work was captured."""

    @property
    def lines_added(self) -> int:
        """Lines added over all text files."""
        return sum(change.lines_added or 0 for change in self.files)

    @property
    def lines_removed(self) -> int:
        """Lines removed over all text files."""
        return sum(change.lines_removed or 0 for change in self.files)

    def paths(self, status: str) -> tuple[str, ...]:
        """The paths with this status, in the order of the diff."""
        return tuple(change.path for change in self.files if change.status == status)


class Result(Model):
    """One finished attempt of a trial."""

    format: int = 1
    trial: Trial
    attempt: int
    earlier: int | None = None
    """The attempt that this one went on from, in the same workspace; None if it started afresh."""
    cause: Cause
    message: str = ""
    """One or two sentences for people: what happened, with the number that matters."""
    started: str = ""
    """UTC, ISO 8601."""
    phases: dict[str, float] = {}
    """Phase → duration in seconds, in the order in which they ran."""
    exit_code: int | None = None
    checks: tuple[CheckResult, ...] = ()
    metrics: dict[str, Metric] = {}
    changes: Changes | None = None
    artifacts: tuple[str, ...] = ()
    """Paths relative to the attempt's directory."""
    protected: tuple[str, ...] = ()
    """Protected paths that the variant had changed and that were restored before grading."""
    contaminated: tuple[str, ...] = ()
    """What changed outside the workspace while the trial ran, one sentence each."""
    workspace: str | None = None
    """Path of the workspace; it may have been removed since."""
    containment: str = ""
    """How processes were held: `pid namespace`, `subreaper` or `process group`."""

    @property
    def passed(self) -> bool:
        """Whether the work was done and every required check and threshold holds."""
        return self.cause is Cause.PASSED
