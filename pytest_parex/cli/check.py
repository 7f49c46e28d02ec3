"""`parex check`: is the spec right?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from pytest_parex.cli import options
from pytest_parex.cli.reading import read_spec
from pytest_parex.errors import Fault, SpecError
from pytest_parex.model import Experiment, Trial
from pytest_parex.planning import expand


@click.command(short_help="Say everything that is wrong with a spec.")
@options.spec_files
@options.overrides
def check(specs: tuple[Path, ...], overrides: tuple[str, ...]) -> None:
    """Say everything that is wrong with spec files, as FILE:LINE:COLUMN: MESSAGE; exit code 4 if anything is.

    \b
    parex check limiter.yaml
    parex check experiments/*.yaml
    parex check limiter.yaml --set repeats=3
    """
    faults: list[Fault] = []
    for file in specs:
        try:
            read, notes = read_spec(file, overrides)
        except SpecError as error:
            faults += error.faults
        else:
            click.echo(f"{file}: OK: {counts(read.experiment, expand(read.experiment, read.lines))}")
            for note in notes:
                click.echo(f"{file}: note: {note}")
    if faults:
        raise SpecError(faults)


def counts(experiment: Experiment, trials: Iterable[Trial]) -> str:
    """`12 trials: 3 variants × 2 cases × 2 repeats`."""
    every = list(trials)
    points = {repr(trial.matrix) for trial in every}
    factors = [
        (len(experiment.variants), "variant"),
        (len(experiment.cases), "case"),
        (len(points) if experiment.matrix != type(experiment.matrix)() else 0, "matrix point"),
        (experiment.repeats.max if experiment.repeats.max > 1 else 0, "repeat"),
    ]
    product = " × ".join(_counted(number, noun) for number, noun in factors if number)
    excluded = " less what is excluded" if experiment.matrix.exclude else ""
    return f"{_counted(len(every), 'trial')}: {product}{excluded}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
