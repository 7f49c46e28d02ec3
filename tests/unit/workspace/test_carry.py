"""Carrying: what the source and the spec name is copied, nothing is overwritten, and nothing leads out."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from .bench import Attempt, Bench


def carrying(bench: Bench, include: str | None = None, **settings: Any) -> Attempt:
    """An attempt in a project that ignores some files, all of which exist in the user's checkout."""
    bench.project.write({".gitignore": ".env*\n*.local\nbuild/\n.venv/\nnode_modules/\n"})
    if include is not None:
        bench.project.write({".worktreeinclude": include})
    bench.project.commit()
    bench.project.write(
        {
            ".env": "SECRET=hunter2\n",
            "settings.local": "color = blue\n",
            "sub/settings.local": "size = 3\n",
            "build/out.bin": "built\n",
            "notes.txt": "untracked, not ignored\n",
        }
    )
    return bench.attempt(dirty="head", **{"workspace": {"kind": "clone"}, **settings})


def carried(attempt: Attempt) -> dict[str, list[Any]]:
    events = attempt.run.events(attempt.trial.id, attempt.writer.number)
    return {file[0]: file[1:] for event in events if event.name == "carried" for file in event.data["files"]}


def test_files_that_are_both_ignored_and_named_by_the_source_are_carried(bench: Bench) -> None:
    attempt = carrying(bench, include="# comment\n*.local\n!sub/settings.local\nnotes.txt\nlimits.py\n/build/\n")
    path = attempt.create().path

    assert sorted(carried(attempt)) == ["build/out.bin", "settings.local"]
    assert (path / "settings.local").read_text() == "color = blue\n"
    assert (path / "build/out.bin").read_text() == "built\n"
    assert not (path / "notes.txt").exists()


def test_what_the_spec_names_is_carried_besides(bench: Bench) -> None:
    attempt = carrying(
        bench, include="build/\n", workspace={"kind": "worktree", "carry": ["/settings.local", "notes.txt"]}
    )
    attempt.create()

    assert sorted(carried(attempt)) == ["build/out.bin", "notes.txt", "settings.local"]


def test_the_journal_tells_size_and_digest_but_of_secrets_only_the_name(bench: Bench) -> None:
    attempt = carrying(bench, workspace={"carry": [".env", "/settings.local"]})
    attempt.create()

    assert carried(attempt) == {
        ".env": [None, None],
        "settings.local": [13, hashlib.sha256(b"color = blue\n").hexdigest()[:12]],
    }
    assert "hunter2" not in (attempt.writer.directory / "events.jsonl").read_text()


def test_tracked_files_are_never_overwritten(bench: Bench) -> None:
    attempt = carrying(bench, workspace={"carry": ["limits.py", "*.md"]})
    bench.project.write({"limits.py": "LIMIT = 'changed by the user'\n"})
    path = attempt.create().path

    assert (path / "limits.py").read_text() == "LIMIT = 1\n"
    assert carried(attempt) == {}


def test_what_was_laid_over_is_not_overwritten_either(bench: Bench) -> None:
    attempt = carrying(
        bench, workspace={"carry": ["settings.local"]}, variants={"v1": {"files": {"settings.local": "over.txt"}}}
    )
    bench.project.write({"over.txt": "laid\n"})
    path = attempt.create().path

    assert (path / "settings.local").read_text() == "laid\n"
    assert sorted(carried(attempt)) == ["sub/settings.local"]


def test_a_copy_is_a_copy_with_its_mode_and_time(bench: Bench) -> None:
    attempt = carrying(bench, workspace={"carry": ["settings.local"]})
    original = bench.project.path / "settings.local"
    original.chmod(0o640)
    os.utime(original, (1_000_000_000, 1_000_000_000))
    path = attempt.create().path / "settings.local"
    path.write_text("changed by the variant\n")

    assert original.read_text() == "color = blue\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_ino != original.stat().st_ino


def test_virtual_environments_other_worktrees_and_special_files_stay_behind(bench: Bench) -> None:
    attempt = carrying(bench, workspace={"carry": ["*"]})
    root = bench.project.path
    bench.project.write({".venv/lib/x.py": "x", "env/pyvenv.cfg": "home = /usr\n", "env/lib/y.py": "y"})
    bench.project.git("worktree", "add", "--quiet", "--detach", "other")
    (root / "other" / "found.txt").write_text("another worktree's")
    os.mkfifo(root / "pipe.local")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(root / "s.local"))
    path = attempt.create().path
    listening.close()

    assert not any((path / name).exists() for name in (".venv", "env", "other", "pipe.local", "s.local"))
    assert (path / "settings.local").exists()


def test_links_that_lead_out_of_the_checkout_stay_behind(bench: Bench) -> None:
    attempt = carrying(bench, workspace={"carry": ["*.local"]})
    root = bench.project.path
    (bench.folder / "outside").write_text("the user's")
    (root / "absolute.local").symlink_to(root / "settings.local")
    (root / "escaping.local").symlink_to("../outside")
    (root / "inside.local").symlink_to("settings.local")
    path = attempt.create().path

    assert (path / "inside.local").readlink() == Path("settings.local")
    assert not os.path.lexists(path / "absolute.local")
    assert not os.path.lexists(path / "escaping.local")


def test_nothing_is_carried_through_a_folder_that_leads_out_of_the_workspace(bench: Bench) -> None:
    (bench.folder / "outside").mkdir()
    (bench.project.path / "sub").symlink_to(bench.folder / "outside")
    bench.project.commit()
    base = bench.project.commit()
    (bench.project.path / "sub").unlink()
    attempt = carrying(bench, base=base, workspace={"carry": ["*.local"]})
    attempt.create()

    assert list((bench.folder / "outside").iterdir()) == []
    assert any("leads out of the workspace" in note for note in attempt.notes())


def test_stored_runs_and_the_holdout_are_never_carried(bench: Bench) -> None:
    attempt = carrying(bench, holdout="hidden", workspace={"carry": ["*.txt"]})
    bench.project.write({"hidden/answers.txt": "42"})
    runs = bench.project.path / "runs-of-parex"
    plan = attempt.run.plan.model_copy(update={"directory": str(runs / "limiter" / attempt.run.plan.run)})
    bench.project.write({"runs-of-parex/limiter/other/found.txt": "an earlier answer"})
    path = Attempt(type(attempt.run)(plan, attempt.run.directory), attempt.trial, bench.environ).create().path

    assert (path / "notes.txt").exists()
    assert not (path / "hidden").exists()
    assert not (path / "runs-of-parex").exists()


def test_a_pattern_that_finds_nothing_is_said(bench: Bench) -> None:
    attempt = carrying(bench, workspace={"carry": [".envrc"]})
    attempt.create()

    assert attempt.notes() == ["workspace.carry: nothing to carry for .envrc"]


def test_a_plain_directory_can_carry_what_its_own_rules_ignore(bench: Bench) -> None:
    folder = bench.folder / "plain"
    folder.mkdir()
    (folder / ".gitignore").write_text("*.local\n")
    (folder / ".worktreeinclude").write_text("*.local\n")
    (folder / "a.txt").write_text("a")
    (folder / "b.local").write_text("b")
    attempt = bench.attempt(source=str(folder))
    path = attempt.create().path

    assert (path / "b.local").read_text() == "b"
    assert sorted(carried(attempt)) == ["b.local"]


@pytest.mark.parametrize("pattern", ["--exclude-standard", "-x", "!*", "\\", "[", "**"])
def test_odd_patterns_are_patterns_and_nothing_else(bench: Bench, pattern: str) -> None:
    attempt = carrying(bench, workspace={"carry": [pattern]})
    attempt.create()

    assert attempt.states()[-1] == "ready"
