from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pytest_parex
from pytest_parex.model import Experiment, Plan, Trial
from pytest_parex.store import Run


@pytest.fixture
def make_plan(tmp_path: Path) -> Callable[..., Plan]:
    """A plan of the experiment `limiter` with as many trials as wanted, stored below `tmp_path/runs`."""

    def make(run: str = "20261120-184210-3fa2", trials: int = 2, **experiment: object) -> Plan:
        names = [f"v{number}" for number in range(1, trials + 1)]
        settings = {"experiment": "limiter", "variants": dict.fromkeys(names, "do it"), **experiment}
        return Plan(
            experiment=Experiment.model_validate(settings),
            run=run,
            created="2026-11-20T18:42:10+00:00",
            spec=str(tmp_path / "spec.yaml"),
            directory=str(tmp_path / "runs" / str(settings["experiment"]) / run),
            root=str(tmp_path / "workspaces"),
            bases={},
            trials=tuple(Trial(id=name, variant=name) for name in names),
        )

    return make


@pytest.fixture
def run(make_plan: Callable[..., Plan]) -> Run:
    return Run.create(make_plan())


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start another Python process that can import this package; its stdout and stdin are pipes."""

    children: list[subprocess.Popen[str]] = []

    def begin(code: str, *arguments: object, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        source = str(Path(pytest_parex.__file__).parent.parent)
        child = subprocess.Popen(
            [*prefix, sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": source},
        )
        children.append(child)
        return child

    yield begin
    for child in children:
        child.kill()
        child.communicate()
