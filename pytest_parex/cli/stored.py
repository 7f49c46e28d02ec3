"""Stored runs as verbs read them: found by name, with what can be read of their results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from pytest_parex.cli import options
from pytest_parex.compare import Part
from pytest_parex.errors import StoreError
from pytest_parex.store import Run, experiments, open_run, runs
from pytest_parex.store.layout import PLAN

_NOT_ASKED_FOR = ("not selected", "not needed")


def named_run(reference: str, directory: Path | None) -> Run:
    """A run by its name, or by its directory, for which no folder of runs needs to be near."""
    if directory is None and (Path(reference) / PLAN).is_file():
        return Run.open(Path(reference))
    return open_run(reference, options.found_runs(directory))


def last_runs(experiment: str, directory: Path | None, last: int | None) -> list[Run]:
    """The last runs of an experiment, oldest first; those that cannot be read are said and left out."""
    folder = options.found_runs(directory)
    if experiment not in experiments(folder):
        open_run(experiment, folder)  # says what there is
        raise click.UsageError(f"--history is of an experiment, and {experiment} is a run: name the experiment")
    found = []
    for stored in runs(folder, experiment)[-(last or 0) :]:
        try:
            found.append(Run.open(stored))
        except StoreError as fault:
            said(str(fault))
    if not found:
        raise StoreError(f"no run of `{experiment}` in {folder} can be read")
    return found


def read(run: Run) -> Part:
    """What takes part in a comparison. Results that cannot be read are said on stderr, and missing."""
    return Part(run.plan, run.results(said), _not_asked_for(run.directory), run.directory)


def said(notice: str) -> None:
    """Something that people should know, beside what scripts read."""
    click.echo(f"parex: {notice}", err=True)


def _not_asked_for(directory: Path) -> frozenset[str]:
    """The trials that nobody asked for when the run was compared last; none if it never was."""
    try:
        trials: Sequence[dict[str, str]] = json.loads((directory / "comparison.json").read_bytes())["trials"]
        return frozenset(trial["id"] for trial in trials if trial["outcome"] in _NOT_ASKED_FOR)
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
