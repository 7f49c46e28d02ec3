"""`progress.json`: where a run stands, for people and scripts. A snapshot that parex itself never reads."""

from __future__ import annotations

import contextlib
import math
import time
from typing import Any

import pytest

from pytest_parex.errors import StoreError
from pytest_parex.plugin.session import Session
from pytest_parex.store import Run

EVERY_S = 1.0
"""Not oftener than this, whatever the number of trials."""


class Progress:
    """Writes each run's snapshot when one of its trials is done, and when the session ends."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._written = -math.inf
        self._done: dict[str, dict[str, str]] = {}
        """Experiment → trial → how its last attempt ended."""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """In the controller: an item is done, and its trial with it."""
        facts = getattr(report, "parex", None)
        if facts is None or report.when != "teardown":
            return
        loaded, trial = self._session.trial((facts["experiment"], facts["trial"]))
        if trial.id not in self._done.get(facts["experiment"], {}) and loaded.run:
            self._note(loaded.run, trial.id)
            if time.monotonic() - self._written >= EVERY_S:
                self._write(loaded.run)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """The last snapshot, with the attempts whose process died."""
        for loaded in self._session.loaded:
            if loaded.run and loaded.run.directory.is_dir():
                for trial in loaded.trials:
                    self._note(loaded.run, trial.id)
                self._write(loaded.run)

    def _note(self, run: Run, trial_id: str) -> None:
        result = run.result(trial_id)
        if result is not None:
            self._done.setdefault(run.plan.experiment.experiment, {})[trial_id] = result.cause.value

    def _write(self, run: Run) -> None:
        self._written = time.monotonic()
        done = self._done.get(run.plan.experiment.experiment, {})
        with contextlib.suppress(StoreError):  # a full disk is said by what matters more
            run.write_progress(
                {
                    "experiment": run.plan.experiment.experiment,
                    "run": run.plan.run,
                    "trials": len(run.plan.trials),
                    "finished": len(done),
                    "causes": {trial.id: done.get(trial.id) for trial in run.plan.trials},
                }
            )
