"""How findings are put into sentences: values with units, differences with interval and p-value, lists of names."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_parex.compare.examining import Finding
from pytest_parex.compare.metrics import SUCCESS_RATE
from pytest_parex.compare.numbers import count, distance, metric, rate, signed, span
from pytest_parex.compare.ranking import Criterion
from pytest_parex.model import VariantSummary

_LISTED = 8


def chance(p: float) -> str:
    """`p = 0.032`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def measured(finding: Finding, criterion: Criterion) -> str:
    """`+12 points (95 % interval +8 points to +16 points, p = 0.009)`."""
    known = []
    if finding.interval:
        low, high = (signed(criterion.metric, end, criterion.unit) for end in finding.interval)
        known.append(f"95 % interval {span(low, high)}")
    if finding.p is not None:
        known.append(chance(finding.p))
    shown = signed(criterion.metric, finding.value, criterion.unit)
    return f"{shown} ({', '.join(known)})" if known else shown


def named(criterion: Criterion) -> str:
    """The criterion with its margin, if it has one."""
    within = f" (margin {margin(criterion)})" if criterion.margin else ""
    return f"`{criterion.metric}`{within}"


def margin(criterion: Criterion) -> str:
    """The declared margin with its unit."""
    return distance(criterion.metric, criterion.margin, criterion.unit)


def standing(row: VariantSummary, criterion: Criterion, beside: Iterable[VariantSummary]) -> str:
    """What a variant has in a criterion, and over how many trials."""
    if criterion.metric == SUCCESS_RATE:
        return f"{rate(row.success_rate.value)} ({passed(row)})"
    among = [value for each in beside if (value := each.metrics[criterion.metric].mean) is not None]
    summary = row.metrics[criterion.metric]
    if summary.mean is None:
        return f"no number in {count(row.counted, 'trial')}"
    over = f" (mean of {count(summary.n, 'trial')})" if summary.n > 1 or row.counted > 1 else ""
    return metric(criterion.metric, summary.mean, criterion.unit, among) + over


def passed(row: VariantSummary) -> str:
    """`3 of 4 passed`."""
    return f"{row.passed:,} of {row.counted:,} passed"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`, cut where it grows long."""
    every = list(names)
    if len(every) > _LISTED:
        return ", ".join(every[:_LISTED]) + f" and {len(every) - _LISTED:,} more"
    return " and ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else "".join(every)
