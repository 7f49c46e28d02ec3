"""One run: its plan, and access to everything in its directory."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pytest_parex.errors import StoreError
from pytest_parex.model import Event, Metric, Plan, Result, Trial
from pytest_parex.store import files, journal, layout, locks, results
from pytest_parex.store.attempt import EVENTS, RESERVED, RESULT, AttemptWriter
from pytest_parex.store.results import unsaid

FORMAT = 1


@dataclass(frozen=True)
class Run:
    """A run directory, open. Many processes may have the same one open; each file still has one writer."""

    plan: Plan
    directory: Path

    @classmethod
    def create(cls, plan: Plan) -> Run:
        """Make the run directory of this plan and point the experiment's `latest` to it."""
        directory = Path(plan.directory)
        if (directory.parent.name, directory.name) != (plan.experiment.experiment, plan.run):
            raise StoreError(f"{directory} is not the directory of run {plan.run} of {plan.experiment.experiment}")
        layout.make_runs_directory(directory.parent.parent)
        files.make_folder(directory.parent)
        if not files.make_new_folder(directory):
            raise StoreError(f"{directory} exists already: another run has this id; start the run again")
        files.make_folder(directory / layout.TRIALS)
        files.write_atomically(directory / layout.PLAN, plan.model_dump_json(indent=1) + "\n")
        files.point(directory.parent / layout.LATEST, directory.name)
        return cls(plan, directory)

    @classmethod
    def open(cls, directory: Path) -> Run:
        """Open a stored run; it may have been moved since it was made."""
        file = directory / layout.PLAN
        text = files.read_text(file)
        if (found := _format_of(text)) != FORMAT:
            raise StoreError(
                f"{file} has format {found!r}, and this version of pytest-parex reads format {FORMAT}: "
                "use the version that wrote it"
            )
        try:
            return cls(Plan.model_validate_json(text), directory.resolve())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise StoreError(f"{file} is damaged ({where}: {first['msg']}); the run cannot be read") from None

    def trial_directory(self, trial_id: str) -> Path:
        """Where the attempts of a trial are."""
        return self.directory / layout.TRIALS / layout.component(trial_id)

    def attempt_directory(self, trial_id: str, attempt: int) -> Path:
        """Where the files of an attempt are."""
        return self.trial_directory(trial_id) / f"attempt-{attempt}"

    def attempts(self, trial_id: str) -> list[int]:
        """The numbers of the trial's attempts, finished or not, in order."""
        return results.attempts(str(self.trial_directory(trial_id)))

    def unfinished(self, trial_id: str) -> int | None:
        """The number of the trial's last attempt if that has no result: it is under way, or its process died."""
        last = max(self.attempts(trial_id), default=None)
        return last if last and not (self.attempt_directory(trial_id, last) / RESULT).exists() else None

    def result(self, trial_id: str, notice: Callable[[str], None] = unsaid) -> Result | None:
        """The result of the trial's last finished attempt, with recorded metrics.

        None if no attempt has finished; also if the file cannot be read: `notice` is then told which and what to do.
        """
        return results.last(str(self.trial_directory(trial_id)), notice)

    def results(self, notice: Callable[[str], None] = unsaid) -> list[Result]:
        """The results of all trials of the plan that have one, in the plan's order; `notice` as for `result`."""
        folder = str(self.directory / layout.TRIALS)
        found = (results.last(f"{folder}/{layout.component(trial.id)}", notice) for trial in self.plan.trials)
        return [result for result in found if result is not None]

    def events(self, trial_id: str, attempt: int) -> list[Event]:
        """The events of an attempt so far, in order."""
        return journal.read(self.attempt_directory(trial_id, attempt) / EVENTS, trial_id, attempt)

    def claim(self, trial_id: str) -> AbstractContextManager[None]:
        """Hold the trial; wait while another process executes it. Whoever gets it looks first for a result.

        The claim of a process that dies is free at once.
        """
        return locks.held(self._locks() / f"trial.{layout.component(trial_id)}")

    def claim_if_free(self, trial_id: str) -> AbstractContextManager[bool]:
        """The same without waiting; the context's value says whether the trial is held."""
        return locks.held_if_free(self._locks() / f"trial.{layout.component(trial_id)}")

    def slot(self) -> AbstractContextManager[None]:
        """Hold one of the `max_parallel` places that all processes of this run share; wait while none is free."""
        limit = self.plan.experiment.max_parallel
        if limit is None:
            return contextlib.nullcontext()
        return locks.one_of([self._locks() / f"slot.{number}" for number in range(1, limit + 1)])

    def begin(
        self, trial: Trial, secrets: Collection[str] = (), listen: Callable[[Event], None] | None = None
    ) -> AttemptWriter:
        """Begin the trial's next attempt; `secrets` are hidden in what is written, `listen` is given its events."""
        folder = self.trial_directory(trial.id)
        files.make_folder(folder)
        number = max(self.attempts(trial.id), default=0) + 1
        while not files.make_new_folder(folder / f"attempt-{number}"):
            number += 1
        return AttemptWriter(trial, number, folder / f"attempt-{number}", secrets, listen)

    def reopen(self, trial: Trial, number: int) -> AttemptWriter:
        """Go on with an attempt whose writer is dead; the caller holds the trial's claim."""
        directory = self.attempt_directory(trial.id, number)
        (directory / RESERVED).unlink(missing_ok=True)
        return AttemptWriter(trial, number, directory, told=journal.told(self.events(trial.id, number)))

    def result_of(self, trial_id: str, attempt: int) -> Result | None:
        """The result of one attempt, without recorded metrics; None if it has none. StoreError if it cannot be read."""
        return results.read(str(self.attempt_directory(trial_id, attempt) / RESULT))

    def told(self, trial_id: str, attempt: int) -> journal.Told:
        """What the journal of an attempt tells, also of one that has no result."""
        return journal.told(self.events(trial_id, attempt))

    def worked(self, trial_id: str, attempt: int | None) -> dict[int, float]:
        """This attempt and those that it has gone on from, if their runner has begun: number → seconds of its work.

        The last one comes first; None has no attempts.
        """
        found: dict[int, float] = {}
        while attempt is not None:
            told = self.result_of(trial_id, attempt) or self.told(trial_id, attempt)
            if "execute" in told.phases:
                found[attempt] = told.phases["execute"]
            attempt = told.earlier if told.earlier is not None and told.earlier < attempt else None
        return found

    def stop(self, why: str) -> None:
        """Let no process begin another trial of this run; what is under way goes on."""
        files.write_atomically(self._locks() / layout.STOPPED, why)

    def stopped(self) -> str | None:
        """Why no trial of this run is to begin any more; None if nobody has stopped it."""
        try:
            return (self._locks() / layout.STOPPED).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def let_begin(self) -> None:
        """A new session fills the run: what has stopped an earlier one may be put right by now."""
        (self._locks() / layout.STOPPED).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the run if no attempt was begun in it; `latest` then names the newest of the others."""
        if any((self.directory / layout.TRIALS).iterdir()):
            return
        shutil.rmtree(self.directory)
        folder = self.directory.parent
        others = sorted(plan.parent.name for plan in folder.glob(f"[!.]*/{layout.PLAN}"))
        others = [name for name in others if name != layout.LATEST]
        if others:
            files.point(folder / layout.LATEST, others[-1])
        else:
            (folder / layout.LATEST).unlink(missing_ok=True)
            folder.rmdir()

    def record(self, trial_id: str, attempt: int, name: str, metric: Metric, by: str) -> None:
        """Keep a metric that the test `by` (its node id) measured on a finished attempt; `result` merges it in.

        StoreError if the number is not finite, or if the grading has a metric of this name.
        """
        results.record(self.attempt_directory(trial_id, attempt), name, metric, by)

    def write(self, name: str, text: str) -> Path:
        """Put text into a file of the run directory, whole or not at all, and return its path."""
        file = self.directory.joinpath(*map(layout.component, name.split("/")))
        files.make_folder(file.parent)
        files.write_atomically(file, text)
        return file

    def write_progress(self, progress: Mapping[str, Any]) -> None:
        """Write `progress.json`: a snapshot for people and scripts, made by the controller, never read by parex."""
        self.write(layout.PROGRESS, json.dumps(progress, indent=1, default=str) + "\n")

    def _locks(self) -> Path:
        folder = self.directory / layout.LOCKS
        files.make_folder(folder)
        return folder


def _format_of(text: str) -> Any:
    try:
        return json.loads(text).get("format", FORMAT)
    except (ValueError, AttributeError):
        return FORMAT
