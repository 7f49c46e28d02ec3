"""The life of a trial: prepare → setup → execute → capture → protect → checks → metrics → store.

`_attempt` is the whole of it, in order. It is a generator that pauses when the workspace is ready, because pytest
reports what happens before that point as *setup* and the rest as *call*. Every phase is timed and journalled. Whatever
happens, work that exists is captured before anything else, and a result is stored.

After an ending that is the provider's doing, the next attempt goes on in the same workspace: it has no setup, and its
runner is told where the earlier one was.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace

from pytest_parex import grading, repository, workspace
from pytest_parex.endings import ENDINGS, Cause, counts, goes_on, holds_back, may_retry, stops_run
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
from pytest_parex.store import COST, FULL, AttemptWriter, Cooldown, Purse, Run, wait_until_allowed

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


def live(run: Run, trial: Trial, stages: Stages, environ: Mapping[str, str], earlier: int | None = None) -> Life:
    """Live a trial to its result, with the retries that the spec allows. The caller holds the trial's claim and share.

    `earlier` is an attempt that has ended and that the first one is to go on from; without one it starts afresh, also
    if the workspace is not there any more. Pauses (yields) whenever a workspace is ready and the work is about to
    begin. KeyboardInterrupt is raised again after the work was captured and the result stored.
    """
    purse = Purse(run)
    result = yield from _attempt(run, trial, stages, environ, purse, earlier)
    for _ in range(run.plan.experiment.retries):
        if not may_retry(result.cause) or purse.is_used_up(trial):
            break
        earlier = result.attempt if goes_on(result.cause) else None
        result = yield from _attempt(run, trial, stages, environ, purse, earlier)
    return result


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
    writer.finish(
        Result(
            trial=trial,
            attempt=number,
            earlier=writer.earlier,
            cause=cause,
            message=ENDINGS[cause].meaning,
            phases=dict(writer.phases),
            metrics=_with_cost({}, writer),
            changes=changes,
        )
    )


def refuse(run: Run, trial: Trial, fault: ParexError) -> Result:
    """End a trial that cannot begin, without a workspace. The caller holds the trial's claim."""
    writer = run.begin(trial)
    result = Result(trial=trial, attempt=writer.number, cause=fault.cause, message=str(fault), started=writer.started)
    writer.finish(result)
    return result


def _attempt(
    run: Run, trial: Trial, stages: Stages, environ: Mapping[str, str], purse: Purse, earlier: int | None
) -> Life:
    writer = run.begin(trial, workspace.secrets(environ), stages.listen)
    attempt = _Attempt(run, trial, stages, environ, writer, purse)
    stop: BaseException | None = None
    try:
        try:
            attempt.prepare(earlier)
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
    attempt.tell()
    if stop is not None:
        raise stop
    return result


def _with_cost(metrics: Mapping[str, Metric], writer: AttemptWriter) -> dict[str, Metric]:
    """The metrics, with the last cost that the runner has told if it did not live to measure it."""
    if writer.cost_usd is None:
        return dict(metrics)
    return {COST: Metric(value=writer.cost_usd, unit="USD", better="lower"), **metrics}


class _Attempt:
    """What is known so far of one attempt; each method is a stage of `_attempt` above."""

    def __init__(
        self,
        run: Run,
        trial: Trial,
        stages: Stages,
        environ: Mapping[str, str],
        writer: AttemptWriter,
        purse: Purse,
    ) -> None:
        self.run = run
        self.plan = run.plan
        self.trial = trial
        self.stages = stages
        self.environ = environ
        self.writer = writer
        self.purse = purse
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

    def prepare(self, earlier: int | None) -> None:
        """Make the workspace and set it up, or go on in that of an earlier attempt."""
        with self.writer.phase("prepare"):
            self.workspace = self._taken_over(earlier) or workspace.create(
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
        if self.workspace.earlier is None:
            with self.writer.phase("setup"):
                self.stages.setup(self.place)
                self.workspace = workspace.settle(self.workspace, self.place)

    def _taken_over(self, earlier: int | None) -> workspace.Workspace | None:
        if earlier is None:
            return None
        found = workspace.take_over(
            self.plan,
            self.trial,
            earlier=earlier,
            attempt=self.writer.number,
            directory=self.writer.directory,
            emit=self.writer.emit,
            environ=self.environ,
        )
        if found is not None and found.earlier is not None:
            self.writer.go_on_from(found.earlier)
        return found

    def execute(self) -> None:
        assert self.place is not None
        assert self.workspace is not None
        choice = self.plan.experiment.runner_of(self.trial.variant)
        variant = self.plan.experiment.variants[self.trial.variant]
        earlier = self.workspace.earlier
        worked = self.run.worked(self.trial.id, earlier)
        task = Task(
            **vars(self.place),
            options=render_options(choice, template_names(self.plan.experiment, self.trial)),
            timeout=variant.timeout or self.plan.experiment.timeout,
            log=self.writer.directory / "run.log",
            earlier=next((self.run.attempt_directory(self.trial.id, number) for number in worked), None),
            spent_s=sum(worked.values()),
            money=self.purse.left(self.trial, earlier),
        )
        if choice.may_cost_money:
            wait_until_allowed(task)
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

    def tell(self) -> None:
        """Let the run's other trials know what this one has learned about the provider."""
        cause = self.execution.cause
        if stops_run(cause):
            self.run.stop(f"{cause}: {self.execution.message or ENDINGS[cause].meaning}")
        elif holds_back(cause):
            Cooldown.of(self.plan, self.run.directory).hold_back(self.execution.wait_s)
        elif counts(cause):
            Cooldown.of(self.plan, self.run.directory).answered()

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
            earlier=self.writer.earlier,
            cause=self.execution.cause,
            message=self.execution.message,
            started=self.writer.started,
            phases=dict(self.writer.phases),
            exit_code=self.execution.exit_code,
            checks=self.checks,
            metrics=_with_cost(self.metrics, self.writer),
            changes=self.changes,
            artifacts=self.artifacts,
            protected=self.protected,
            contaminated=self.contaminated,
            workspace=str(self.workspace.path) if self.workspace else None,
            containment=self.execution.containment,
        )
