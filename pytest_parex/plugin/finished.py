"""What `parex_trial` gives to a test: one finished trial, read from the stored run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import pytest

from pytest_parex.endings import counts
from pytest_parex.model import Changes, CheckResult, Metric, Result, Scalar
from pytest_parex.plugin.execution import executing
from pytest_parex.plugin.wording import failure_text
from pytest_parex.store import Run


@dataclass(frozen=True)
class Diff:
    """What a variant changed, against the base. Paths are relative to the workspace."""

    added: tuple[str, ...]
    deleted: tuple[str, ...]
    modified: tuple[str, ...]
    renamed: tuple[str, ...]
    lines_added: int
    lines_removed: int
    patch: Path
    """The whole difference, as `git apply` reads it."""

    @property
    def text(self) -> str:
        """The patch as text."""
        return self.patch.read_text(errors="replace")

    @property
    def files(self) -> tuple[str, ...]:
        """Every path that was touched."""
        return (*self.added, *self.deleted, *self.modified, *self.renamed)


class FinishedTrial:
    """A finished trial. Everything is read only, but for `record`."""

    def __init__(self, result: Result, run: Run, asked_by: str) -> None:
        self._result = result
        self._run = run
        self._asked_by = asked_by

    def __repr__(self) -> str:
        return f"<trial {self.id}: {self.cause}>"

    @property
    def id(self) -> str:
        """The trial's id, for example `oop--stp-1--r2`."""
        return self._result.trial.id

    @property
    def variant(self) -> str:
        """Name of the variant."""
        return self._result.trial.variant

    @property
    def case(self) -> str | None:
        """Name of the case; None in an experiment without cases."""
        return self._result.trial.case

    @property
    def matrix(self) -> Mapping[str, Scalar]:
        """Axis → value of the trial's matrix point."""
        return self._result.trial.matrix

    @property
    def repeat(self) -> int:
        """Which repeat this is, counted from 1."""
        return self._result.trial.repeat

    @property
    def outcome(self) -> Literal["passed", "failed"]:
        """Whether the work was done and every required check and threshold holds."""
        return "passed" if self._result.passed else "failed"

    @property
    def cause(self) -> str:
        """How the last attempt ended: `passed`, `check failed`, `time limit` …"""
        return self._result.cause.value

    @property
    def message(self) -> str:
        """What happened, in a sentence or two."""
        return self._result.message

    @property
    def workspace(self) -> Path:
        """The directory that the trial worked in; it may be gone where the results are stored ones."""
        assert self._result.workspace is not None
        return Path(self._result.workspace)

    @property
    def checks(self) -> Mapping[str, CheckResult]:
        """Check name → its result (`.passed`, `.message`, `.exit_code`, `.duration_s`)."""
        return {check.name: check for check in self._result.checks}

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metric name → value. A metric that is missing is not in it."""
        return {name: metric.value for name, metric in self._result.metrics.items()}

    @property
    def cost_usd(self) -> float | None:
        """What the trial cost, in US dollars; None where the runner knows no costs."""
        return self.metrics.get("cost_usd")

    @property
    def directory(self) -> Path:
        """The attempt's directory: logs, events, artifacts."""
        return self._run.attempt_directory(self.id, self._result.attempt)

    @property
    def log(self) -> str:
        """What the variant's own processes printed."""
        log = self.directory / "run.log"
        return log.read_text(errors="replace") if log.exists() else ""

    @cached_property
    def diff(self) -> Diff:
        """What the variant changed."""
        changes = self._result.changes
        assert isinstance(changes, Changes)
        return Diff(
            added=changes.paths("added"),
            deleted=changes.paths("deleted"),
            modified=(*changes.paths("modified"), *changes.paths("type changed")),
            renamed=changes.paths("renamed"),
            lines_added=changes.lines_added,
            lines_removed=changes.lines_removed,
            patch=self.directory / changes.patch,
        )

    def record(
        self, name: str, value: float, *, unit: str | None = None, better: Literal["higher", "lower"] | None = None
    ) -> None:
        """Add a metric to this trial; it takes part in the comparison like those of the spec."""
        metric = Metric(value=value, unit=unit, better=better)
        self._run.record(self.id, self._result.attempt, name, metric, by=self._asked_by)


def finished_trial(request: pytest.FixtureRequest) -> FinishedTrial:
    """The finished trial that a test is parametrized with, executed now if nobody has done it yet."""
    with executing(request) as execution:
        result = execution.result()
    if not counts(result.cause):
        pytest.fail(failure_text(result, execution.run), pytrace=False)
    return FinishedTrial(result, execution.run, request.node.nodeid)


def existing_workspace(trial: FinishedTrial) -> Path:
    """The workspace of a finished trial; skips the test if it has been removed since the trial was executed."""
    if not trial.workspace.is_dir():
        pytest.skip(f"the workspace of {trial.id} has been removed: {trial.workspace}")
    return trial.workspace
