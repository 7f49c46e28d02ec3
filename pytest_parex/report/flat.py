"""One row per trial, flat, for spreadsheets and data frames.

Text cells that a spreadsheet would take for a formula get an apostrophe in front; numbers stay exact.
"""

from __future__ import annotations

import csv
import io

from pytest_parex.model import Scalar, TrialSummary
from pytest_parex.report.material import Material
from pytest_parex.report.text import one_line

_FORMULA = ("=", "+", "-", "@", "\t")
_FIXED = ("trial", "variant", "case", "repeat", "attempt", "outcome", "cause", "contaminated", "message")


def render(material: Material) -> str:
    """The header and a row for each trial of the plan, in its order. Empty means: there is no value."""
    trials = material.comparison.trials
    axes = list(dict.fromkeys(axis for trial in trials for axis in trial.matrix))
    phases = list(dict.fromkeys(name for result in material.results for name in result.phases))
    checks = sorted({name for trial in trials for name in trial.checks})
    metrics = sorted({name for trial in trials for name in trial.metrics})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            *_FIXED,
            *(_text(f"matrix.{axis}") for axis in axes),
            *(_text(f"check.{name}") for name in checks),
            *(_text(f"metric.{name}") for name in metrics),
            *(_text(f"phase_s.{name}") for name in phases),
        ]
    )
    for trial in trials:
        result = material.last.get(trial.id)
        writer.writerow(
            [
                *_facts(trial),
                *(_value(trial.matrix.get(axis)) for axis in axes),
                *(_value(trial.checks.get(name)) for name in checks),
                *(_value(trial.metrics.get(name)) for name in metrics),
                *(_value(result.phases.get(name) if result else None) for name in phases),
            ]
        )
    return out.getvalue()


def _facts(trial: TrialSummary) -> list[str]:
    values = (
        trial.id,
        trial.variant,
        trial.case,
        trial.repeat,
        trial.attempt or None,
        trial.outcome,
        trial.cause,
        trial.contaminated,
        trial.message,
    )
    return [_value(value) for value in values]


def _value(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(value: str) -> str:
    shown = one_line(value, 2000)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
