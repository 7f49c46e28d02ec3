"""A real project that nobody here wrote, compared in four variants by its own test suite."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_parex import processes
from pytest_parex.errors import ParexError
from pytest_parex.model import Comparison
from pytest_parex.testing import Project

REQUIREMENTS = Path(__file__).parents[2] / "examples" / "published_project" / "requirements.txt"


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory, lacking: Callable[[str, str], NoReturn]) -> Path:
    """The package as its authors published it; pip checks that it is exactly that."""
    folder = tmp_path_factory.mktemp("index")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--retries", "2", "--no-deps", "--dest", str(folder)]
    try:
        done = processes.capture([*pip, "-r", str(REQUIREMENTS)], cwd=folder, env=os.environ, timeout=180)
    except ParexError as fault:
        lacking("index", str(fault))
    said = done.stderr.decode(errors="replace").strip()
    assert "do not match the hashes" not in said.lower(), said
    if done.exit_code:
        lacking("index", f"pip cannot get {REQUIREMENTS.name}: {said.rpartition(chr(10))[2]}")
    return next(folder.glob("*.tar.gz"))


def test_a_published_package_is_compared_by_its_own_tests(
    sdist: Path,
    example: Callable[[str], Project],
    contents: Callable[[Path], Mapping[str, object]],
    tmp_path: Path,
) -> None:
    repo = example("published_project")
    folder = repo.path / "examples" / "published_project"
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    others = {"HOME": tmp_path / "home", "TMPDIR": tmp_path / "temporary"}
    for empty in others.values():
        empty.mkdir()
    before = contents(repo.path)

    run = repo.run(
        *("-n4", "--parex-dir", str(repo.path / ".parex")),
        cwd=folder,
        env={name: str(path) for name, path in others.items()},
        timeout=500,
    )

    assert run.exit_code == 1, run.out
    assert run.outcomes == {"passed": 3, "failed": 1}, run.out
    comparison = Comparison.model_validate_json((run.run("more-itertools").directory / "comparison.json").read_text())
    assert_is_right(comparison)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["clone", "clone.parex", "home", "temporary"]
    left = [path.name for folder in others.values() for path in folder.iterdir()]
    assert [name for name in left if not name.startswith("pytest-of-")] == []  # which pytest-xdist makes
    workspaces = tmp_path / "clone.parex" / comparison.run
    assert {path.name for path in workspaces.glob("[!.]*")} == {"unchanged", "refactored", "faster", "lazy"}
    shutil.rmtree(repo.path / ".parex")
    assert contents(repo.path) == before


def assert_is_right(comparison: Comparison) -> None:
    outcomes = {trial.id: (trial.outcome, trial.cause) for trial in comparison.trials}
    passed = ("passed", "passed")
    assert outcomes == {
        "unchanged": passed,
        "refactored": passed,
        "faster": passed,
        "lazy": ("failed", "check failed"),
    }
    order = [variant.name for variant in comparison.variants]
    assert (order[0], order[3]) == ("faster", "lazy")
    assert comparison.leader == "faster"
    assert [variant.name for variant in comparison.variants if not variant.acceptable] == ["lazy"]

    metrics = {trial.variant: trial.metrics for trial in comparison.trials}
    assert {name: found["suite.failed"] for name, found in metrics.items()} == {
        "unchanged": 0,
        "refactored": 0,
        "faster": 0,
        "lazy": 1,
    }
    assert metrics["lazy"]["suite.tests"] == metrics["unchanged"]["suite.tests"] > 100
    assert 0 < metrics["faster"]["time"] < metrics["unchanged"]["time"]
