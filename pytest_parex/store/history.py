"""Finding stored runs, and what earlier runs say about how long trials take."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from pathlib import Path

from pytest_parex.endings import counts
from pytest_parex.errors import StoreError
from pytest_parex.store import files, results
from pytest_parex.store.layout import LATEST, PLAN, TRIALS, component, make_runs_directory, remove_runs_directory
from pytest_parex.store.run import Run

__all__ = [
    "durations",
    "experiments",
    "latest",
    "make_runs_directory",
    "new_run_id",
    "open_run",
    "remove_runs_directory",
    "runs",
]

RUNS_READ_FOR_DURATIONS = 5


def new_run_id(now: datetime, token: str) -> str:
    """`YYYYMMDD-HHMMSS-<token>` in UTC; a random token keeps runs of the same second apart, and ids sort by time."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{token}"


def experiments(directory: Path) -> list[str]:
    """The names of the experiments that have runs in this runs directory, sorted."""
    return [name for name in _folders(directory) if _runs(directory / name)]


def runs(directory: Path, experiment: str) -> list[Path]:
    """The run directories of an experiment, oldest first."""
    return _runs(directory / component(experiment))


def latest(directory: Path, experiment: str) -> Path | None:
    """The directory of the experiment's latest run (what `latest` names, or else the newest); None without runs."""
    folder = directory / component(experiment)
    named = files.pointed(folder / LATEST)
    if named and "/" not in named and (folder / named / PLAN).is_file():
        return folder / named
    return max(_runs(folder), default=None)


def open_run(reference: str, directory: Path) -> Run:
    """Open `experiment` (its latest run), `experiment@run-id`, or a path to a run directory.

    `directory` is the runs directory. StoreError names what there is, if the reference fits nothing.
    """
    experiment, _, run = reference.partition("@")
    known = experiments(directory)
    if experiment not in known:
        if (Path(reference) / PLAN).is_file():
            return Run.open(Path(reference))
        if "/" in reference:
            raise StoreError(f"{reference} is no run directory: it has no {PLAN}")
        raise StoreError(f"there is no run of `{experiment}` in {directory}; {_choice(experiment, known)}")
    if run and run != LATEST:
        ids = [stored.name for stored in runs(directory, experiment)]
        if run not in ids:
            raise StoreError(f"`{experiment}` has no run `{run}`; {_choice(run, ids)}")
        return Run.open(directory / experiment / run)
    newest = latest(directory, experiment)
    assert newest is not None, "an experiment is known by its runs"
    return Run.open(newest)


def durations(directory: Path, experiment: str) -> dict[str, float]:
    """Trial id → seconds that its last counted attempt took in all phases, from the newest runs that executed it."""
    found: dict[str, float] = {}
    for run in reversed(runs(directory, experiment)[-RUNS_READ_FOR_DURATIONS:]):
        for trial in _folders(run / TRIALS):
            if trial in found:
                continue
            result = results.last(str(run / TRIALS / trial), results.unsaid)
            if result is not None and counts(result.cause):
                found[trial] = sum(result.phases.values())
    return found


def _runs(folder: Path) -> list[Path]:
    return [folder / name for name in _folders(folder) if name != LATEST and (folder / name / PLAN).is_file()]


def _folders(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"{directory} cannot be read: {error.strerror or error}") from None


def _choice(given: str, known: list[str]) -> str:
    if not known:
        return "no run is stored there"
    near = difflib.get_close_matches(given, known, n=1)
    shown = ", ".join(known[-8:])
    return f"did you mean `{near[0]}`?" if near else f"there is: {shown}"
