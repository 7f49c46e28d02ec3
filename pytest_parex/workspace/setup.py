"""Making a workspace ready: the steps of the spec or of the lock files, `verify`, and the import-path check."""

from __future__ import annotations

import textwrap
import time

from pytest_parex import processes
from pytest_parex.errors import SetupError
from pytest_parex.model import Command, Place
from pytest_parex.workspace.detection import automatic_steps
from pytest_parex.workspace.environment import search_path, secrets
from pytest_parex.workspace.imports import keep_imports_inside

LAST_LINES = 12


def setup(place: Place) -> None:
    """Run the setup steps of the trial's variant, in order; `place.env` is changed so that their tools are found.

    SetupError if a step fails or exceeds its time, or if the project would not be imported from the workspace.
    """
    experiment = place.plan.experiment
    settings = experiment.variants[place.trial.variant].setup or experiment.setup
    steps = automatic_steps(place.workspace, place.env["PATH"]) if settings.auto else ()
    if settings.auto and not steps:
        place.emit("note", text="setup: auto found no lock file and no Python project, so there is nothing to do")
    for step in (*steps, *settings.steps, *([settings.verify] if settings.verify else [])):
        _run(step, place)
        place.env["PATH"] = search_path(place.workspace, place.env["PATH"])
    keep_imports_inside(place)


def _run(step: Command, place: Place) -> None:
    log = place.directory / "setup.log"
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {step.command}\n")
    begun = time.monotonic()

    def waiting(elapsed_s: float, idle_s: float) -> None:
        place.emit("waiting", elapsed_s=round(elapsed_s, 1), idle_s=round(idle_s, 1), step=step.command)

    finished = processes.run(
        step.command,
        cwd=place.workspace,
        env=place.env,
        timeout=step.timeout,
        log=log,
        secrets=secrets(place.env),
        waiting=waiting,
    )
    duration = time.monotonic() - begun
    place.emit("setup-step", step=step.command, exit_code=finished.exit_code, duration_s=round(duration, 3))
    if finished.timed_out:
        how = f"did not end within {step.timeout:g} s"
    elif finished.exit_code:
        how = f"ended with exit code {finished.exit_code} after {duration:.1f} s"
    else:
        return
    printed = textwrap.indent(processes.last_lines(log, LAST_LINES), "  ")
    raise SetupError(f"the setup step `{step.command}` {how}. The last lines of {log}:\n{printed}")
