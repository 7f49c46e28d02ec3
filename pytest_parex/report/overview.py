"""The tables that compare variants: all of them made from the comparison alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_parex.compare import COUNTED, SUCCESS_RATE, numbers, summarise
from pytest_parex.model import Comparison, MetricSummary, TrialSummary, VariantSummary
from pytest_parex.report.material import Material, point_name
from pytest_parex.report.table import Cell, Column, Kind, Row, Table, marks
from pytest_parex.report.text import one_line

_ARROWS = {"higher": " ↑", "lower": " ↓", None: ""}


def variants(material: Material, strip: int) -> Table:
    """The main table: a row per variant, best first. Up to `strip` trials of a variant are shown one by one."""
    comparison = material.comparison
    shown = max(map(len, material.trials_of.values()), default=0) <= strip
    described = any(variant.description for variant in material.plan.experiment.variants.values())
    metrics = material.headline_metrics
    columns = [Column("variant"), Column("passed")]
    if shown:
        columns.append(Column("trials"))
    if any(row.missing for row in comparison.variants):
        columns.append(Column("missing", numeric=True))
    columns += [heading(material, name) for name in metrics]
    if described:
        columns.append(Column("description"))
    rows = []
    for row in comparison.variants:
        cells = [Cell(row.name, "name"), passed(row)]
        if shown:
            cells.append(marks(material.trials_of[row.name]))
        if any(each.missing for each in comparison.variants):
            cells.append(Cell(f"{row.missing:,}", "text" if row.missing else "muted"))
        cells += [mean(row, name, comparison.variants) for name in metrics]
        if described:
            variant = material.plan.experiment.variants.get(row.name)
            cells.append(Cell(one_line((variant.description if variant else None) or "", 120)))
        rows.append(Row(tuple(cells), best=row.name == comparison.leader))
    return Table(tuple(columns), tuple(rows), _means_note(comparison))


def points(material: Material) -> Table:
    """Variant by variant and matrix point by matrix point; empty without a matrix of at least two points."""
    names = list(dict.fromkeys(point_name(trial.matrix) for trial in material.comparison.trials))
    if len(names) < 2:
        return Table((), ())
    groups = [
        (point, summarise(variant, [trial for trial in trials if point_name(trial.matrix) == point], material.measures))
        for variant, trials in material.trials_of.items()
        for point in names
    ]
    summaries = [row for _, row in groups if row.trials]
    columns = (
        Column("variant"),
        Column("matrix point"),
        Column("passed"),
        *(heading(material, name) for name in material.headline_metrics),
    )
    return Table(
        columns,
        tuple(
            Row(
                (
                    Cell(row.name, "name"),
                    Cell(point, "name"),
                    passed(row),
                    *(mean(row, name, summaries) for name in material.headline_metrics),
                )
            )
            for point, row in groups
            if row.trials
        ),
    )


def outcomes(material: Material) -> Table:
    """A mark per trial: cases and matrix points down, variants across; empty where that would be a single row."""
    trials = material.comparison.trials
    keys = list(dict.fromkeys(_input(trial) for trial in trials))
    if len(keys) < 2:
        return Table((), ())
    cells: dict[tuple[str, str], list[TrialSummary]] = {}
    for trial in trials:
        cells.setdefault((_input(trial), trial.variant), []).append(trial)
    names = [row.name for row in material.variants]
    return Table(
        (Column("case"), *(Column(name) for name in names)),
        tuple(Row((Cell(key, "name"), *(_steady(cells.get((key, name), ())) for name in names))) for key in keys),
        "✓ passed, ✗ failed, – missing, · not selected; one mark per repeat. Flaky: passed and failed on one case.",
    )


def checks(material: Material) -> Table:
    """How often each check passed, of the counted trials in which it ran: variants down, checks across."""
    required = {name: check.required for name, check in material.plan.experiment.checks.items()}
    for trial in material.comparison.trials:
        if trial.id in material.last:
            required.update({check.name: check.required for check in material.last[trial.id].checks})
    ran = {name for trial in material.comparison.trials for name in trial.checks}
    names = [name for name in required if name in ran] + sorted(ran - set(required))
    if not names:
        return Table((), ())
    return Table(
        (Column("variant"), *(Column(name if required.get(name, True) else f"{name} (optional)") for name in names)),
        tuple(
            Row(
                (Cell(row.name, "name"), *(_check(material.trials_of[row.name], name) for name in names)),
                best=row.name == material.comparison.leader,
            )
            for row in material.variants
        ),
        "Trials in which the check passed, of the counted trials in which it ran.",
    )


def metrics(material: Material) -> Table:
    """Every metric: one per row, those that rank first; variants across."""
    rank = [name for name in material.comparison.rank if name != SUCCESS_RATE and name in material.measures]
    counted = material.counted_in
    names = [*rank, *(name for name in material.measures if name not in (*rank, SUCCESS_RATE))]
    names = [name for name in names if counted[name] or name in rank]
    return Table(
        (Column("metric"), *(Column(row.name, numeric=True) for row in material.variants)),
        tuple(
            Row(
                (
                    Cell(_titled(material, name), "name"),
                    *(mean(row, name, material.variants) for row in material.variants),
                )
            )
            for name in names
        ),
        " ".join(filter(None, (_means_note(material.comparison), _withheld(material.comparison)))),
    )


def settings(material: Material) -> Table:
    """What was set differently: settings down, variants across."""
    names = [row.name for row in material.variants]
    return Table(
        (Column("setting"), *(Column(name) for name in names)),
        tuple(
            Row((Cell(setting, "name"), *(_setting(values.get(name)) for name in names)))
            for setting, values in material.comparison.settings.items()
        ),
    )


def heading(material: Material, metric: str) -> Column:
    """The column of a metric's means: its name, and an arrow for the better direction."""
    return Column(_titled(material, metric), numeric=True)


def passed(row: VariantSummary) -> Cell:
    """`3/4 (75 %, 22 % to 99 %)` of the counted trials, with the 95 % interval if there is one."""
    if not row.counted:
        return Cell(numbers.NONE, "muted")
    kind: Kind = "good" if row.passed == row.counted else "bad" if not row.passed else "text"
    rate = row.success_rate
    text = numbers.rate(rate.value)
    if rate.low is not None and rate.high is not None:
        text += f", {numbers.rate(rate.low)} to {numbers.rate(rate.high)}"
    return Cell(f"{row.passed:,}/{row.counted:,} ({text})", kind)


def mean(row: VariantSummary, metric: str, beside: Iterable[VariantSummary]) -> Cell:
    """A mean with its unit and 95 % interval; how many trials it is over is said where that is not all of them."""
    summary = row.metrics.get(metric, MetricSummary())
    if summary.mean is None:
        return Cell(numbers.NONE, "muted")
    among = [each.metrics[metric].mean for each in beside if metric in each.metrics]
    numbered = [value for value in among if value is not None]
    ends = [end for end in (summary.low, summary.high) if end is not None]
    text = numbers.metric(metric, summary.mean, summary.unit, [*numbered, *ends])
    more = [f"{summary.n:,} of {row.counted:,}"] if summary.n != row.counted else []
    if ends:
        shown = [numbers.metric(metric, end, summary.unit, [*numbered, *ends]) for end in ends]
        more.append(" to ".join(shown))
    return Cell(f"{text} ({', '.join(more)})" if more else text)


def _titled(material: Material, metric: str) -> str:
    return metric + _ARROWS[material.measures[metric].better]


def _input(trial: TrialSummary) -> str:
    return " · ".join(part for part in (trial.case or "", point_name(trial.matrix)) if part)


def _check(trials: Sequence[TrialSummary], name: str) -> Cell:
    ran = [trial.checks[name] for trial in trials if trial.outcome in COUNTED and name in trial.checks]
    if not ran:
        return Cell(numbers.NONE, "muted")
    return Cell(f"{sum(ran):,}/{len(ran):,}", "good" if all(ran) else "text" if any(ran) else "bad")


def _steady(trials: Sequence[TrialSummary]) -> Cell:
    """The marks of one case; said to be flaky where it both passed and failed."""
    cell = marks(trials)
    return replace(cell, note="flaky") if {"passed", "failed"} <= {trial.outcome for trial in trials} else cell


def _setting(value: str | None) -> Cell:
    return Cell(numbers.NONE, "muted") if value is None else Cell(value)


def _means_note(comparison: Comparison) -> str:
    most = max((row.counted for row in comparison.variants), default=0)
    over = "Means over counted trials, with 95 % intervals where they can be given. " if most > 1 else ""
    return f"{over}↑ higher is better, ↓ lower is better."


def _withheld(comparison: Comparison) -> str:
    """Which intervals are withheld, and why; empty where nothing was repeated."""
    if max((row.counted for row in comparison.variants), default=0) < 2:
        return ""
    reasons: dict[str, dict[str, None]] = {}
    for row in comparison.variants:
        for metric, reason in row.withheld.items():
            reasons.setdefault(reason, {})[metric] = None
    told = [f"{', '.join(list(names)[:4])}{', …' if len(names) > 4 else ''} ({why})" for why, names in reasons.items()]
    return f"95 % intervals are withheld for {'; '.join(told[:4])}." if told else ""
