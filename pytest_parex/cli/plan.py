"""`parex plan`: what would be run?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pytest_parex.cli import options
from pytest_parex.cli.check import counts
from pytest_parex.cli.reading import read_spec
from pytest_parex.model import Plan, Trial
from pytest_parex.planning import expand, freeze

SHOWN = 12
"""Characters of a digest in the table."""


@click.command(short_help="Show what would be run, without running it.")
@options.spec_file
@options.overrides
@options.as_json
def plan(spec: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Show the trials of a spec with their ids and the digests of their inputs. Nothing is run, and nothing is kept.

    A digest changes when something changes that the work depends on: the base commit, the runner, a prompt, a file.

    \b
    parex plan limiter.yaml
    parex plan limiter.yaml --set repeats=3 --json
    """
    read, notes = read_spec(spec, overrides)
    with tempfile.TemporaryDirectory(prefix="parex-") as folder:
        frozen = freeze(
            read.experiment,
            expand(read.experiment, read.lines),
            spec=spec,
            run="plan",
            directory=Path(folder, read.experiment.experiment, "plan"),
            created="",
        )
    if as_json:
        click.echo(json.dumps(_data(frozen), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*_header(frozen, notes), "", *_table(frozen.trials)]))


def _header(plan: Plan, notes: Sequence[str]) -> list[str]:
    bases = [f"{name or 'base'}: {base.commit[:SHOWN]} ({base.chosen})" for name, base in plan.bases.items()]
    said = {base.chosen for base in plan.bases.values()}
    return [
        f"{plan.experiment.experiment}: {counts(plan.experiment, plan.trials)}",
        *bases,
        f"workspaces: {Path(plan.root).parent}",
        *(f"note: {note}" for note in [*notes, *plan.notices] if note not in said),
    ]


def _table(trials: Sequence[Trial]) -> list[str]:
    """Columns that say nothing, because no trial has them, are left out."""
    rows = [
        {
            "id": trial.id,
            "variant": trial.variant,
            "case": trial.case or "",
            "matrix": ", ".join(f"{axis}={_text(value)}" for axis, value in trial.matrix.items()),
            "repeat": str(trial.repeat),
            "inputs": trial.inputs[:SHOWN],
        }
        for trial in trials
    ]
    columns = [name for name in rows[0] if any(row[name] not in ("", "1") for row in rows)] if rows else []
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in columns}
    lines = [{name: name for name in columns}, *rows]
    return ["  ".join(line[name].ljust(widths[name]) for name in columns).rstrip() for line in lines]


def _data(plan: Plan) -> dict[str, Any]:
    return {
        "experiment": plan.experiment.experiment,
        "spec": plan.spec,
        "root": str(Path(plan.root).parent),
        "bases": {
            name: base.model_dump(include={"source", "commit", "chosen", "checkout"})
            for name, base in plan.bases.items()
        },
        "grading": plan.grading,
        "notices": plan.notices,
        "versions": plan.versions,
        "trials": [trial.model_dump(exclude={"expected_s"}) for trial in plan.trials],
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
