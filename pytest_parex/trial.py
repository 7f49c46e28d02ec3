"""The life of a trial: prepare → setup → execute → capture → protect → checks → metrics → store.

`_attempt` is the whole of it, in order. It is a generator that pauses when the workspace is ready, because pytest
reports what happens before that point as *setup* and the rest as *call*. Every phase is timed and journalled. Whatever
happens, work that exists is captured before anything else, and a result is stored.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace

from pytest_parex import grading, repository, workspace
from pytest_parex.endings import ENDINGS, Cause, counts, may_retry
from pytest_parex.errors import ParexError
from pytest_parex.model import (
    Changes,
    CheckResult,
    Event,
    Execution,
    Metric,
    Place,
    Result,
    Runner,
    Task,
    Trial,
    Work,
)
from pytest_parex.planning import template_names
from pytest_parex.spec import render_options
from pytest_parex.store import FULL, AttemptWriter, Run

Life = Generator[None, None, Result]


@dataclass(frozen=True)
class Stages:
    """The stages that plugins can add to; the plugin fills them from the hooks."""

    runners: Mapping[str, Runner]
    setup: Callable[[Place], None]
    checks: Callable[[Work], Iterable[CheckResult]]
    metrics: Callable[[Work], Mapping[str, Metric]]
    listen: Callable[[Event], None]
    """Told of every event of the attempt, on this thread."""


def live(run: Run, trial: Trial, stages: Stages, environ: Mapping[str, str]) -> Life:
    """Live a trial to its result, with the retries that the spec allows. The caller holds the trial's claim.

    Pauses (yields) whenever a workspace is ready and the work is about to begin. KeyboardInterrupt is raised again
    after the work was captured and the result stored.
    """
    for _ in range(run.plan.experiment.retries):
        result = yield from _attempt(run, trial, stages, environ)
        if not may_retry(result.cause):
            return result
    return (yield from _attempt(run, trial, stages, environ))


def bury(run: Run, trial: Trial, cause: Cause) -> None:
    """Give the trial's last attempt an ending if its process died without one; its work is captured all the same.

    The caller holds the trial's claim, so an attempt without a result is one that nobody executes any more.
    """
    number = run.unfinished(trial.id)
    if number is None:
        return
    writer = run.reopen(trial, number)
    changes = None
    try:
        changes = workspace.rescue(run.plan, trial, number)
    except (ParexError, OSError) as fault:
        writer.emit("note", text=str(fault))
    message = ENDINGS[cause].meaning
    writer.finish(Result(trial=trial, attempt=number, cause=cause, message=message, changes=changes))


def _attempt(run: Run, trial: Trial, stages: Stages, environ: Mapping[str, str]) -> Life:
    writer = run.begin(trial, workspace.secrets(environ), stages.listen)
    attempt = _Attempt(run, trial, stages, environ, writer)
    stop: BaseException | None = None
    try:
        try:
            attempt.prepare()
            yield
            attempt.execute()
        except Exception as error:
            attempt.fail(Cause.CRASHED, "the work", error)
        attempt.capture()
        if counts(attempt.execution.cause):
            attempt.grade()
    except BaseException as signal:  # an interrupt: keep the work, then let it through
        stop = signal
        attempt.end(Cause.INTERRUPTED, "stopped while it was under way")
        if attempt.changes is None:
            attempt.capture()
    attempt.leave()
    result = attempt.result()
    writer.finish(result)
    if stop is not None:
        raise stop
    return result


class _Attempt:
    """What is known so far of one attempt; each method is a stage of `_attempt` above."""

    def __init__(
        self, run: Run, trial: Trial, stages: Stages, environ: Mapping[str, str], writer: AttemptWriter
    ) -> None:
        self.run = run
        self.plan = run.plan
        self.trial = trial
        self.stages = stages
        self.environ = environ
        self.writer = writer
        self.execution = Execution()
        self.workspace: workspace.Workspace | None = None
        self.place: Place | None = None
        self.changes: Changes | None = None
        self.checks: tuple[CheckResult, ...] = ()
        self.metrics: dict[str, Metric] = {}
        self.protected: tuple[str, ...] = ()
        self.artifacts: tuple[str, ...] = ()
        self.before: repository.Fingerprint | None = None
        self.contaminated: tuple[str, ...] = ()

    def prepare(self) -> None:
        with self.writer.phase("prepare"):
            self.workspace = workspace.create(
                self.plan,
                self.trial,
                attempt=self.writer.number,
                directory=self.writer.directory,
                emit=self.writer.emit,
                environ=self.environ,
            )
            # After the workspace is made, which puts right what earlier trials have done to the mirror.
            self.before = repository.fingerprint(self.plan)
        self.place = Place(
            plan=self.plan,
            trial=self.trial,
            attempt=self.writer.number,
            workspace=self.workspace.path,
            env=dict(self.workspace.env),
            directory=self.writer.directory,
            emit=self.writer.emit,
        )
        with self.writer.phase("setup"):
            self.stages.setup(self.place)
            self.workspace = workspace.settle(self.workspace, self.place)

    def execute(self) -> None:
        assert self.place is not None
        choice = self.plan.experiment.runner_of(self.trial.variant)
        variant = self.plan.experiment.variants[self.trial.variant]
        task = Task(
            **vars(self.place),
            options=render_options(choice, template_names(self.plan.experiment, self.trial)),
            timeout=variant.timeout or self.plan.experiment.timeout,
            log=self.writer.directory / "run.log",
        )
        with self.writer.phase("execute"):
            self.execution = self.stages.runners[choice.name].execute(task)
        self.metrics = dict(self.execution.metrics)

    def capture(self) -> None:
        """Keep the work that exists, and see what changed elsewhere; without a capture, nothing is graded."""
        if self.workspace is None or self.before is None:
            return
        with self.writer.phase("capture"):
            try:
                self.changes = workspace.capture(self.workspace, self.plan, self.trial, self.writer)
            except Exception as error:
                before = self.execution
                self.fail(Cause.WORKSPACE_FAILED, "capturing the work", error)
                self.writer.emit("note", text=self.execution.message)
                if not counts(before.cause):
                    self.execution = before
            try:
                self.contaminated = repository.fingerprint(self.plan).changes_since(self.before)
            except (ParexError, OSError) as fault:
                self.contaminated = (f"what else changed while the trial ran is not known: {fault}",)

    def grade(self) -> None:
        assert self.place is not None
        assert self.changes is not None
        work = Work(**vars(self.place), changes=self.changes, execution=self.execution, phases=dict(self.writer.phases))
        try:
            with self.writer.phase("protect"):
                self.protected = grading.protect(work)
            with grading.holdout(work):
                with self.writer.phase("checks"):
                    self.checks = tuple(self.stages.checks(work))
                with self.writer.phase("metrics"):
                    graded = replace(work, checks=self.checks, phases=dict(self.writer.phases))
                    self.metrics = dict(self.stages.metrics(graded))
                    self.artifacts = grading.collect_artifacts(graded)
        except Exception as error:
            self.fail(Cause.GRADING_FAILED, "grading", error)
        else:
            missing = grading.missing_reasons(work)
            self.end(*grading.judge(self.plan.experiment, self.execution, self.checks, self.metrics, missing))

    def leave(self) -> None:
        if self.workspace is not None:
            self.workspace.lease.release()

    def end(self, cause: Cause, message: str) -> None:
        self.execution = replace(self.execution, cause=cause, message=message)

    def fail(self, cause: Cause, what: str, error: Exception) -> None:
        """End as a fault says, or with `cause` and a traceback if a plugin or parex itself is at fault."""
        if isinstance(error, ParexError):
            self.end(error.cause, str(error))
        elif isinstance(error, OSError) and error.errno in FULL:
            self.end(Cause.WORKSPACE_FAILED, f"{what} came to an end on a full disk: {error}")
        else:
            with contextlib.suppress(OSError):
                (self.writer.directory / "traceback.txt").write_text("".join(traceback.format_exception(error)))
            self.end(cause, f"{what} raised {type(error).__name__}: {error} (see traceback.txt)")

    def result(self) -> Result:
        return Result(
            trial=self.trial,
            attempt=self.writer.number,
            cause=self.execution.cause,
            message=self.execution.message,
            started=self.writer.started,
            phases=dict(self.writer.phases),
            exit_code=self.execution.exit_code,
            checks=self.checks,
            metrics=self.metrics,
            changes=self.changes,
            artifacts=self.artifacts,
            protected=self.protected,
            contaminated=self.contaminated,
            workspace=str(self.workspace.path) if self.workspace else None,
            containment=self.execution.containment,
        )
