"""What became of each variant over the runs of one experiment, oldest first. Nothing is tested here: `parex compare`
joins runs for that. So it needs none of the statistics, and says only what is known of each run by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pytest_parex.compare.columns import Part, agree, digests_of
from pytest_parex.compare.metrics import measures, summarise
from pytest_parex.compare.outcomes import summarise_trials
from pytest_parex.model import MetricSummary, Model


class Entry(Model):
    """One variant in one run. Means are over counted trials."""

    run: str
    created: str
    """UTC, ISO 8601."""
    trials: int
    counted: int
    missing: int
    passed: int
    success_rate: float | None = None
    metrics: dict[str, MetricSummary] = {}
    """Without intervals."""
    changed: tuple[Literal["inputs", "grading"], ...] = ()
    """What is not the same as in this variant's run before."""


class VariantHistory(Model):
    """One variant over its runs, oldest first."""

    name: str
    runs: tuple[Entry, ...]


class History(Model):
    """All variants of an experiment over its runs, in the order in which they first appeared."""

    experiment: str
    runs: tuple[str, ...]
    """The runs that were read, oldest first."""
    rank: tuple[str, ...]
    """The criteria of the newest run."""
    variants: tuple[VariantHistory, ...]


def history(parts: Sequence[Part]) -> History:
    """The history of an experiment; `parts` are its runs, oldest first, at least one. A run without a trial of a
    variant is left out of that variant's history.
    """
    entries: dict[str, list[Entry]] = {}
    before: dict[str, Part] = {}
    for part in parts:
        known = measures(part.plan, part.results)
        rows = summarise_trials(part.plan, part.results, part.not_selected)
        for variant in part.plan.experiment.variants:
            if not part.trials_of(variant):
                continue
            row = summarise(variant, [each for each in rows if each.variant == variant], known)
            last = before.get(variant)
            entries.setdefault(variant, []).append(
                Entry(
                    run=part.plan.run,
                    created=part.plan.created,
                    trials=row.trials,
                    counted=row.counted,
                    missing=row.missing,
                    passed=row.passed,
                    success_rate=row.success_rate.value,
                    metrics=row.metrics,
                    changed=_changed(last, part, variant) if last else (),
                )
            )
            before[variant] = part
    newest = parts[-1].plan.experiment
    return History(
        experiment=newest.experiment,
        runs=tuple(part.plan.run for part in parts),
        rank=newest.compare.rank,
        variants=tuple(VariantHistory(name=name, runs=tuple(rows)) for name, rows in entries.items()),
    )


def _changed(last: Part, part: Part, variant: str) -> tuple[Literal["inputs", "grading"], ...]:
    same = agree(digests_of(last.trials_of(variant)), digests_of(part.trials_of(variant)))
    graded = last.plan.grading == part.plan.grading
    return (*(() if same else ("inputs",)), *(() if graded else ("grading",)))
