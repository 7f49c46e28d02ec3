"""Variants in order, by the criteria of `compare.rank`, most important first.

How the order is found: among the variants that are left, keep those that are best in the first criterion, or equal to
the best within the margin that the user declared (without a margin only exactly equal ones), then look at the next
criterion, until one is left. That one is placed, and the search starts again without it. Comparing with the best only,
and never neighbour with neighbour, keeps margins from adding up along a chain of almost equal variants.

A trial that counted as failed and has no number in a criterion ranks worse than any number. So between two variants,
the one where a larger share of the counted trials failed without a number is worse in that criterion; only where the
shares are equal do the means decide. Otherwise a variant would look better for every trial that it broke completely.

Variants without a single passed trial are not acceptable and come after all others, those without a counted trial last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pytest_parex.compare.metrics import Measure, mean, value_of
from pytest_parex.compare.outcomes import COUNTED
from pytest_parex.model import CompareSettings, TrialSummary, VariantSummary

ROUNDING = 1e-9
"""Relative slack of a margin: 0.95 is within 0.05 of 1, also in binary floating point."""


@dataclass(frozen=True)
class Criterion:
    """One entry of `compare.rank`: the metric, its direction, and what counts as equal, in the metric's unit."""

    metric: str
    better: Literal["higher", "lower"]
    margin: float = 0.0
    unit: str | None = None


@dataclass(frozen=True)
class Standing:
    """Where a variant stands in one criterion."""

    without: Fraction
    """Share of the counted trials that failed without a number."""
    mean: float | None


@dataclass(frozen=True)
class Ranking:
    """All variants in order, and how the first one got there."""

    order: tuple[str, ...]
    leader: str | None
    """None when nobody is acceptable, or when several are equal in every criterion."""
    equal: tuple[str, ...] = ()
    """The best variants, when no criterion tells them apart."""
    decided_by: Criterion | None = None
    """The criterion in which the second variant fell behind the leader."""
    equal_before: tuple[Criterion, ...] = ()
    """The criteria in which the second variant was equal to the leader, before that one."""


def criteria(settings: CompareSettings, known: Mapping[str, Measure]) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """The criteria that can rank, and one sentence for each that cannot."""
    usable: list[Criterion] = []
    faults: list[str] = []
    for name in settings.rank:
        measure = known.get(name)
        if measure is None:
            faults.append(f"`{name}` cannot rank the variants: no trial has it.")
        elif measure.better is None:
            faults.append(
                f"`{name}` cannot rank the variants: its direction is not known (`better: higher` or `better: lower`)."
            )
        else:
            usable.append(Criterion(name, measure.better, settings.margin.get(name, 0.0), measure.unit))
    return tuple(usable), tuple(faults)


def rank(
    summaries: Sequence[VariantSummary], trials: Mapping[str, Sequence[TrialSummary]], by: Sequence[Criterion]
) -> Ranking:
    """Put the variants in order; what no criterion tells apart stays in the order of the spec.

    `trials` holds the rows of each variant by its name.
    """
    standings = {
        (summary.name, criterion.metric): stand(trials.get(summary.name, ()), criterion.metric)
        for summary in summaries
        for criterion in by
    }
    order: list[str] = []
    for group in (
        [each.name for each in summaries if each.acceptable],
        [each.name for each in summaries if not each.acceptable and each.counted],
        [each.name for each in summaries if not each.counted],
    ):
        left = list(group)
        while left:
            best = _best(left, by, standings)[-1][0]
            order.append(best)
            left.remove(best)
    acceptable = [each.name for each in summaries if each.acceptable]
    if not acceptable:
        return Ranking(tuple(order), None)
    survivors = _best(acceptable, by, standings)
    if len(survivors[-1]) > 1:
        return Ranking(tuple(order), None, equal=tuple(survivors[-1]))
    second = order[1] if len(acceptable) > 1 else None
    fell = next((step for step, names in enumerate(survivors[1:]) if second not in names), None)
    if second is None or fell is None:
        return Ranking(tuple(order), order[0])
    return Ranking(tuple(order), order[0], decided_by=by[fell], equal_before=tuple(by[:fell]))


def stand(trials: Sequence[TrialSummary], metric: str) -> Standing:
    """Where the variant with these trials stands in one metric."""
    counted = [trial for trial in trials if trial.outcome in COUNTED]
    values = [value for trial in counted if (value := value_of(trial, metric)) is not None]
    without = sum(trial.outcome == "failed" and value_of(trial, metric) is None for trial in counted)
    return Standing(Fraction(without, max(len(counted), 1)), mean(values))


def signed(criterion: Criterion, value: float) -> float:
    """The value turned so that more is better."""
    return value if criterion.better == "higher" else -value


def _best(
    names: Sequence[str], by: Sequence[Criterion], standings: Mapping[tuple[str, str], Standing]
) -> list[list[str]]:
    """Who is left before the first criterion, after it, after the next …; stops when one is left."""
    left = [list(names)]
    for criterion in by:
        if len(left[-1]) == 1:
            break
        left.append(_keep(left[-1], criterion, {name: standings[name, criterion.metric] for name in left[-1]}))
    return left


def _keep(names: Sequence[str], criterion: Criterion, standings: Mapping[str, Standing]) -> list[str]:
    fewest = min(standings[name].without for name in names)
    whole = [name for name in names if standings[name].without == fewest]
    scores = {name: signed(criterion, value) for name in whole if (value := standings[name].mean) is not None}
    if not scores:
        return whole
    best = max(scores.values())
    return [name for name in whole if name in scores and best - scores[name] <= criterion.margin * (1 + ROUNDING)]
