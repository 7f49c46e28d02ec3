"""What a report is made from: a plan, its comparison, the results, and the files of the run directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_parex.compare import COMPARED, SUCCESS_RATE, Measure, measures_of
from pytest_parex.model import Comparison, Plan, Result, TrialSummary, VariantSummary
from pytest_parex.store.layout import TRIALS


@dataclass(frozen=True)
class Material:
    """Read only; nothing here decides how it is shown."""

    plan: Plan
    comparison: Comparison
    results: Sequence[Result]
    directory: Path
    """The run directory, wherever it is now; of several runs, the folder that holds them all."""
    sections: Mapping[str, str]
    """Additions of users' hooks: title → Markdown."""

    @cached_property
    def last(self) -> dict[str, Result]:
        """Trial id → the result of its last attempt."""
        return {result.trial.id: result for result in sorted(self.results, key=lambda each: each.attempt)}

    @cached_property
    def measures(self) -> dict[str, Measure]:
        """Metric → unit and direction."""
        return measures_of(self.comparison)

    @property
    def headline_metrics(self) -> tuple[str, ...]:
        """The metrics that a reader sees first: those that rank, then duration and cost where they are known."""
        names = (*self.comparison.rank, "duration_s", "cost_usd")
        return tuple(dict.fromkeys(name for name in names if name != SUCCESS_RATE and name in self.measures))

    @property
    def counted_in(self) -> dict[str, int]:
        """Metric → in how many counted trials it is known."""
        return {
            name: sum(row.metrics[name].n for row in self.comparison.variants if name in row.metrics)
            for name in self.measures
            if name != SUCCESS_RATE
        }

    @property
    def variants(self) -> tuple[VariantSummary, ...]:
        """The rows of the comparison, best first."""
        return self.comparison.variants

    @cached_property
    def trials_of(self) -> dict[str, list[TrialSummary]]:
        """Variant → its planned trials that somebody asked for, in the order of the plan."""
        rows: dict[str, list[TrialSummary]] = {row.name: [] for row in self.comparison.variants}
        for trial in self.comparison.trials:
            if trial.outcome in COMPARED:
                rows.setdefault(trial.variant, []).append(trial)
        return rows

    def attempt_directory(self, trial: TrialSummary) -> Path:
        """Where the files of the trial's last attempt are."""
        return self.directory / self.attempt_path(trial)

    def attempt_path(self, trial: TrialSummary) -> str:
        """The same, relative to the run directory."""
        return f"{self.plan.joined.get(trial.id, f'{TRIALS}/{trial.id}')}/attempt-{trial.attempt}"


def point_name(matrix: Mapping[str, object]) -> str:
    """`model=opus, effort=high`; empty for a trial without a matrix."""
    return ", ".join(f"{axis}={value}" for axis, value in matrix.items())
