from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.model import Base, Experiment, Plan, Trial
from pytest_parex.testing import Project

from .bench import RUN_ID, Bench


@pytest.fixture
def bare_plan(tmp_path: Path) -> Callable[..., Plan]:
    """A plan whose base is no real commit, for what needs no repository."""

    def make(**experiment: Any) -> Plan:
        settings = {"experiment": "limiter", "variants": {"v1": {}}, **experiment}
        base = Base(source=".", mirror=str(tmp_path / "mirror"), commit="0" * 40, chosen="HEAD of main")
        return Plan(
            experiment=Experiment.model_validate(settings),
            run=RUN_ID,
            created="2026-11-20T18:42:10+00:00",
            spec=str(tmp_path / "spec.yaml"),
            directory=str(tmp_path / "runs" / "limiter" / RUN_ID),
            root=str(tmp_path / "workspaces"),
            bases={"": base},
            trials=tuple(Trial(id=name, variant=name) for name in settings["variants"]),
        )

    return make


@pytest.fixture
def bench(tmp_path: Path, project: Callable[..., Project]) -> Bench:
    files = {"limits.py": "LIMIT = 1\n", "docs/plan.md": "plan\n", "docs/deep/more.md": "more\n", "src/a.py": "A = 1\n"}
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    return Bench(tmp_path, project(files), environ)
