"""Fixtures for whole pytest sessions whose trials are real agent sessions, against a scripted model.

A session costs seconds of processor time, so a run has many variants, each with a story of its own, and is made once
for all tests and all workers of pytest-xdist that look at it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import claude_agent_sdk
import pytest
from filelock import FileLock

from pytest_parex.testing import Project

from .stories import LEAN, Story, rehearsable


@pytest.fixture(scope="session", autouse=True)
def _agent_program(lacking: Callable[[str, str], NoReturn]) -> None:
    program = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
    if not program.is_file():
        lacking("claude", f"there is no {program}")


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Story]:
    """Runs an experiment of agents once and tells it to everybody: `told("name", spec, sessions, "-n4")`."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def tell(
        name: str,
        spec: Mapping[str, Any],
        script: Mapping[str, Any],
        *args: str,
        files: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Story:
        folder = shared / f"story-{name}"
        with FileLock(shared / f"story-{name}.lock"):
            if not (folder / "told.json").exists():
                project = rehearsable(Project(folder / "repo", files), spec, script)
                done = project.run("--parex-rehearse", *LEAN, *args, env=env)
                (folder / "told.json").write_text(json.dumps([done.exit_code, done.out]))
        code, out = json.loads((folder / "told.json").read_text())
        return Story(code, out, folder / "repo" / ".parex")

    return tell
