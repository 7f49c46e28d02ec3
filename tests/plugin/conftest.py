"""Fixtures for tests of whole pytest sessions, as a user starts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pytest_parex.testing import Project


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """Makes a project that the tests of a module share, because one session shows all that they look at."""

    def make(files: Mapping[str, str] | None = None, name: str = "repo") -> Project:
        return Project(tmp_path_factory.mktemp("shared") / name, files)

    return make


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as `folder` for all tests of a module."""
    return tmp_path_factory.mktemp("traces")
