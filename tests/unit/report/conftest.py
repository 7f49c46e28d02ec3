from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.compare import compare
from pytest_parex.endings import Cause
from pytest_parex.model import (
    Base,
    Changes,
    CheckResult,
    Comparison,
    Experiment,
    FileChange,
    Metric,
    Plan,
    Result,
    Scalar,
    Trial,
)


@dataclass
class Story:
    """A run as it lies on the disk, told trial by trial."""

    directory: Path
    experiment: Mapping[str, Any]
    trials: list[Trial] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    not_selected: set[str] = field(default_factory=set)

    def planned(
        self, variant: str, case: str | None = None, repeat: int = 1, matrix: Mapping[str, Scalar] | None = None
    ) -> Trial:
        """A trial that has no result (yet)."""
        parts = [variant, *([case] if case else []), *(str(value) for value in (matrix or {}).values())]
        name = "--".join([*parts, f"r{repeat}"]) if repeat > 1 else "--".join(parts)
        trial = Trial(id=name, variant=variant, case=case, repeat=repeat, matrix=dict(matrix or {}))
        self.trials.append(trial)
        return trial

    def ended(
        self,
        variant: str,
        cause: Cause = Cause.PASSED,
        message: str = "",
        *,
        case: str | None = None,
        repeat: int = 1,
        matrix: Mapping[str, Scalar] | None = None,
        metrics: Mapping[str, float | Metric] | None = None,
        checks: Mapping[str, bool] | None = None,
        files: Mapping[str, str | bytes] | None = None,
        changed: Sequence[FileChange] = (),
        **more: Any,
    ) -> Result:
        """A trial with a finished attempt, whose directory holds these files."""
        trial = self.planned(variant, case, repeat, matrix)
        directory = self.directory / "trials" / trial.id / "attempt-1"
        for name, content in (files or {}).items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
        result = Result(
            trial=trial,
            attempt=1,
            cause=cause,
            message=message,
            started="2026-11-20T18:42:10+00:00",
            metrics={
                name: value if isinstance(value, Metric) else Metric(value=value)
                for name, value in (metrics or {}).items()
            },
            checks=tuple(
                CheckResult(name=name, passed=passed, exit_code=0 if passed else 1, log=f"checks/{name}.log")
                for name, passed in (checks or {}).items()
            ),
            changes=Changes(base="b" * 40, commit="c" * 40, ref="refs/parex/1", mirror="/m", files=tuple(changed)),
            **more,
        )
        self.results.append(result)
        return result

    @property
    def plan(self) -> Plan:
        """The plan of everything that was told."""
        names = dict.fromkeys(trial.variant for trial in self.trials)
        settings = {"experiment": "limiter", "variants": {name: f"be {name}" for name in names}, **self.experiment}
        return Plan(
            experiment=Experiment.model_validate(settings),
            run="20261120-184210-3fa2",
            created="2026-11-20T18:42:10+00:00",
            spec="/repo/exp/limiter.yaml",
            directory=str(self.directory),
            root="/repo.parex",
            bases={"": Base(source=".", mirror="/m", commit="b" * 40, chosen="HEAD of main", checkout="/repo")},
            trials=tuple(self.trials),
        )

    @property
    def comparison(self) -> Comparison:
        """What the results say."""
        return compare(self.plan, self.results, self.not_selected)


@pytest.fixture
def story(tmp_path: Path) -> Callable[..., Story]:
    """`story(compare={…})`: an empty run directory of an experiment with these settings."""

    def begin(**experiment: Any) -> Story:
        directory = tmp_path / "run"
        directory.mkdir()
        return Story(directory, experiment)

    return begin
