from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.model import Base, Experiment, Plan, Task, Trial


class Events(list[tuple[str, dict[str, Any]]]):
    """The events of an attempt, as they were emitted."""

    def __call__(self, name: str, **data: Any) -> None:
        self.append((name, data))


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def make_task(tmp_path: Path, events: Events) -> Callable[..., Task]:
    """A task in `tmp_path/workspace`, of a spec in `tmp_path/spec`, where `modules` (name → code) lie too."""

    def make(
        options: Any,
        *,
        timeout: float = 60.0,
        env: dict[str, str] | None = None,
        modules: dict[str, str] | None = None,
        matrix: dict[str, Any] | None = None,
        case: str | None = None,
        **experiment: Any,
    ) -> Task:
        folders = {name: tmp_path / name for name in ("workspace", "spec", "attempt-1")}
        for folder in folders.values():
            folder.mkdir()
        for name, code in (modules or {}).items():
            (folders["spec"] / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        settings = {"experiment": "limiter", "variants": {"oop": {"prompt": "Use classes."}}, **experiment}
        trial = Trial(id="oop", variant="oop", matrix=matrix or {}, case=case, repeat=2)
        plan = Plan(
            experiment=Experiment.model_validate(settings),
            run="20261120-184210-3fa2",
            created="2026-11-20T18:42:10+00:00",
            spec=str(folders["spec"] / "spec.yaml"),
            directory=str(tmp_path),
            root=str(tmp_path),
            bases={"": Base(source=".", mirror=str(tmp_path), commit="0" * 40, chosen="HEAD")},
            trials=(trial,),
        )
        return Task(
            plan=plan,
            trial=trial,
            attempt=1,
            workspace=folders["workspace"],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", **(env or {})},
            directory=folders["attempt-1"],
            emit=events,
            options=options,
            timeout=timeout,
            log=folders["attempt-1"] / "run.log",
        )

    return make
