from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.model import Base, Changes, Experiment, FileChange, Plan, Trial, Work
from pytest_parex.model import Execution as Done
from pytest_parex.store import Run

MakeWork = Callable[..., Work]


@pytest.fixture
def make_work(tmp_path: Path) -> MakeWork:
    """Captured work of a variant: `changed` names files that differ from the base; keywords are keys of the spec.

    The workspace was ready, as its journal says, when this is called: files written before are older than the work.
    """

    def make(
        *changed: str,
        execution: Done | None = None,
        phases: dict[str, float] | None = None,
        bases: dict[str, Base] | None = None,
        **spec: Any,
    ) -> Work:
        trial = Trial(id="v1", variant="v1")
        base = Base(source=".", mirror=str(tmp_path / "mirror"), commit="a" * 40, chosen="HEAD")
        settings = {"experiment": "limiter", "variants": {"v1": "do it"}, "runner": {"shell": "./solve.sh"}, **spec}
        directory = tmp_path / "runs" / "limiter" / "run"
        plan = Plan(
            experiment=Experiment.model_validate(settings),
            run="run",
            created="",
            spec=str(tmp_path / "spec.yaml"),
            directory=str(directory),
            root=str(tmp_path),
            bases=bases or {"": base},
            trials=(trial,),
        )
        run = Run.open(directory) if directory.exists() else Run.create(plan)
        writer = run.begin(trial)
        with writer.phase("prepare"), writer.phase("setup"):
            workspace = tmp_path / "workspace"
            workspace.mkdir(exist_ok=True)
        files = tuple(FileChange(path=path, status="modified", lines_added=3, lines_removed=1) for path in changed)
        return Work(
            plan=plan,
            trial=trial,
            attempt=writer.number,
            workspace=workspace,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            directory=writer.directory,
            emit=writer.emit,
            changes=Changes(base="a" * 40, commit="b" * 40, ref="r", mirror="m", files=files),
            execution=execution or Done(),
            phases=phases or {},
        )

    return make


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def read(make_work: MakeWork) -> Callable[..., Any]:
    """Read one metric, named `m`, from the workspace: its values by name, and the reasons for what is missing."""
    from pytest_parex.grading import missing_reasons, read_metrics

    def read_one(write: Callable[[], object] = lambda: None, **reader: Any) -> tuple[dict[str, float], dict[str, str]]:
        work = make_work(metrics={"m": reader})
        write()
        found = {name: metric.value for name, metric in read_metrics(work).items()}
        return found, missing_reasons(work)

    return read_one
