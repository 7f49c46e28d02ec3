"""`parex show`: what became of a run, or of one of its trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pytest_parex.cli import options
from pytest_parex.cli.stored import named_run
from pytest_parex.errors import StoreError
from pytest_parex.model import Result, Trial
from pytest_parex.spec.nearest import listed, meant
from pytest_parex.store import Run

TRANSCRIPT, READABLE, LOG = "transcript.jsonl", "transcript.md", "run.log"


@click.command(short_help="Show what became of a run, or of a trial.")
@click.argument("run_name", metavar="RUN")
@click.argument("trial_id", metavar="[TRIAL]", required=False)
@click.option("--transcript", "wanted", flag_value=READABLE, help="Print what an agent said and did.")
@click.option("--log", "wanted", flag_value=LOG, help="Print what the trial's processes printed.")
@click.option(
    "--as-script", "wanted", flag_value="script", help="Print a script that rehearses an agent's trial again."
)
@options.runs_directory
@options.as_json
def show(run_name: str, trial_id: str | None, wanted: str | None, directory: Path | None, as_json: bool) -> None:
    """Show the trials of a stored run and how they ended, or one trial with its metrics and files.

    RUN is an experiment (its latest run), EXPERIMENT@RUN-ID, or a run directory.

    \b
    parex show rate-limiter
    parex show rate-limiter oop --transcript
    parex show rate-limiter oop --as-script > rehearsal.yaml
    """
    run = named_run(run_name, directory)
    if trial_id is None:
        if wanted:
            raise click.UsageError("name a trial too")
        results = [(trial, run.result(trial.id)) for trial in run.plan.trials]
        click.echo(json.dumps(_run_data(run, results), indent=2) if as_json else "\n".join(_run_lines(run, results)))
        return
    result = _result(run, trial_id)
    attempt = run.attempt_directory(trial_id, result.attempt)
    if wanted == "script":
        from pytest_parex.rehearsal import as_script

        click.echo(as_script(attempt / TRANSCRIPT, _facts(run, result)), nl=False)
    elif wanted:
        click.echo(_text(attempt / wanted), nl=False)
    elif as_json:
        click.echo(result.model_dump_json(indent=2))
    else:
        click.echo("\n".join(_trial_lines(result, attempt)))


def _result(run: Run, trial_id: str) -> Result:
    known = [trial.id for trial in run.plan.trials]
    if trial_id not in known:
        raise StoreError(f"{run.plan.run} has no trial `{trial_id}`; it has {listed(known)}{meant(trial_id, known)}")
    result = run.result(trial_id)
    if result is None:
        raise StoreError(f"{trial_id} has no result in {run.plan.run}: it was not executed, or is under way")
    return result


def _facts(run: Run, result: Result) -> dict[str, Any]:
    trial = result.trial
    own = {"experiment": run.plan.experiment.experiment, "variant": trial.variant, "case": trial.case}
    return {**trial.matrix, **own, "repeat": trial.repeat, "trial": trial.id, "workspace": result.workspace}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror or error}") from None


def _run_lines(run: Run, results: list[tuple[Trial, Result | None]]) -> list[str]:
    width = max(len(trial.id) for trial, _ in results)
    lines = [f"{run.plan.experiment.experiment}@{run.plan.run}, {run.directory}"]
    for trial, result in results:
        how = "not executed" if result is None else result.cause.value
        said = f": {result.message.splitlines()[0]}" if result and result.message else ""
        lines.append(f"  {trial.id.ljust(width)}  {how}{said}")
    return lines


def _run_data(run: Run, results: list[tuple[Trial, Result | None]]) -> dict[str, Any]:
    trials = [{"id": trial.id, "cause": result.cause.value if result else None} for trial, result in results]
    return {"experiment": run.plan.experiment.experiment, "run": run.plan.run, "trials": trials}


def _trial_lines(result: Result, attempt: Path) -> list[str]:
    lines = [f"{result.trial.id}, attempt {result.attempt}: {result.cause.value}"]
    lines += [result.message] if result.message else []
    lines += [
        f"  {name}: {metric.value:g}{f' {metric.unit}' * bool(metric.unit)}" for name, metric in result.metrics.items()
    ]
    lines += [f"  check {check.name}: {'passed' if check.passed else 'failed'}" for check in result.checks]
    files = result.changes.files if result.changes else ()
    lines += [f"  {change.status} {change.path}" for change in files]
    return [*lines, str(attempt)]
