"""The budget of a run, shared by all its processes.

What a run has spent is read from its attempts, their results and journals. There is no second account that could
disagree with them, and nothing to repair after a kill.

A trial that is being executed holds its share, `budget.trial_usd`: a lock that the system frees when the process dies,
however it dies. While the share is held all of it counts as spent, afterwards what the trial really cost. Of an attempt
that was killed at work, and that nobody has told the cost of, the whole share counts.

The order is always: the trial's claim, its share, a place of `max_parallel`. Whoever waits for money holds no place,
only the claim of a trial that nobody else is executing. Whoever has money waits for a place at most, and whoever has a
place waits for none of these. So every wait ends, and nobody keeps a place from others while waiting for money.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pytest_parex.endings import Cause
from pytest_parex.errors import BudgetError, StoreError
from pytest_parex.model import Trial
from pytest_parex.store import files, layout, locks
from pytest_parex.store.run import Run

COST = "cost_usd"
"""The metric that tells what the work has cost since its fresh start, in US dollars."""
UNTOLD = (Cause.INTERRUPTED, Cause.CRASHED)
"""Endings after which no cost means that it is not known, rather than that there was none."""
LOCK = "money"
SHARE = "share."
"""What the names of the shares' locks begin with."""
POLL_S = 0.2
EXACT_USD = 1e-9
"""Ten shares of 0.1 are 1."""


@dataclass(frozen=True)
class _Work:
    """Attempts that have gone on from each other, and what they have cost together."""

    attempts: tuple[int, ...] = ()
    usd: float = 0.0


class Purse:
    """The money of a run, as one process sees it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._budget = run.plan.experiment.budget
        self._folder = run.directory / layout.LOCKS
        self._ended: dict[tuple[str, tuple[int, ...]], list[_Work]] = {}
        """What is known of trials whose attempts have all ended."""

    @contextmanager
    def share(self, trial: Trial) -> Iterator[None]:
        """Hold the trial's share; wait while running trials hold what is left. The caller holds the trial's claim.

        BudgetError if nothing is left, for this trial or at all. Without a budget, or if the trial's runner costs no
        money, there is nothing to hold.
        """
        if self.is_used_up(trial):
            raise BudgetError(f"earlier attempts have cost the {self._budget.trial_usd:g} USD that a trial may cost")
        with ExitStack() as held:
            while self._must_hold(trial) and not self._reserve(trial, held):
                time.sleep(POLL_S)
            yield

    def left(self, trial: Trial, earlier: int | None = None) -> float | None:
        """US dollars that the trial's next attempt may cost, counted from the fresh start of its work.

        `earlier` is the attempt that it goes on from. None: there is no limit.
        """
        if self._budget.trial_usd is None or not self._may_cost(trial):
            return None
        return self._budget.trial_usd - sum(work.usd for work in self._work(trial.id) if earlier not in work.attempts)

    def is_used_up(self, trial: Trial) -> bool:
        """Whether the trial has cost all that it may cost, so that no further attempt is made."""
        left = self.left(trial)
        return left is not None and left < EXACT_USD

    def spent_on(self, trial_id: str) -> float:
        """US dollars that all attempts of a trial have cost; for work whose cost is not known, a whole share."""
        return sum(work.usd for work in self._work(trial_id))

    def _may_cost(self, trial: Trial) -> bool:
        return self._run.plan.experiment.runner_of(trial.variant).may_cost_money

    def _must_hold(self, trial: Trial) -> bool:
        return self._budget.usd is not None and self._may_cost(trial)

    def _reserve(self, trial: Trial, held: ExitStack) -> bool:
        """Let `held` hold the trial's share, if that is free; False if running trials have to end first."""
        total, share = self._budget.usd or 0.0, self._budget.trial_usd or 0.0
        files.make_folder(self._folder)
        with locks.held(self._folder / LOCK):
            spent = promised = 0.0
            for file in self._folder.glob(f"{SHARE}*"):
                trial_id = file.name.removeprefix(SHARE)
                if trial_id == trial.id:
                    continue
                if locks.is_held(file):
                    promised += share
                else:
                    spent += self.spent_on(trial_id)
            if spent + share > total + EXACT_USD:
                raise BudgetError(
                    f"{spent:.2f} of the run's {total:g} USD are spent, and a trial may cost {share:g} USD"
                )
            if spent + promised + share > total + EXACT_USD:
                return False
            held.enter_context(locks.held(self._folder / f"{SHARE}{layout.component(trial.id)}"))
            return True

    def _work(self, trial_id: str) -> list[_Work]:
        """The attempts of a trial, those together that went on from each other, with what they have cost."""
        attempts = tuple(self._run.attempts(trial_id))
        if found := self._ended.get((trial_id, attempts)):
            return found
        work: list[_Work] = []
        for attempt in attempts:
            earlier, usd = self._bill(trial_id, attempt)
            before = next((one for one in work if earlier in one.attempts), _Work())
            work = [one for one in work if one is not before]
            work.append(_Work((*before.attempts, attempt), max(before.usd, usd)))
        if self._run.unfinished(trial_id) is None:
            self._ended[trial_id, attempts] = work
        return work

    def _bill(self, trial_id: str, attempt: int) -> tuple[int | None, float]:
        """What the attempt went on from, and what the work had cost when it ended."""
        share = self._budget.trial_usd or 0.0
        try:
            result = self._run.result_of(trial_id, attempt)
        except StoreError:
            return None, share
        if result is None:
            told = self._run.told(trial_id, attempt)
            earlier, usd, is_told = told.earlier, told.cost_usd, "execute" not in told.phases
        else:
            earlier, usd = result.earlier, result.metrics[COST].value if COST in result.metrics else None
            is_told = result.cause not in UNTOLD or "execute" not in result.phases
        if usd is None:
            return earlier, 0.0 if is_told else share
        return earlier, max(usd, 0.0)
