"""How many git processes an operation takes is a promise: it decides what parex costs beside the work itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.model import Experiment, Plan
from pytest_parex.repository import clone, fingerprint, populate, register_worktree, restore


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The git commands since it was last asked; a script of the same name notes them."""
    log = tmp_path / "commands"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec {shutil.which("git")} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def since() -> list[str]:
        found = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return found

    return since


def test_a_workspace_is_made_by_few_processes(lab, commands):
    base = lab.pin(lab.repository())
    commands()

    git_dir = register_worktree(base, lab.folder / "w", name="w", reason="parex test")
    populate(lab.folder / "w", base, git_dir)
    assert commands() == ["read-tree"]

    git_dir, _ = clone(base, lab.folder / "c")
    populate(lab.folder / "c", base, git_dir)
    assert commands() == ["init", "read-tree"]


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_work_is_captured_by_few_processes(lab, commands, kind):
    opened = lab.open(lab.pin(lab.repository()), kind=kind)
    commands()

    lab.capture(opened)
    assert set(commands()) <= {"add", "diff-index", "update-ref"}

    opened.write({"a.py": "2\n", "new.py": "x"})
    lab.capture(opened)
    assert commands() == ["add", "diff-index", "write-tree", "cat-file", "commit-tree", "update-ref"]


def test_protecting_what_nobody_touched_takes_few_processes(lab, commands):
    opened = lab.open(lab.pin(lab.repository()))
    commands()

    restore(opened.path, opened.base, ["src/**"])
    assert len(commands()) <= 4
    restore(opened.path, opened.base, [])
    assert commands() == []


def test_an_audit_takes_one_process(lab, commands):
    plan = Plan(
        experiment=Experiment(experiment="x", variants={"a": "do it"}),
        run="20261120-184210-3fa2",
        created="2026-11-20T18:42:10+00:00",
        spec=str(lab.folder / "spec.yaml"),
        directory=str(lab.folder / "runs" / "x" / "20261120-184210-3fa2"),
        root=str(lab.folder / "workspaces"),
        bases={"": lab.pin(lab.repository())},
        trials=(),
    )
    commands()

    fingerprint(plan)

    assert commands() == ["status"]


def test_a_base_that_is_pinned_already_is_not_fetched_again(lab, commands):
    repo = lab.repository()
    lab.pin(repo)
    commands()

    lab.pin(repo)

    assert not {"fetch", "init", "pack-objects"} & set(commands())
