"""How `parex compare --history` looks in a terminal: a table per variant, a line per run, oldest first."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_parex.compare import SUCCESS_RATE, Entry, History, VariantHistory, numbers
from pytest_parex.model import MetricSummary
from pytest_parex.report import visible


def history_lines(history: History) -> list[str]:
    """The whole history. Metrics are the criteria of the newest run, then cost and duration."""
    lines = [f"{history.experiment}: {numbers.count(len(history.runs), 'run')}, oldest first"]
    for variant in history.variants:
        lines += ["", visible(variant.name), *_table(variant, _metrics(history, variant))]
    return lines


def _metrics(history: History, variant: VariantHistory) -> list[str]:
    names = dict.fromkeys((*history.rank, "cost_usd", "duration_s"))
    return [
        name for name in names if name != SUCCESS_RATE and any(_mean(each, name) is not None for each in variant.runs)
    ]


def _table(variant: VariantHistory, metrics: list[str]) -> Iterator[str]:
    any_missing = any(each.missing for each in variant.runs)
    header = ["run", "passed", "rate", *(["missing"] if any_missing else []), *metrics]
    rows = [
        [
            each.run,
            f"{each.passed:,}/{each.counted:,}",
            numbers.rate(each.success_rate),
            *([f"{each.missing:,}"] if any_missing else []),
            *(_shown(each, name, variant) for name in metrics),
        ]
        for each in variant.runs
    ]
    rows.insert(0, header)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    notes = ["", *(f"  {' and '.join(each.changed)} changed" if each.changed else "" for each in variant.runs)]
    for row, note in zip(rows, notes, strict=True):
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield f"  {'  '.join([row[0].ljust(widths[0]), *cells])}{note}".rstrip()


def _shown(entry: Entry, metric: str, variant: VariantHistory) -> str:
    among = [value for each in variant.runs if (value := _mean(each, metric)) is not None]
    unit = entry.metrics.get(metric, MetricSummary()).unit
    return numbers.metric(metric, _mean(entry, metric), unit, among)


def _mean(entry: Entry, metric: str) -> float | None:
    return entry.metrics.get(metric, MetricSummary()).mean
