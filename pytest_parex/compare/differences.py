"""The differences between variants, as they are stored: which pairs, in which order, with which correction.

A pair of trials' inputs is a case at a matrix point. Within it the repeats of each variant are averaged, then the
differences of all that both variants have are averaged: an easy case that only one of them finished cannot tilt the
result. With nothing missing this is the difference of the two means.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from pytest_parex.compare.findings import Findings
from pytest_parex.compare.holm import adjusted
from pytest_parex.model import Difference

_MOST_FOR_ALL_PAIRS = 12
"""Of more variants, only the pairs with the baseline and the first one are listed."""
_DIGITS = 9
"""Of what is calculated: more would differ from machine to machine."""


def differences(
    findings: Findings, metrics: Sequence[str], order: Sequence[str], baseline: str | None
) -> tuple[Difference, ...]:
    """Against the baseline first, then of the first variant from each other, then of the others, metric by metric.

    `order`: the variants with a counted trial, best first.
    """
    pairs = list(_pairs(order, baseline))
    found = []
    for metric in metrics:
        rows = [between(findings, metric, a, b) for a, b in pairs]
        known = [place for place, row in enumerate(rows) if row.p is not None]
        corrected = adjusted([row.p for row in rows if row.p is not None])
        for place, p in zip(known, corrected, strict=True):
            rows[place] = rows[place].model_copy(update={"p_adjusted": rounded(p)})
        found.append(rows)
    return tuple(
        found[m][place] for group in _groups(pairs, order, baseline) for m in range(len(metrics)) for place in group
    )


def between(findings: Findings, metric: str, a: str, b: str) -> Difference:
    """Variant `a` minus variant `b`; the value is None where they share no case with a number for both."""
    found = findings.of(metric, a, b)
    low, high = found.interval or (None, None)
    return Difference(
        metric=metric,
        a=a,
        b=b,
        value=found.value,
        low=rounded(low),
        high=rounded(high),
        p=rounded(found.p),
        method=found.method,
        pairs=found.pairs,
        question=found.question,
        p_cases=rounded(found.wider),
        withheld=found.withheld,
        superiority=rounded(found.superiority),
        relative=rounded(found.relative),
    )


def rounded(value: float | None) -> float | None:
    """A calculated number with the digits that are the same on every machine."""
    return None if value is None else float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def _pairs(order: Sequence[str], baseline: str | None) -> Iterable[tuple[str, str]]:
    known = baseline in order
    if known:
        yield from ((name, str(baseline)) for name in order if name != baseline)
    others = [name for name in order if not known or name != baseline]
    if len(order) <= _MOST_FOR_ALL_PAIRS:
        yield from itertools.combinations(others, 2)
        return
    if order[0] != baseline:
        yield from ((order[0], name) for name in others if name != order[0])


def _groups(pairs: Sequence[tuple[str, str]], order: Sequence[str], baseline: str | None) -> list[list[int]]:
    groups: list[list[int]] = [[], [], []]
    for place, pair in enumerate(pairs):
        groups[0 if pair[1] == baseline else 1 if pair[0] == order[0] else 2].append(place)
    return groups
