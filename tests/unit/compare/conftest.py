from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_parex.compare import compare
from pytest_parex.endings import Cause
from pytest_parex.model import CheckResult, Comparison, Experiment, Metric, Plan, Result, Scalar, Trial

BETTER = {"coverage": "higher", "time": "lower"}


@dataclass
class Told:
    """A plan and its results, told trial by trial; `coverage` is better higher, `time` is better lower."""

    experiment: dict[str, Any] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def planned(
        self,
        variant: str,
        case: str | None = None,
        repeat: int | None = None,
        matrix: Mapping[str, Scalar] | None = None,
    ) -> Trial:
        """A trial without a result. Repeats are counted by themselves."""
        alike = [
            one for one in self.trials if (one.variant, one.case, one.matrix) == (variant, case, dict(matrix or {}))
        ]
        repeat = repeat or len(alike) + 1
        parts = [variant, *([case] if case else []), *map(str, (matrix or {}).values()), f"r{repeat}"]
        trial = Trial(id="--".join(parts), variant=variant, case=case, repeat=repeat, matrix=dict(matrix or {}))
        self.trials.append(trial)
        return trial

    def ended(
        self,
        variant: str,
        cause: Cause = Cause.PASSED,
        *,
        case: str | None = None,
        matrix: Mapping[str, Scalar] | None = None,
        checks: Mapping[str, bool] | None = None,
        **more: Any,
    ) -> Result:
        """A trial with a result; other names are metrics (numbers) or fields of the result."""
        metrics = {
            name: Metric(value=more.pop(name), better=BETTER.get(name))
            for name in sorted(more)
            if isinstance(more[name], int | float) and name != "attempt"
        }
        result = Result(
            trial=self.planned(variant, case, matrix=matrix),
            attempt=more.pop("attempt", 1),
            cause=cause,
            metrics=metrics,
            checks=tuple(CheckResult(name=name, passed=passed) for name, passed in (checks or {}).items()),
            **more,
        )
        self.results.append(result)
        return result

    def passes(self, variant: str, metric: str, values: Sequence[float], **more: Any) -> None:
        """Passed trials with these numbers."""
        for value in values:
            self.ended(variant, **{metric: value}, **more)

    @property
    def plan(self) -> Plan:
        names = dict.fromkeys(trial.variant for trial in self.trials)
        settings = {"experiment": "limiter", "variants": dict.fromkeys(names, "do it"), **self.experiment}
        return Plan(
            experiment=Experiment.model_validate(settings),
            run="20261120-184210-3fa2",
            created="2026-11-20T18:42:10+00:00",
            spec="/repo/limiter.yaml",
            directory="/repo/.parex/limiter/20261120-184210-3fa2",
            root="/repo.parex",
            bases={},
            trials=tuple(self.trials),
        )

    def compared(self, not_selected: Collection[str] = ()) -> Comparison:
        return compare(self.plan, self.results, not_selected)

    def order(self) -> list[str]:
        return [row.name for row in self.compared().variants]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def ranked(told: Told) -> Any:
    """`ranked("coverage", margin={…})`: an empty story whose variants are ranked so."""

    def make(*rank: str, **margin: float) -> Told:
        told.experiment["compare"] = {"rank": list(rank), "margin": margin}
        return told

    return make
