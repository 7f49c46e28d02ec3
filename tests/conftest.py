"""Fixtures of parex's own tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pytest_parex.testing import Project


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project with these files: `project({"solve.py": "…"})`."""

    def make(files: Mapping[str, str] | None = None, name: str = "repo") -> Project:
        return Project(tmp_path / name, files)

    return make
