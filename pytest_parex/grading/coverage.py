"""`coverage`: line and branch coverage, from Cobertura XML (which many tools write) or the JSON of coverage.py.

`name` itself is line coverage in percent, so that the two forms of one measurement give one number. coverage.py's own
total mixes lines and branches; who wants that reads `totals.percent_covered` with `json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_parex.grading import json_file, xml
from pytest_parex.grading.found import head, whole
from pytest_parex.grading.freshness import one_fresh_match
from pytest_parex.grading.reading import Reading, UnreadableError, finite, number, shortened
from pytest_parex.model import Metric, MetricReader, Work

_ATTRIBUTES = ("line-rate", "lines-valid", "lines-covered", "branches-valid", "branches-covered")


@dataclass(frozen=True)
class _Totals:
    """What a report says of all files together; None where it does not say it."""

    lines: float | None = None
    lines_covered: float | None = None
    line_rate: float | None = None
    branches: float | None = None
    branches_covered: float | None = None


def read_coverage(name: str, reader: MetricReader, work: Work) -> Reading:
    """`name` and `name.branches` in percent, `name.lines` and `name.lines_covered` in numbers of lines."""
    assert reader.coverage is not None
    file = one_fresh_match(work, reader.coverage)
    try:
        is_json = head(work.workspace, file, 256).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
        return _reading(name, reader, _from_json(work, file) if is_json else _from_xml(work, file))
    except UnreadableError as reason:
        text = str(reason)
        raise UnreadableError(text if shortened(file) in text else f"{shortened(file)}: {text}") from None


def _reading(name: str, reader: MetricReader, totals: _Totals) -> Reading:
    better = reader.better or "higher"
    unit = reader.unit if reader.unit is not None else "%"
    percent = _percent(totals.lines_covered, totals.lines, totals.line_rate)
    if percent is None:
        raise UnreadableError("it measured no lines")
    metrics = {name: Metric(value=percent, unit=unit, better=better)}
    if totals.lines is not None and totals.lines_covered is not None:
        metrics[f"{name}.lines"] = Metric(value=totals.lines, unit="lines")
        metrics[f"{name}.lines_covered"] = Metric(value=totals.lines_covered, unit="lines")
    branches = _percent(totals.branches_covered, totals.branches)
    if branches is not None:
        metrics[f"{name}.branches"] = Metric(value=branches, unit=unit, better=better)
    return Reading(metrics)


def _percent(covered: float | None, of: float | None, rate: float | None = None) -> float | None:
    """From the counts, which are exact, or else from the rounded rate; None if nothing was measured."""
    if covered is None or of is None:
        return None if rate is None else _within(100 * rate)
    return _within(100 * covered / of) if of else None


def _within(percent: float) -> float:
    if not 0 <= percent <= 100:
        raise UnreadableError(f"its total of {percent:g} % cannot be")
    return percent


def _from_json(work: Work, file: str) -> _Totals:
    data = json_file.parsed(whole(work.workspace, file, json_file.LARGEST), file)
    totals = data.get("totals")
    if not isinstance(totals, Mapping) or "num_statements" not in totals:
        raise UnreadableError("it is no report of coverage.py: it has no `totals.num_statements`")
    return _Totals(
        lines=_number(totals, "num_statements"),
        lines_covered=_number(totals, "covered_lines"),
        branches=_number(totals, "num_branches"),
        branches_covered=_number(totals, "covered_branches"),
    )


def _number(totals: Mapping[str, Any], key: str) -> float | None:
    value = totals.get(key)
    return finite(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _from_xml(work: Work, file: str) -> _Totals:
    found: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if found:
            return
        if tag != "coverage" or "line-rate" not in attributes:
            raise UnreadableError(f"it is no Cobertura report: its outermost element is <{shortened(tag, 40)}>")
        found.update(attributes)

    xml.stream(work.workspace, file, start, lambda _: None)
    value = {key: number(found[key]) for key in found if key in _ATTRIBUTES}
    # Some tools write a branch rate of 0 or 1 where no branches were measured.
    has_branches = value.get("branches-valid", 0) > 0
    return _Totals(
        lines=value.get("lines-valid"),
        lines_covered=value.get("lines-covered"),
        line_rate=value.get("line-rate"),
        branches=value["branches-valid"] if has_branches else None,
        branches_covered=value.get("branches-covered") if has_branches else None,
    )
