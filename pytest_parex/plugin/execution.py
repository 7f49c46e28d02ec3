"""Executes a trial for whatever item asks first, and gives every later one the stored result.

Help first: an item that needs a trial which nobody has claimed executes it itself; it waits only while another process
is executing it. So no order of items, no number of workers and no `--dist` mode can deadlock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from pytest_parex import runners
from pytest_parex.endings import Cause, counts, stops_run
from pytest_parex.errors import BudgetError, ParexError
from pytest_parex.model import CheckResult, Event, Metric, Place, Result, Trial, Work
from pytest_parex.plugin.collection import trial_of
from pytest_parex.plugin.session import SESSION, Loaded, Session
from pytest_parex.plugin.wording import failure_text, properties
from pytest_parex.store import Purse, Run
from pytest_parex.trial import Life, Stages, bury, live, refuse


class Execution:
    """One item's hold on its trial: `make_ready` in pytest's setup, `finish` in its call."""

    def __init__(self, item: pytest.Item, run: Run, life: Life | None, result: Result | None) -> None:
        self.item = item
        self.run = run
        self._life = life
        self._result: Result | None = None
        if result is not None:
            self._set(result)

    def make_ready(self) -> None:
        """Prepare and set up the workspace; ends the item as an error if that fails."""
        self._advance()
        if self._result is not None and "execute" not in self._result.phases:
            pytest.fail(failure_text(self._result, self.run), pytrace=False)

    def finish(self) -> None:
        """The rest of the trial's life; ends the item as failed unless the trial passed.

        Where gates decide about the exit code, a trial that was measured and failed ends as *xfailed*: the one outcome
        by which every reporter shows a failure that is not counted. `--runxfail` makes it count, as it does for tests.
        """
        result = self.result()
        if result.passed:
            return
        if counts(result.cause) and not self.run.plan.experiment.failures_count:
            pytest.xfail(f"not counted (fail_on: gates): {failure_text(result, self.run)}")
        pytest.fail(failure_text(result, self.run), pytrace=False)

    def result(self) -> Result:
        """The trial's result, whatever it is."""
        while self._result is None:
            self._advance()
        return self._result

    def close(self) -> None:
        """Give up a life that was not finished: its work is captured and stored as interrupted."""
        if self._life is not None:
            self._life.close()

    def _advance(self) -> None:
        """On to the next pause of the trial's life, or to its end."""
        if self._life is None or self._result is not None:
            return
        unwritten = ""
        try:
            next(self._life)
        except StopIteration as end:
            self._set(end.value)
        except ParexError as fault:  # the run directory cannot be written, so there is no result either
            unwritten = str(fault)
        if unwritten:
            pytest.fail(unwritten, pytrace=False)

    def _set(self, result: Result) -> None:
        self._result = result
        if trial_of(self.item) == (self.run.plan.experiment.experiment, result.trial.id):
            self.item.user_properties.extend(properties(result, self.run))
        if stops_run(result.cause):
            _stop(self.item, self.run)


@contextmanager
def executing(request: pytest.FixtureRequest) -> Iterator[Execution]:
    """The trial that an item is parametrized with, claimed for this item while the block lasts."""
    loaded, trial = request.config.stash[SESSION].trial(request.param)
    run = loaded.run
    assert run is not None, "trials are executed only in runs"
    if loaded.left_out is not None:
        result = run.result(trial.id)
        if result is None:
            pytest.skip(f"{trial.id} has no stored result, and --parex-report-only executes nothing")
        yield Execution(request.node, run, None, result)
        return
    with run.claim(trial.id), claimed(request.node, loaded, trial) as execution:
        yield execution


@contextmanager
def claimed(item: pytest.Item, loaded: Loaded, trial: Trial) -> Iterator[Execution]:
    """A trial whose claim the caller holds: with its result, or ready to be executed."""
    session = item.config.stash[SESSION]
    run = loaded.run
    assert run is not None, "trials are executed only in runs"
    with ExitStack() as held:
        bury(run, trial, Cause.CRASHED)
        result = run.result(trial.id)
        life = None
        if not loaded.settles(result):
            result = None
            try:
                held.enter_context(Purse(run).share(trial))
            except BudgetError as spent:
                result = refuse(run, trial, spent)
            else:
                held.enter_context(run.slot())
                if why := _stop(item, run):
                    pytest.skip(why)
                life = live(run, trial, _stages(item, session), os.environ)
        execution = Execution(item, run, life, result)
        held.callback(execution.close)
        yield execution


def _stop(item: pytest.Item, run: Run) -> str | None:
    """End the session behind this item if the run was stopped, by whatever process; returns why.

    pytest-xdist hands the stop of a worker's session on to the controller, as it does for `-x`.
    """
    why = run.stopped()
    if why is None:
        return None
    said = f"{run.plan.experiment.experiment} is stopped: {why}"
    item.session.shouldstop = said
    return said


def _stages(item: pytest.Item, session: Session) -> Stages:
    """The stages as the hooks make them: what parex does itself, and what plugins add."""
    hook = item.config.hook

    def setup(place: Place) -> None:
        hook.pytest_parex_setup_workspace(place=place)

    def checks(work: Work) -> list[CheckResult]:
        return [check for found in hook.pytest_parex_checks(work=work) for check in found]

    def metrics(work: Work) -> dict[str, Metric]:
        found = hook.pytest_parex_collect_metrics(work=work)
        return {name: metric for metrics in found for name, metric in metrics.items()}

    def listen(event: Event) -> None:
        session.listen(item, event)

    return Stages(
        runners=runners.known(hook.pytest_parex_runners()), setup=setup, checks=checks, metrics=metrics, listen=listen
    )
