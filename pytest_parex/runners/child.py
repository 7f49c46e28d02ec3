"""Calling a user's Python function about a trial, in a process of its own.

The function may crash, hang, print, exit, or change its process as it likes: it gets what it needs through a file, and
what it returns comes back through another one, never through its output.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_parex import processes
from pytest_parex.errors import ParexError, SetupError
from pytest_parex.model import Metric, Place
from pytest_parex.runners.waiting import every_few_seconds
from pytest_parex.workspace import secrets
from pytest_parex.workspace.environment import facts

PROGRAM = Path(__file__).with_name("child_program.py")


@dataclass(frozen=True)
class Answer:
    """What became of a call."""

    returned: Any
    """What the function returned, as JSON knows it; None if it did not return."""
    metrics: Mapping[str, Metric]
    """What it reported with `trial.report(…)`, also before it failed or ran out of time."""
    error: str
    """Why it did not return, with the last lines of its own traceback; empty if it did, or ran out of time."""
    finished: processes.Finished


def call_in_child(
    reference: str, place: Place, *, timeout: float, log: Path, arguments: Mapping[str, Any] | None = None
) -> Answer:
    """Call `module:function` with the trial, and `arguments` by their names, in a child process in the workspace.

    The module is looked for in the folder of the spec first. What is printed goes to `log`. The function is given an
    object that tells about the trial (`child_program.Trial`).

    Raises SetupError if there is no such function, ParexError if it cannot be asked.
    """
    try:
        exchange = Path(tempfile.mkdtemp(prefix=".call-", dir=place.directory))
    except OSError as fault:
        raise ParexError(
            f"`{reference}` cannot be called, since {place.directory} cannot be written: {fault}"
        ) from None
    try:
        return _call(reference, place, timeout, log, arguments or {}, exchange)
    finally:
        shutil.rmtree(exchange, ignore_errors=True)


def _call(
    reference: str, place: Place, timeout: float, log: Path, arguments: Mapping[str, Any], exchange: Path
) -> Answer:
    request, answer = exchange / "request.json", exchange / "answer.jsonl"
    folder = Path(place.plan.spec).parent
    asked = {"reference": reference, "folder": str(folder), "trial": _trial_facts(place), "arguments": dict(arguments)}
    try:
        request.write_text(json.dumps(asked), encoding="utf-8")
    except (OSError, TypeError, ValueError) as fault:
        raise ParexError(f"`{reference}` cannot be called, since its arguments cannot be written: {fault}") from None
    finished = processes.run(
        # -B: no compiled files appear beside the spec, which mostly lies in the user's own checkout.
        # -P: the folder of the program is no place to import from. -u: the log shows at once what was printed.
        [sys.executable, "-B", "-P", "-u", str(PROGRAM), str(request), str(answer)],
        cwd=place.workspace,
        env=place.env,
        timeout=timeout,
        log=log,
        secrets=secrets(place.env),
        waiting=every_few_seconds(place.emit),
    )
    if finished.log_error:
        place.emit("note", text=f"{log.name}: {finished.log_error}")
    return _read(reference, folder, answer, finished)


def _read(reference: str, folder: Path, answer: Path, finished: processes.Finished) -> Answer:
    metrics: dict[str, Metric] = {}
    returned: Any = None
    error = f"`{reference}` ended its process with exit code {finished.exit_code} before it returned"
    try:
        for said in _lines(answer):
            match said["is"]:
                case "metric":
                    metrics[said["name"]] = Metric(value=said["value"], unit=said["unit"], better=said["better"])
                case "returned":
                    returned, error = said["value"], ""
                case "raised":
                    error = f"`{reference}` {said['how']}"
                case "missing":
                    raise SetupError(f"`{reference}` cannot be called: {said['why']} (looked in {folder} first)")
    except (ValueError, LookupError, TypeError, RecursionError) as fault:
        error = f"`{reference}` did not leave its answer as it was written: {fault}"
    return Answer(returned, metrics, "" if finished.timed_out else error, finished)


def _lines(answer: Path) -> Iterator[Any]:
    """The messages of the child; the last one may be cut off, if it was killed."""
    if answer.is_file():
        for line in answer.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


def _trial_facts(place: Place) -> dict[str, Any]:
    plan, trial = place.plan, place.trial
    texts = facts(plan, trial)
    return {
        "experiment": plan.experiment.experiment,
        "id": trial.id,
        "variant": trial.variant,
        "case": trial.case,
        "case_facts": plan.experiment.cases[trial.case].facts if trial.case is not None else {},
        "matrix": trial.matrix,
        "repeat": trial.repeat,
        "prompt": texts.get("PAREX_PROMPT"),
        "task": texts.get("PAREX_TASK"),
        "workspace": str(place.workspace),
    }
