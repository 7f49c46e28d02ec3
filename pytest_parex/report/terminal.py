"""The comparison section at the end of a pytest run: plain characters only, never wider than the terminal."""

from __future__ import annotations

import re
import textwrap

from pytest_parex.compare import SUCCESS_RATE, measures_of, numbers
from pytest_parex.model import Comparison, MetricSummary, VariantSummary
from pytest_parex.report.text import one_line, shortened
from pytest_parex.report.words import headline, scope

_GAP = "  "
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|s|min|h)(?!\w))")
_SHOWN_TRIALS = 5
_NARROWEST = 8
"""A variant's name is not cut below this many characters; metrics give way first."""


def terminal_table(comparison: Comparison, width: int) -> list[str]:
    """A line per variant, best first and marked with `*`, then the verdict in a sentence or two."""
    table = [_plain(row) for row in _rows(comparison)]
    names = [row[0] for row in table]
    left_out = 0
    while True:
        room = width - sum(max(len(row[place]) for row in table) + len(_GAP) for place in range(1, len(table[0])))
        if room >= min(_NARROWEST, max(map(len, names))) or len(table[0]) <= 3:
            break
        table = [row[:-1] for row in table]
        left_out += 1
    room = max(1, min(room, max(map(len, names))))
    lines = [_line([shortened(row[0], room).replace("…", "~"), *row[1:]], table, room)[:width] for row in table]
    if left_out:
        lines.append(f"({numbers.count(left_out, 'more column')} in the report)"[:width])
    return [*lines, "", *terminal_verdict(comparison, width)]


def terminal_verdict(comparison: Comparison, width: int) -> list[str]:
    """The verdict and its first reason, then what it speaks of and what would settle it, wrapped."""
    said = _wrapped(f"{comparison.verdict}: {' '.join(comparison.reasons[:1]) or headline(comparison)}", width, "")
    return [*said, *(_wrapped(f"({known})", width, "") if (known := scope(comparison)) else [])]


def terminal_reasons(comparison: Comparison, width: int) -> list[str]:
    """The other reasons and what would change the verdict, one paragraph each, for `-v`."""
    said = (*comparison.reasons[1:], *comparison.would_change)
    return [line for sentence in said for line in _wrapped(sentence, width, "- ")]


def terminal_contamination(comparison: Comparison, width: int) -> list[str]:
    """Which trials are contaminated, if any; everything else about that is in the report."""
    marked = [trial.id for trial in comparison.trials if trial.contaminated]
    if not marked:
        return []
    shown = f"{', '.join(marked[:_SHOWN_TRIALS])}{', …' if marked[_SHOWN_TRIALS:] else ''}"
    return _wrapped(f"contaminated: {shown}: something outside of the workspace changed meanwhile", width, "")


def _rows(comparison: Comparison) -> list[list[str]]:
    measures = measures_of(comparison)
    names = [name for name in (*comparison.rank, "duration_s") if name in measures and name != SUCCESS_RATE]
    metrics = list(dict.fromkeys(names))
    any_missing = any(row.missing for row in comparison.variants)
    any_rate = any(row.success_rate.low is not None for row in comparison.variants)
    header = ["  variant", "passed", *(["95 %"] if any_rate else []), *(["missing"] if any_missing else []), *metrics]
    rows = [
        [
            f"{'*' if row.name == comparison.leader else ' '} {one_line(row.name)}",
            f"{row.passed:,}/{row.counted:,}",
            *([_rate(row)] if any_rate else []),
            *([f"{row.missing:,}"] if any_missing else []),
            *(_mean(row, name, comparison) for name in metrics),
        ]
        for row in comparison.variants
    ]
    return [header, *rows]


def _rate(row: VariantSummary) -> str:
    low, high = row.success_rate.low, row.success_rate.high
    return numbers.NONE if low is None or high is None else f"{low * 100:.0f}-{high * 100:.0f} %"


def _mean(row: VariantSummary, metric: str, comparison: Comparison) -> str:
    summary = row.metrics.get(metric, MetricSummary())
    among = [each.metrics[metric].mean for each in comparison.variants if metric in each.metrics]
    return numbers.metric(metric, summary.mean, summary.unit, [value for value in among if value is not None])


def _plain(cells: list[str]) -> list[str]:
    return [
        cell.replace(numbers.NONE, "-") if cell == numbers.NONE else one_line(cell) if place else cell
        for place, cell in enumerate(cells)
    ]


def _line(cells: list[str], table: list[list[str]], room: int) -> str:
    widths = [max(len(row[place]) for row in table) for place in range(1, len(cells))]
    return _GAP.join([cells[0].ljust(room), *(cell.rjust(size) for cell, size in zip(cells[1:], widths, strict=True))])


def _wrapped(text: str, width: int, bullet: str) -> list[str]:
    plain = _BEFORE_UNIT.sub("\u00a0", one_line(text, 2000).replace("`", "'"))
    lines = textwrap.wrap(
        plain, max(20, width), initial_indent=bullet, subsequent_indent=" " * len(bullet), break_on_hyphens=False
    )
    return [line.replace("\u00a0", " ") for line in lines]
