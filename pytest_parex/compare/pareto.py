"""The Pareto front: the variants that no other beats in several metrics at once (Pareto 1906; Kung et al. 1975).

A variant is dominated by one that is at least as good in every metric and better in one; where a larger share of trials
failed without a number, that is worse than any mean. Means are compared as they are, so that a small chance difference
can move a variant on or off the front; the verdict does not use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_parex.compare.metrics import SUCCESS_RATE, Measure
from pytest_parex.model import Comparison, Front, VariantSummary

_MOST = 3
_COSTS = ("cost_usd", "duration_s")


def default_metrics(rank: Sequence[str], known: Mapping[str, Measure]) -> tuple[str, ...]:
    """The first criteria with a direction, and the money or the time that the work took; two or three metrics."""
    names = [name for name in rank if name in known and known[name].better]
    costs = [name for name in _COSTS if name in known and name not in names][:1]
    return tuple(names[: _MOST - len(costs)] + costs)


def front(comparison: Comparison, metrics: Sequence[str]) -> Front:
    """The front over any metrics of a finished comparison, among acceptable variants."""
    directions = {
        name: metric.better for row in comparison.variants for name, metric in row.metrics.items() if metric.better
    }
    return front_of(comparison.variants, {name: Measure(better=better) for name, better in directions.items()}, metrics)


def front_of(rows: Sequence[VariantSummary], known: Mapping[str, Measure], metrics: Sequence[str]) -> Front:
    """The front among these variants; ValueError for a metric whose direction is not known."""
    signs = [_sign(name, known) for name in metrics]
    places: dict[str, list[tuple[float, float]]] = {}
    unknown: list[str] = []
    for row in rows:
        values = [_mean(row, name) for name in metrics]
        if not row.acceptable:
            continue
        if None in values:
            unknown.append(row.name)
        else:
            places[row.name] = [
                (-_share_without(row, name), sign * value)
                for name, sign, value in zip(metrics, signs, values, strict=True)
                if value is not None
            ]
    dominated = {
        name: above
        for name, own in places.items()
        for above in [other for other, values in places.items() if _dominates(values, own)][:1]
    }
    return Front(
        metrics=tuple(metrics),
        variants=tuple(name for name in places if name not in dominated),
        dominated=dominated,
        unknown=tuple(unknown),
    )


def _dominates(own: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> bool:
    return all(x >= y for x, y in zip(own, other, strict=True)) and list(own) != list(other)


def _mean(row: VariantSummary, metric: str) -> float | None:
    if metric == SUCCESS_RATE:
        return row.success_rate.value
    return row.metrics[metric].mean if metric in row.metrics else None


def _share_without(row: VariantSummary, metric: str) -> float:
    return row.metrics[metric].failed_without / row.counted if metric in row.metrics else 0.0


def _sign(metric: str, known: Mapping[str, Measure]) -> float:
    better = "higher" if metric == SUCCESS_RATE else known[metric].better if metric in known else None
    if better is None:
        raise ValueError(f"`{metric}` has no known direction, so that nothing is better in it")
    return 1.0 if better == "higher" else -1.0
