"""Overlays: they replace what is there, and never lead out of the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.workspace.overlay import lay


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    folder = tmp_path / "spec"
    (folder / "v2" / "commands").mkdir(parents=True)
    (folder / "v2" / "commands" / "go.md").write_text("go")
    (folder / "v2" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "v2" / "run.sh").chmod(0o755)
    (folder / "one.md").write_text("one")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "workspace"
    path.mkdir()
    return path


def test_a_folders_contents_are_laid_over_what_is_there(beside: Path, workspace: Path) -> None:
    (workspace / ".claude" / "commands").mkdir(parents=True)
    (workspace / ".claude" / "commands" / "go.md").write_text("tracked")
    (workspace / ".claude" / "commands" / "stay.md").write_text("stays")

    lay({".claude/": "v2/"}, beside, workspace)

    assert (workspace / ".claude/commands/go.md").read_text() == "go"
    assert (workspace / ".claude/commands/stay.md").read_text() == "stays"
    assert os.access(workspace / ".claude/run.sh", os.X_OK)


def test_a_file_goes_under_the_given_name_or_with_a_slash_into_the_folder(beside: Path, workspace: Path) -> None:
    lay({"docs/plan.md": "one.md", "notes/": "one.md"}, beside, workspace)

    assert (workspace / "docs/plan.md").read_text() == "one"
    assert (workspace / "notes/one.md").read_text() == "one"


@pytest.mark.parametrize("target", ["../escaped.md", "/escaped.md", "a/../../escaped.md", "linked/escaped.md"])
def test_nothing_is_laid_outside_of_the_workspace(beside: Path, workspace: Path, tmp_path: Path, target: str) -> None:
    (workspace / "linked").symlink_to(tmp_path)

    with pytest.raises(WorkspaceError, match="outside of the workspace"):
        lay({target: "one.md"}, beside, workspace)

    assert not (tmp_path / "escaped.md").exists()
    assert not Path("/escaped.md").exists()


def test_a_tracked_link_is_replaced_and_not_written_through(beside: Path, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("the user's")
    (workspace / "plan.md").symlink_to(tmp_path / "precious")

    lay({"plan.md": "one.md"}, beside, workspace)

    assert (tmp_path / "precious").read_text() == "the user's"
    assert (workspace / "plan.md").read_text() == "one"


@pytest.mark.parametrize("target", [".git/hooks/post-checkout", "sub/.GIT/config"])
def test_the_repositorys_own_folder_cannot_be_laid_over(beside: Path, workspace: Path, target: str) -> None:
    with pytest.raises(WorkspaceError, match="leave it out"):
        lay({target: "one.md"}, beside, workspace)


def test_a_link_inside_of_the_overlay_stays_a_link_and_one_that_leads_out_is_refused(
    beside: Path, workspace: Path
) -> None:
    (beside / "v2" / "latest.md").symlink_to("commands/go.md")
    lay({"over/": "v2"}, beside, workspace)
    assert (workspace / "over/latest.md").readlink() == Path("commands/go.md")

    (beside / "v2" / "out").symlink_to(beside / "one.md")
    with pytest.raises(WorkspaceError, match="leads out of"):
        lay({"over/": "v2"}, beside, workspace)


def test_what_cannot_be_laid_says_which_file_and_why(beside: Path, workspace: Path) -> None:
    (workspace / "taken").mkdir()
    os.mkfifo(beside / "v2" / "pipe")

    with pytest.raises(WorkspaceError, match="missing is neither a file nor a folder"):
        lay({"x": "missing"}, beside, workspace)
    with pytest.raises(WorkspaceError, match="a folder is there already"):
        lay({"taken": "one.md"}, beside, workspace)
    with pytest.raises(WorkspaceError, match="pipe is not a regular file"):
        lay({"over": "v2"}, beside, workspace)
