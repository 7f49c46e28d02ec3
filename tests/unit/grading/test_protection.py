from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_parex.grading import protect
from pytest_parex.repository import locate, pin
from pytest_parex.store.journal import read
from pytest_parex.testing import Project


def test_protected_files_are_as_in_the_base_when_the_work_is_graded(
    make_work: Callable[..., Any], tmp_path: Path
) -> None:
    project = Project(tmp_path / "repo", {"tests/test_it.py": "assert add(1, 1) == 2\n", "code.py": "def add(): ...\n"})
    base, _ = pin(
        locate(str(project.path), tmp_path / "spec.yaml"), "HEAD", dirty="head", sources=tmp_path / "runs" / "sources"
    )
    shutil.copytree(project.path, tmp_path / "workspace")
    work = make_work(protect=["tests/**"], bases={"": base})
    (work.workspace / "tests" / "test_it.py").write_text("assert True\n")
    (work.workspace / "tests" / "conftest.py").write_text("# the variant's trick\n")
    (work.workspace / "code.py").write_text("def add(a, b): return a + b\n")
    assert set(protect(work)) == {"tests/test_it.py", "tests/conftest.py"}
    assert (work.workspace / "tests" / "test_it.py").read_text() == "assert add(1, 1) == 2\n"
    assert not (work.workspace / "tests" / "conftest.py").exists()
    assert (work.workspace / "code.py").read_text() == "def add(a, b): return a + b\n"
    notes = [event.data["text"] for event in read(work.directory / "events.jsonl", "v1", 1) if event.name == "note"]
    assert notes == ["protected files restored: tests/conftest.py, tests/test_it.py"]


def test_without_protected_files_nothing_is_restored(make_work: Callable[..., Any]) -> None:
    assert protect(make_work()) == ()
