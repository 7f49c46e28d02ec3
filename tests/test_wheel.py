"""What is installed is the package with all its files, and nothing else; and it works without the source beside it."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_parex import processes
from pytest_parex.errors import ParexError
from pytest_parex.testing import Project

ROOT = Path(__file__).parents[1]


@pytest.fixture
def wheel(tmp_path: Path, lacking: Callable[[str, str], NoReturn]) -> Path:
    """Built by pip from a copy of the source; pip gets the build tool from the package index."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "pytest_parex", source / "pytest_parex")
    shutil.copytree(ROOT / "tests" / "docs", source / "tests" / "docs")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--retries", "2", "--no-deps", "--wheel-dir", "."]
    try:
        built = processes.capture([*command, str(source)], cwd=tmp_path, env=os.environ, timeout=180)
    except ParexError as fault:
        lacking("index", str(fault))
    said = built.stderr.decode(errors="replace").strip()
    if "Could not find a version" in said or "No matching distribution" in said:
        lacking("index", "pip cannot get what pyproject.toml asks for to build")
    assert built.exit_code == 0, said
    return next(tmp_path.glob("*.whl"))


def test_the_wheel_holds_the_package_and_works(wheel: Path, project: Callable[..., Project], tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        archive.extractall(tmp_path / "installed")
    package = ROOT / "pytest_parex"
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sorted(names) == sorted(str(path.relative_to(ROOT)) for path in files)

    repo = project()
    repo.spec({"variants": {"a": "…", "b": "…"}, "checks": {"true": "true"}})
    run = repo.run("-n2", "-rA", env={"PYTHONPATH": str(tmp_path / "installed")})

    assert run.outcomes == {"passed": 2}, run.out
    assert "<html" in (run.run().directory / "comparison.html").read_text()
    shown = processes.capture(
        [sys.executable, "-c", "import pytest_parex; print(pytest_parex.__file__)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        timeout=60,
    )
    assert str(tmp_path / "installed") in shown.stdout.decode()
