"""A real run, with real attempts, that tests take through their stages one by one."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_parex import repository, workspace
from pytest_parex.endings import Cause
from pytest_parex.model import Changes, Experiment, Place, Plan, Result, Trial
from pytest_parex.store import AttemptWriter, Run
from pytest_parex.testing import Project
from pytest_parex.workspace import Removal, Workspace

RUN_ID = "20261120-184210-3fa2"


@dataclass
class Attempt:
    """One attempt of a trial in a real run, stage by stage."""

    run: Run
    trial: Trial
    environ: Mapping[str, str]
    writer: AttemptWriter = field(init=False)
    made: Workspace = field(init=False)
    place: Place = field(init=False)
    changes: Changes | None = None

    def __post_init__(self) -> None:
        self.writer = self.run.begin(self.trial)

    def create(self) -> Workspace:
        self.made = workspace.create(
            self.run.plan,
            self.trial,
            attempt=self.writer.number,
            directory=self.writer.directory,
            emit=self.writer.emit,
            environ=self.environ,
        )
        self.place = Place(
            plan=self.run.plan,
            trial=self.trial,
            attempt=self.writer.number,
            workspace=self.made.path,
            env=dict(self.made.env),
            directory=self.writer.directory,
            emit=self.writer.emit,
        )
        return self.made

    def settle(self) -> None:
        workspace.setup(self.place)
        self.made = workspace.settle(self.made, self.place)

    def capture(self) -> Changes:
        self.changes = workspace.capture(self.made, self.run.plan, self.trial, self.writer)
        return self.changes

    def remove(self) -> Removal:
        return workspace.remove(self.run, self.result())

    def result(self) -> Result:
        return Result(trial=self.trial, attempt=self.writer.number, cause=Cause.PASSED, changes=self.changes)

    def states(self) -> list[str]:
        events = self.run.events(self.trial.id, self.writer.number)
        return [event.data["state"] for event in events if event.name == "workspace"]

    def notes(self) -> list[str]:
        events = self.run.events(self.trial.id, self.writer.number)
        return [event.data["text"] for event in events if event.name == "note"]


def git(attempt: Attempt, *arguments: str) -> subprocess.CompletedProcess[str]:
    """git as the variant would run it."""
    return subprocess.run(
        ["git", *arguments], cwd=attempt.made.path, env=attempt.made.env, capture_output=True, text=True, check=False
    )


@dataclass
class Bench:
    """A real run of an experiment in a project, with its mirror, runs and workspaces below `folder`."""

    folder: Path
    project: Project
    environ: dict[str, str]

    def run(self, run: str = RUN_ID, dirty: str = "snapshot", **experiment: Any) -> Run:
        settings = {"experiment": "limiter", "variants": {"v1": {}}, **experiment}
        parsed = Experiment.model_validate(settings)
        spec = self.project.path / "spec.yaml"
        sources = self.folder / "runs" / "sources"
        source = repository.locate(parsed.source, spec)
        bases = {"": repository.pin(source, parsed.base, dirty=dirty, sources=sources)[0]}
        for variant in parsed.variants.values():
            if variant.ref:
                bases[f"@{variant.ref}"] = repository.pin(source, variant.ref, dirty="head", sources=sources)[0]
        plan = Plan(
            experiment=parsed,
            run=run,
            created="2026-11-20T18:42:10+00:00",
            spec=str(spec),
            directory=str(self.folder / "runs" / parsed.experiment / run),
            root=str(self.folder / "repo.parex" / run),
            bases=bases,
            trials=tuple(Trial(id=name, variant=name) for name in parsed.variants),
        )
        return Run.create(plan)

    def attempt(self, run: Run | None = None, trial: str = "v1", **experiment: Any) -> Attempt:
        run = run or self.run(**experiment)
        return Attempt(run, run.plan.trial(trial), self.environ)
