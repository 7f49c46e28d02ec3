"""The metrics of the spec, and those that every trial has.

A reader is a function in a file of its own: it returns what it found, or raises UnreadableError with the reason. To add
one, write it and name its key of the spec in READERS.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_parex.grading.command import read_command
from pytest_parex.grading.coverage import read_coverage
from pytest_parex.grading.json_file import read_json
from pytest_parex.grading.junit import read_junit
from pytest_parex.grading.pattern import read_file
from pytest_parex.grading.python import read_python
from pytest_parex.grading.reading import Reading, UnreadableError
from pytest_parex.model import Metric, MetricReader, Place, Work
from pytest_parex.store.attempt import EVENTS
from pytest_parex.store.journal import read

READERS: dict[str, Callable[[str, MetricReader, Work], Reading]] = {
    "json_file": read_json,
    "junit": read_junit,
    "coverage": read_coverage,
    "file": read_file,
    "command": read_command,
    "python": read_python,
}


def read_metrics(work: Work) -> dict[str, Metric]:
    """The metrics of the spec. One that cannot be read is missing, and a `note` event gives the reason."""
    metrics: dict[str, Metric] = {}
    for name, reader in work.plan.experiment.metrics.items():
        source = next(source for source in READERS if getattr(reader, source) is not None)
        try:
            reading = READERS[source](name, reader, work)
        except UnreadableError as reason:
            reading = Reading({}, {name: str(reason)})
        metrics.update(reading.metrics)
        for missing, reason_ in reading.missing.items():
            work.emit("note", text=f"metric `{missing}` is missing: {reason_}", metric=missing, reason=reason_)
    return metrics


def missing_reasons(place: Place) -> dict[str, str]:
    """Metric name → why it is missing, as the attempt's journal has it."""
    events = read(place.directory / EVENTS, place.trial.id, place.attempt)
    return {e.data["metric"]: e.data["reason"] for e in events if e.name == "note" and "metric" in e.data}


def own_metrics(work: Work) -> dict[str, Metric]:
    """The metrics that every trial has, with those that its runner measured.

    `duration_s` is left out where no runner worked, `checks_passed` where there are no checks: a zero would be
    compared.
    """
    metrics = {
        "files_changed": Metric(value=len(work.changes.files), better="lower"),
        "lines_changed": Metric(value=work.changes.lines_added + work.changes.lines_removed, better="lower"),
    }
    if work.plan.experiment.runner_of(work.trial.variant).name != "none" and "execute" in work.phases:
        metrics["duration_s"] = Metric(value=work.phases["execute"], unit="s", better="lower")
    if work.checks:
        metrics["checks_passed"] = Metric(value=sum(check.passed for check in work.checks), better="higher")
    for phase in ("setup", "checks"):
        if phase in work.phases:
            metrics[f"phase.{phase}_s"] = Metric(value=work.phases[phase], unit="s")
    return {**metrics, **work.execution.metrics}
