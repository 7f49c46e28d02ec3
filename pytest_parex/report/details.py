"""The tables and lists about single trials: what happened, what is missing, what was changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pytest_parex.compare import numbers
from pytest_parex.endings import ENDINGS, Cause
from pytest_parex.model import Result, TrialSummary
from pytest_parex.report.excerpts import tail
from pytest_parex.report.material import Material
from pytest_parex.report.table import Cell, Column, Kind, Row, Table
from pytest_parex.report.text import one_line

KINDS: dict[str, Kind] = {"passed": "good", "failed": "bad"}
_TELLING = re.compile(r"^E\s|^(FAILED|ERROR)\b|\b\w*(Error|Exception)\b|\berror:|\bfatal:|\bpanic", re.IGNORECASE)
_READ = 32 * 1024
_WIDEST = 240


@dataclass(frozen=True)
class Failure:
    """Trials that ended alike: the same cause with the same message."""

    message: str
    trials: tuple[TrialSummary, ...]
    source: str
    """The file that `lines` are from, relative to the run directory; empty if there is none."""
    lines: tuple[str, ...]
    """The lines that matter, from the first of the trials."""


@dataclass(frozen=True)
class Group:
    """All failures of one cause."""

    cause: Cause
    trials: int
    """How many trials ended so."""
    failures: tuple[Failure, ...]
    left_out: int = 0
    """How many other messages there are."""

    @property
    def meaning(self) -> str:
        """What the cause means, and what it means for the comparison; a sentence."""
        ending = ENDINGS[self.cause]
        counted = "counted" if ending.counted else "not counted, so these trials are missing"
        return f"{ending.meaning[:1].upper()}{ending.meaning[1:]}; {counted}."


def trials(material: Material, message: int = 160) -> Table:
    """A row per trial that was asked for, in the order of the plan."""
    rows = [trial for rows in material.trials_of.values() for trial in rows]
    metrics = material.headline_metrics
    among = {name: [trial.metrics[name] for trial in rows if name in trial.metrics] for name in metrics}
    marked = any(trial.contaminated for trial in rows)
    columns = [Column("trial"), Column("outcome"), Column("cause"), Column("checks", numeric=True)]
    columns += [Column(name, numeric=True) for name in metrics]
    columns += [Column("contaminated")] if marked else []
    columns.append(Column("message"))
    return Table(
        tuple(columns),
        tuple(
            Row(
                (
                    Cell(trial.id, "trial"),
                    Cell(trial.outcome, KINDS.get(trial.outcome, "muted")),
                    Cell(trial.cause if trial.cause != trial.outcome else ""),
                    Cell(f"{sum(trial.checks.values())}/{len(trial.checks)}" if trial.checks else numbers.NONE),
                    *(
                        Cell(
                            numbers.metric(name, trial.metrics.get(name), material.measures[name].unit, among[name]),
                            "text" if name in trial.metrics else "muted",
                        )
                        for name in metrics
                    ),
                    *([Cell("yes" if trial.contaminated else "")] if marked else []),
                    Cell(one_line(trial.message, message)),
                )
            )
            for trial in rows
        ),
    )


def missing(material: Material) -> Table:
    """The trials that have no value, and why."""
    return Table(
        (Column("trial"), Column("cause"), Column("message")),
        tuple(
            Row((Cell(trial.id, "trial"), Cell(trial.cause or "not finished"), Cell(one_line(trial.message))))
            for trial in material.comparison.trials
            if trial.outcome == "missing"
        ),
        "Missing trials are no zeros: they speak neither for nor against their variant.",
    )


def contamination(material: Material) -> Table:
    """What changed outside a workspace while its trial ran."""
    return Table(
        (Column("trial"), Column("what changed outside the workspace")),
        tuple(
            Row((Cell(trial.id, "trial"), Cell(one_line(sentence))))
            for trial in material.comparison.trials
            for sentence in _result_sentences(material.last.get(trial.id))
            if trial.contaminated
        ),
    )


def changes(material: Material) -> Table:
    """Per variant: how much was changed on average, where, and whether protected paths were touched."""
    rows = []
    for row in material.variants:
        results = [material.last[trial.id] for trial in material.trials_of[row.name] if trial.id in material.last]
        captured = [result.changes for result in results if result.changes is not None]
        if not captured:
            continue
        paths = Counter(change.path for each in captured for change in each.files)
        protected = Counter(path for result in results for path in result.protected)
        rows.append(
            Row(
                (
                    Cell(row.name, "name"),
                    Cell(_average([len(each.files) for each in captured])),
                    Cell("+" + _average([each.lines_added for each in captured])),
                    Cell("-" + _average([each.lines_removed for each in captured])),
                    Cell(_paths(paths, len(captured))),
                    Cell(_paths(protected, len(captured)), "bad" if protected else "text"),
                ),
                best=row.name == material.comparison.leader,
            )
        )
    touched = any(row.cells[-1].text for row in rows)
    columns = (
        Column("variant"),
        Column("files", numeric=True),
        Column("lines added", numeric=True),
        Column("lines removed", numeric=True),
        Column("paths"),
        Column("protected paths, restored before grading"),
    )
    width = len(columns) if touched else len(columns) - 1
    return Table(columns[:width], tuple(Row(row.cells[:width], row.best) for row in rows), "Means per trial.")


def failures(material: Material, most: int = 25, lines: int = 12) -> tuple[Group, ...]:
    """Every ending but *passed*, by cause: up to `most` messages, each with `lines` lines of the log that says most."""
    alike: dict[Cause, dict[str, list[TrialSummary]]] = {}
    for trial in material.comparison.trials:
        if trial.cause and trial.cause != Cause.PASSED:
            alike.setdefault(Cause(trial.cause), {}).setdefault(trial.message, []).append(trial)
    return tuple(
        Group(
            cause,
            sum(map(len, messages.values())),
            tuple(_failure(material, message, rows, lines) for message, rows in islice(messages.items(), most)),
            max(0, len(messages) - most),
        )
        for cause, messages in sorted(alike.items(), key=lambda each: list(Cause).index(each[0]))
    )


def lines_that_matter(text: str, limit: int) -> tuple[str, ...]:
    """The last lines that name an error; where fewer than three do, simply the last lines."""
    every = [line.rstrip()[:_WIDEST] for line in text.split("\n") if line.strip()]
    telling = [line for line in every if _TELLING.search(line)]
    return tuple((telling if len(telling) >= 3 else every)[-limit:])


def logs_of(result: Result) -> Iterator[str]:
    """Names of the logs that can say why an attempt failed, the most telling first."""
    if result.cause is Cause.CHECK_FAILED:
        failed = [check for check in result.checks if not check.passed and check.log]
        yield from (check.log or "" for check in sorted(failed, key=lambda check: not check.required))
    if result.cause in (Cause.CRASHED, Cause.GRADING_FAILED):
        yield "traceback.txt"
    if result.cause is Cause.SETUP_FAILED:
        yield "setup.log"
    if result.cause is not Cause.THRESHOLD_MISSED:
        yield "run.log"


def _failure(material: Material, message: str, rows: Sequence[TrialSummary], lines: int) -> Failure:
    for trial in rows:
        for name in logs_of(material.last[trial.id]) if trial.id in material.last else ():
            excerpt = tail(material.attempt_directory(trial), name, _READ)
            if excerpt is not None and (matter := lines_that_matter(excerpt.text, lines)):
                return Failure(message, tuple(rows), f"{material.attempt_path(trial)}/{name}", matter)
    return Failure(message, tuple(rows), "", ())


def _result_sentences(result: Result | None) -> tuple[str, ...]:
    return result.contaminated if result else ()


def _average(values: Sequence[int]) -> str:
    return numbers.number(round(sum(values) / len(values), 1))


def _paths(paths: Counter[str], of: int, limit: int = 5) -> str:
    """The most frequent paths; how often is said where it is not always."""
    ordered = sorted(paths.items(), key=lambda each: (-each[1], each[0]))
    named = [one_line(path, 80) + (f" ({times}×)" if of > 1 and times != of else "") for path, times in ordered[:limit]]
    return ", ".join(named) + (f" and {len(ordered) - limit:,} more" if len(ordered) > limit else "")
