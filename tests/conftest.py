"""Fixtures of parex's own tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_parex.testing import Project

REQUIRED = "PAREX_TESTS_REQUIRE"
"""The variable that names, joined by commas, the parts without which tests fail instead of being skipped."""


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project with these files: `project({"solve.py": "…"})`."""

    def make(files: Mapping[str, str] | None = None, name: str = "repo") -> Project:
        return Project(tmp_path / name, files)

    return make


@pytest.fixture(scope="session")
def lacking() -> Callable[[str, str], NoReturn]:
    """For tests that need a part which not every machine has: `lacking("browser", "there is no chromium")`.

    The test is skipped, or fails if the part is named in PAREX_TESTS_REQUIRE (`index,browser`).
    """

    def say(part: str, why: str) -> NoReturn:
        message = f"{part}: {why}"
        if part in os.environ.get(REQUIRED, "").split(","):
            pytest.fail(f"{message} ({REQUIRED} asks for it)", pytrace=False)
        pytest.skip(message)

    return say
