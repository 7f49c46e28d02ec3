"""What pytest says about a trial: failure texts, and the flat properties that go into JUnit."""

from __future__ import annotations

from pathlib import Path

from pytest_parex.endings import ENDINGS, counts
from pytest_parex.model import Result
from pytest_parex.store import Run

TAIL_LINES = 12
TAIL_BYTES = 16_384


def failure_text(result: Result, run: Run) -> str:
    """Why a trial did not pass, with the end of the first failed check's log, and where to look further."""
    from pytest_parex.report import visible  # most workers have no failure to word

    kind = "failed" if counts(result.cause) else "is missing"
    lines = [f"trial {result.trial.id} {kind}: {result.cause} ({ENDINGS[result.cause].meaning})"]
    if result.message:
        lines.append(result.message)
    directory = run.attempt_directory(result.trial.id, result.attempt)
    log = _failed_check_log(result, directory)
    if log:
        lines += ["", f"--- end of {log.name} ---", *_tail(log), ""]
    if result.workspace and Path(result.workspace).exists():
        lines.append(f"workspace: {result.workspace}")
    lines.append(f"details:   {directory}")
    return visible("\n".join(lines))


def properties(result: Result, run: Run) -> list[tuple[str, str | float]]:
    """A result as flat `parex.*` pairs of built-in types."""
    trial = result.trial
    pairs: list[tuple[str, str | float]] = [
        ("parex.experiment", run.plan.experiment.experiment),
        ("parex.run", run.plan.run),
        ("parex.variant", trial.variant),
        ("parex.repeat", trial.repeat),
        ("parex.attempt", result.attempt),
        ("parex.cause", result.cause.value),
    ]
    if trial.case is not None:
        pairs.append(("parex.case", trial.case))
    pairs += [(f"parex.matrix.{axis}", str(value)) for axis, value in trial.matrix.items()]
    pairs += [(f"parex.metric.{name}", metric.value) for name, metric in sorted(result.metrics.items())]
    return pairs


def _failed_check_log(result: Result, directory: Path) -> Path | None:
    logs = [directory / check.log for check in result.checks if check.required and not check.passed and check.log]
    return next((log for log in logs if log.is_file() and log.stat().st_size), None)


def _tail(log: Path) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        text = file.read().decode(errors="replace")
    printable = "".join(char for char in text if char.isprintable() or char in "\n\t")
    return printable.rstrip().splitlines()[-TAIL_LINES:]
