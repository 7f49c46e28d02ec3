"""The tables that say what chance could have done: differences with their tests, repeats, and the Pareto front."""

from __future__ import annotations

from pytest_parex.compare import SUCCESS_RATE, numbers
from pytest_parex.model import Difference
from pytest_parex.report.material import Material
from pytest_parex.report.overview import heading, mean, passed
from pytest_parex.report.table import Cell, Column, Row, Table

_DIFFERENCES = (
    "Averaged over pairs: the cases and matrix points that both variants have. p: how often chance alone gives a "
    "difference at least as large; corrected for all pairs in the table by Holm. Better: chance that a trial of the "
    "first variant is better than one of the second."
)


def differences(material: Material) -> Table:
    """Against the baseline first, then of the first variant from each other, then of the others."""
    found = material.comparison.differences
    tested = any(each.p is not None for each in found)
    columns = [
        Column("metric"),
        Column("of"),
        Column("minus"),
        Column("difference", numeric=True),
        Column("95 % interval", numeric=True),
        Column("p", numeric=True),
        *([Column("corrected p", numeric=True), Column("better", numeric=True)] if tested else []),
        Column("pairs", numeric=True),
        Column("what this speaks of, and how it is known"),
    ]
    rows = [
        Row(
            (
                Cell(each.metric, "name"),
                Cell(each.a, "name"),
                Cell(each.b, "name"),
                Cell(numbers.signed(each.metric, each.value, _unit(material, each.metric))),
                _interval(material, each),
                _p(each.p),
                *((_p(each.p_adjusted), Cell(numbers.rate(each.superiority))) if tested else ()),
                Cell(f"{each.pairs:,}"),
                Cell(_method(each)),
            )
        )
        for each in found
    ]
    return Table(tuple(columns), tuple(rows), _DIFFERENCES)


def repeats(material: Material) -> Table:
    """pass@k and pass^k, and how many cases are flaky; empty unless every case of a variant has several repeats."""
    rows = [row for row in material.variants if row.pass_at]
    most = min((max(row.pass_at) for row in rows), default=0)
    ks = sorted({1, 2, most} & set(range(1, most + 1)))
    unsteady = {row.name: sum(each.variant == row.name for each in material.comparison.flaky) for row in rows}
    return Table(
        (
            Column("variant"),
            *(Column(f"pass@{k}", numeric=True) for k in ks),
            *(Column(f"pass^{k}", numeric=True) for k in ks if k > 1),
            Column("flaky cases", numeric=True),
        ),
        tuple(
            Row(
                (
                    Cell(row.name, "name"),
                    *(Cell(numbers.rate(row.pass_at[k])) for k in ks),
                    *(Cell(numbers.rate(row.pass_all[k])) for k in ks if k > 1),
                    Cell(f"{unsteady[row.name]:,}", "text" if unsteady[row.name] else "muted"),
                ),
                best=row.name == material.comparison.leader,
            )
            for row in rows
        ),
        "pass@k: at least one of k repeats passes; pass^k: all of them do. Flaky: passed and failed on the same case.",
    )


def front(material: Material) -> Table:
    """Which variants no other beats in all of a few metrics at once; empty for fewer than two variants."""
    known = material.comparison.front
    if known is None or len(known.variants) + len(known.dominated) < 2:
        return Table((), ())
    rows = {row.name: row for row in material.variants}
    names = [row.name for row in material.variants if row.name in known.variants or row.name in known.dominated]
    return Table(
        (
            Column("variant"),
            Column("on the front"),
            *(Column("passed") if name == SUCCESS_RATE else heading(material, name) for name in known.metrics),
            Column("beaten in all by"),
        ),
        tuple(
            Row(
                (
                    Cell(name, "name"),
                    Cell("yes", "good") if name in known.variants else Cell("no", "muted"),
                    *(
                        passed(rows[name]) if metric == SUCCESS_RATE else mean(rows[name], metric, material.variants)
                        for metric in known.metrics
                    ),
                    Cell(known.dominated.get(name, ""), "name"),
                )
            )
            for name in names
        ),
        "On the front: no other variant is at least as good in all of these metrics and better in one. Means are taken "
        "as they are; chance is not considered.",
    )


def _interval(material: Material, each: Difference) -> Cell:
    if each.low is None or each.high is None:
        return Cell("withheld" if each.value is not None else numbers.NONE, "muted")
    unit = _unit(material, each.metric)
    return Cell(numbers.span(*(numbers.signed(each.metric, end, unit) for end in (each.low, each.high))))


def _p(value: float | None) -> Cell:
    if value is None:
        return Cell(numbers.NONE, "muted")
    return Cell("< 0.001" if value < 0.001 else f"{value:.2g}")


def _method(each: Difference) -> str:
    """`these cases: exact permutation within cases; cases like these: p = 0.016`, or why nothing can be said."""
    known = [f"{each.question}: {each.method}"] if each.question else []
    beyond = [f"cases like these: p = {each.p_cases:.2g}"] if each.p_cases is not None else []
    return "; ".join([*known, *beyond, *([each.withheld] if each.withheld else [])])


def _unit(material: Material, metric: str) -> str | None:
    return material.measures[metric].unit if metric in material.measures else None
