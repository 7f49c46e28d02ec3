from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.errors import GradingError
from pytest_parex.grading import holdout


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    folder = tmp_path / "hidden"
    (folder / "tests" / "deep").mkdir(parents=True)
    (folder / "tests" / "test_hidden.py").write_text("def test(): pass\n")
    (folder / "tests" / "deep" / "data.txt").write_text("hidden data")
    return folder


def content(folder: Path) -> dict[str, str]:
    """Every entry below a folder: a link's target, a file's text."""
    return {
        entry.relative_to(folder).as_posix(): f"-> {entry.readlink()}"
        if entry.is_symlink()
        else ("folder" if entry.is_dir() else entry.read_text())
        for entry in sorted(folder.rglob("*"))
    }


def test_the_holdout_is_there_only_while_it_is_graded(make_work: Callable[..., Any], hidden: Path) -> None:
    work = make_work(holdout="hidden")
    (work.workspace / "tests").mkdir()
    (work.workspace / "tests" / "test_hidden.py").write_text("the variant's own")
    before = content(work.workspace)
    with holdout(work):
        assert (work.workspace / "tests" / "test_hidden.py").read_text() == "def test(): pass\n"
        assert (work.workspace / "tests" / "deep" / "data.txt").read_text() == "hidden data"
        subprocess.run([sys.executable, "-m", "py_compile", "test_hidden.py"], cwd=work.workspace / "tests", check=True)
        assert list((work.workspace / "tests" / "__pycache__").glob("test_hidden.*.pyc"))
        (work.workspace / "tests" / "deep" / "made-by-a-check").write_text("x")
    after = content(work.workspace)
    assert after.pop("tests/__pycache__") == "folder"
    assert after == before


def test_a_single_file_is_laid_into_the_root(make_work: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("x")
    work = make_work(holdout="test_one.py")
    with holdout(work):
        assert (work.workspace / "test_one.py").read_text() == "x"
    assert content(work.workspace) == {}


def test_nothing_is_written_through_a_link_of_the_variant(
    make_work: Callable[..., Any], hidden: Path, tmp_path: Path
) -> None:
    work = make_work(holdout="hidden")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "test_hidden.py").write_text("the user's own")
    (work.workspace / "tests").symlink_to(outside)
    before = content(outside), content(work.workspace)
    with holdout(work):
        assert not (work.workspace / "tests").is_symlink()
        assert (work.workspace / "tests" / "test_hidden.py").read_text() == "def test(): pass\n"
        assert content(outside) == before[0]
    assert (content(outside), content(work.workspace)) == before


def test_a_link_in_the_place_of_a_file_is_moved_aside(
    make_work: Callable[..., Any], hidden: Path, tmp_path: Path
) -> None:
    work = make_work(holdout="hidden")
    (tmp_path / "precious").write_text("precious")
    (work.workspace / "tests").mkdir()
    (work.workspace / "tests" / "test_hidden.py").symlink_to(tmp_path / "precious")
    with holdout(work):
        assert (work.workspace / "tests" / "test_hidden.py").read_text() == "def test(): pass\n"
    assert (tmp_path / "precious").read_text() == "precious"
    assert (work.workspace / "tests" / "test_hidden.py").readlink() == tmp_path / "precious"


def test_what_stands_in_the_way_is_put_back(make_work: Callable[..., Any], hidden: Path) -> None:
    work = make_work(holdout="hidden")
    (work.workspace / "tests").write_text("a file where the holdout has a folder")
    before = content(work.workspace)
    with holdout(work):
        assert (work.workspace / "tests" / "test_hidden.py").is_file()
    assert content(work.workspace) == before


def test_a_folder_in_the_place_of_a_file_is_put_back(make_work: Callable[..., Any], hidden: Path) -> None:
    work = make_work(holdout="hidden")
    (work.workspace / "tests" / "test_hidden.py").mkdir(parents=True)
    (work.workspace / "tests" / "test_hidden.py" / "x").write_text("x")
    before = content(work.workspace)
    with holdout(work):
        assert (work.workspace / "tests" / "test_hidden.py").is_file()
    assert content(work.workspace) == before


def test_checks_may_destroy_what_was_laid(make_work: Callable[..., Any], hidden: Path) -> None:
    import shutil

    work = make_work(holdout="hidden")
    (work.workspace / "keep").write_text("x")
    with holdout(work):
        shutil.rmtree(work.workspace / "tests")
    assert content(work.workspace) == {"keep": "x"}


def test_the_workspace_is_cleared_when_grading_fails(make_work: Callable[..., Any], hidden: Path) -> None:
    work = make_work(holdout="hidden")
    with pytest.raises(KeyboardInterrupt), holdout(work):
        raise KeyboardInterrupt
    assert content(work.workspace) == {}


def test_a_holdout_that_is_missing_is_a_fault_of_the_grading(make_work: Callable[..., Any]) -> None:
    with pytest.raises(GradingError, match=r"the holdout .*hidden is missing"), holdout(make_work(holdout="hidden")):
        pass


def test_without_a_holdout_nothing_happens(make_work: Callable[..., Any]) -> None:
    work = make_work()
    with holdout(work):
        assert content(work.workspace) == {}


def test_a_workspace_that_is_gone_stays_gone(make_work: Callable[..., Any], hidden: Path) -> None:
    work = make_work(holdout="hidden")
    work.workspace.rmdir()
    with holdout(work):
        assert not work.workspace.exists()
