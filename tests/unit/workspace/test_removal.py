"""Removal: only what the run's journal owns, only after its capture is proven, and nothing beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from pytest_parex import repository
from pytest_parex.repository import Git
from pytest_parex.workspace import Outcome, remove, rescue
from pytest_parex.workspace.roots import MARKER

from .bench import RUN_ID, Attempt, Bench

KINDS = ("worktree", "clone", "copy")


def done(bench: Bench, **experiment: object) -> Attempt:
    """An attempt whose work is captured."""
    attempt = bench.attempt(**experiment)
    attempt.create()
    attempt.settle()
    (attempt.made.path / "new.py").write_text("new\n")
    attempt.capture()
    return attempt


@pytest.mark.parametrize("kind", KINDS)
def test_a_captured_workspace_is_removed_with_its_registration_and_the_folders_made_for_it(
    bench: Bench, kind: str
) -> None:
    attempt = done(bench, workspace={"kind": kind, "branch": None if kind == "copy" else "b"})

    assert attempt.remove().outcome is Outcome.REMOVED
    assert not (bench.folder / "repo.parex").exists()
    assert repository.registrations(Path(attempt.made.start.mirror)) == {}
    assert Git(git_dir=Path(attempt.made.start.mirror))("for-each-ref", "refs/heads") == ""


def test_a_second_removal_finds_nothing(bench: Bench) -> None:
    attempt = done(bench)
    attempt.remove()

    assert attempt.remove().outcome is Outcome.MISSING


def test_siblings_and_folders_that_were_there_before_stay(bench: Bench) -> None:
    (bench.folder / "repo.parex").mkdir()
    run = bench.run(variants={"v1": {}, "v2": {}})
    sibling = bench.attempt(run, "v2")
    sibling.create()
    attempt = bench.attempt(run, "v1")
    attempt.create()
    attempt.settle()
    attempt.capture()

    assert attempt.remove().outcome is Outcome.REMOVED
    assert (sibling.made.path / "limits.py").exists()
    sibling.settle()
    sibling.capture()
    assert sibling.remove().outcome is Outcome.REMOVED
    assert list((bench.folder / "repo.parex").iterdir()) == []


def test_work_that_is_captured_nowhere_is_kept(bench: Bench) -> None:
    attempt = bench.attempt()
    attempt.create()
    attempt.settle()
    (attempt.made.path / "new.py").write_text("new\n")

    removal = attempt.remove()

    assert removal.outcome is Outcome.RETAINED_UNCAPTURED
    assert "captured nowhere" in removal.message
    assert (attempt.made.path / "new.py").exists()


@pytest.mark.parametrize("loss", ["ref", "mirror", "other commit", "unread"])
def test_a_capture_that_cannot_be_proven_is_none(bench: Bench, loss: str) -> None:
    attempt = done(bench)
    assert attempt.changes is not None
    if loss == "ref":
        Git(git_dir=Path(attempt.changes.mirror))("update-ref", "-d", attempt.changes.ref)
    elif loss == "mirror":
        shutil.rmtree(attempt.changes.mirror)
    elif loss == "other commit":
        attempt.changes = attempt.changes.model_copy(update={"commit": "1" * 40})
    else:
        attempt.changes = attempt.changes.model_copy(update={"left_out": ("secret",)})

    assert attempt.remove().outcome is Outcome.RETAINED_UNCAPTURED
    assert (attempt.made.path / "new.py").exists()


def test_the_workspace_of_a_later_attempt_is_not_removed_with_an_earlier_result(bench: Bench) -> None:
    first = done(bench)
    second = bench.attempt(first.run)
    second.create()

    removal = first.remove()

    assert removal.outcome is Outcome.RETAINED_UNCAPTURED
    assert "attempt 2" in removal.message
    assert second.made.path.exists()


@pytest.mark.parametrize("how", ["exchanged", "link", "file", "adopted by another repository"])
def test_a_folder_that_is_not_the_one_in_the_journal_is_left_alone(bench: Bench, how: str) -> None:
    attempt = done(bench)
    path = attempt.made.path
    if how == "adopted by another repository":
        (path / ".git").write_text(f"gitdir: {bench.project.path}/.git/worktrees/mine\n")
    else:
        path.rename(bench.folder / "moved")
        if how == "link":
            path.symlink_to(bench.folder / "moved")
        elif how == "file":
            path.write_text("precious")
        else:
            path.mkdir()
            (path / "precious").write_text("precious")

    removal = attempt.remove()

    assert removal.outcome is Outcome.RETAINED_FOREIGN
    assert os.path.lexists(path)
    assert how == "adopted by another repository" or (bench.folder / "moved" / "new.py").exists()
    assert how != "exchanged" or (path / "precious").exists()


@pytest.mark.parametrize("what", ["root", ".trash"])
def test_links_that_a_variant_has_put_above_its_workspace_lead_nowhere(bench: Bench, what: str) -> None:
    attempt = done(bench)
    precious = bench.folder / "precious"
    (precious / "v1").mkdir(parents=True)
    (precious / "v1" / "file").write_text("the user's")
    root = attempt.made.path.parent
    if what == "root":
        root.rename(bench.folder / "moved")
        root.symlink_to(precious)
    else:
        (root / ".trash").symlink_to(precious)
    removal = attempt.remove()

    assert removal.outcome is (Outcome.RETAINED_FOREIGN if what == "root" else Outcome.REMOVED)
    assert [path.name for path in precious.rglob("*")] == ["v1", "file"]


def test_a_worktree_that_somebody_has_locked_is_kept(bench: Bench) -> None:
    attempt = done(bench, workspace={"kind": "worktree"})
    mirror, path = Path(attempt.made.start.mirror), attempt.made.path
    Git(git_dir=mirror)("worktree", "unlock", path)
    Git(git_dir=mirror)("worktree", "lock", "--reason", "still reading this", path)

    removal = attempt.remove()

    assert removal.outcome is Outcome.RETAINED_LOCKED
    assert "still reading this" in removal.message
    assert (path / "new.py").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deed", ["no .git", "own .git", "no workspace", "read-only", "links", "socket"])
def test_whatever_a_variant_has_done_to_its_workspace_it_can_be_removed(bench: Bench, kind: str, deed: str) -> None:
    attempt = bench.attempt(workspace={"kind": kind})
    path = attempt.create().path
    attempt.settle()
    precious = bench.folder / "precious"
    precious.mkdir()
    (precious / "file").write_text("the user's")
    script = {
        "no .git": "rm -rf .git",
        "own .git": "rm -rf .git; git init -q; git add -A",
        "no workspace": "cd /; rm -rf $PAREX_WORKSPACE",
        "read-only": "mkdir -p a/b; touch a/b/c; chmod -R a-w .",
        "links": f"ln -s {precious} folder; ln -s {precious}/file file; ln -s . self",
        "socket": "mkfifo pipe",
    }[deed]
    subprocess.run(["sh", "-c", script], cwd=path, env=attempt.made.env, check=True)
    if deed == "no workspace":
        removal = remove(attempt.run, attempt.result())
        assert removal.outcome is Outcome.MISSING
    else:
        attempt.capture()
        assert attempt.remove().outcome is Outcome.REMOVED

    assert not path.exists()
    assert repository.registrations(Path(attempt.made.start.mirror)) == {}
    assert (precious / "file").read_text() == "the user's"


def test_removals_at_once_remove_each_workspace_once(bench: Bench) -> None:
    run = bench.run(variants={f"v{number}": {} for number in range(6)})
    attempts = [bench.attempt(run, trial.id) for trial in run.plan.trials]
    for attempt in attempts:
        attempt.create()
        attempt.settle()
        attempt.capture()
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda a=a: outcomes.append(a.remove().outcome)) for a in attempts for _ in (1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == sorted([Outcome.REMOVED, Outcome.MISSING] * 6)
    assert not (bench.folder / "repo.parex").exists()
    assert repository.registrations(Path(run.plan.bases[""].mirror)) == {}


def test_what_is_mounted_below_a_workspace_is_never_deleted(bench: Bench) -> None:
    attempt = done(bench)
    precious = bench.folder / "precious"
    precious.mkdir()
    (precious / "file").write_text("the user's")
    mount = attempt.made.path / "mounted"
    mount.mkdir()
    if subprocess.run(["mount", "--bind", precious, mount], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        removal = attempt.remove()
    finally:
        for place in (mount, *bench.folder.glob("repo.parex/*/.trash/*/*/mounted")):
            subprocess.run(["umount", place], capture_output=True, check=False)

    assert removal.outcome is Outcome.FAILED
    assert "mounted" in removal.message
    assert (precious / "file").read_text() == "the user's"


@pytest.mark.parametrize("by", ["remove", "create"])
def test_what_the_user_goes_on_doing_in_a_kept_workspace_is_captured_too(bench: Bench, by: str) -> None:
    attempt = done(bench)
    attempt.writer.finish(attempt.result())
    ended = (attempt.writer.directory / "result.json").stat().st_mtime_ns
    (attempt.made.path / "limits.py").write_text("LIMIT = 'reviewed'\n")
    assert (attempt.made.path / "limits.py").stat().st_ctime_ns > ended
    if by == "remove":
        assert attempt.remove().outcome is Outcome.REMOVED
    else:
        bench.attempt(attempt.run).create()

    assert attempt.changes is not None
    git = Git(git_dir=Path(attempt.changes.mirror))
    assert git("show", f"{attempt.changes.ref}:limits.py") == "LIMIT = 1"
    assert git("show", f"{attempt.changes.ref.removesuffix('work')}later:limits.py") == "LIMIT = 'reviewed'"


def test_an_untouched_kept_workspace_is_not_captured_again(bench: Bench) -> None:
    attempt = done(bench)
    attempt.writer.finish(attempt.result())
    attempt.remove()

    assert attempt.changes is not None
    assert Git(git_dir=Path(attempt.changes.mirror)).run("show", "refs/parex/later").exit_code
    assert "later" not in Git(git_dir=Path(attempt.changes.mirror))("for-each-ref", "--format=%(refname)")


@pytest.mark.parametrize("died", ["before capture", "while grading"])
def test_the_work_of_a_dead_process_is_rescued_as_it_was(bench: Bench, died: str) -> None:
    attempt = bench.attempt()
    attempt.create()
    attempt.settle()
    (attempt.made.path / "new.py").write_text("new\n")
    if died == "while grading":
        attempt.capture()
        (attempt.made.path / "hidden_test.py").write_text("laid over for grading\n")
    rescued = rescue(attempt.run.plan, attempt.trial, 1)

    assert rescued is not None
    assert [change.path for change in rescued.files] == ["new.py"]
    attempt.changes = rescued
    assert attempt.remove().outcome is Outcome.REMOVED


def test_there_is_nothing_to_rescue_where_no_work_can_be(bench: Bench) -> None:
    attempt = bench.attempt()
    assert rescue(attempt.run.plan, attempt.trial, 1) is None
    attempt.create()
    assert rescue(attempt.run.plan, attempt.trial, 2) is None
    attempt.made.path.rename(bench.folder / "moved")
    attempt.made.path.mkdir()
    assert rescue(attempt.run.plan, attempt.trial, 1) is None


def test_a_folder_with_anything_else_in_it_outlives_the_last_workspace(bench: Bench) -> None:
    attempt = done(bench)
    (bench.folder / "repo.parex" / "notes.txt").write_text("the user's")
    attempt.remove()

    assert {path.name for path in (bench.folder / "repo.parex").iterdir()} == {"notes.txt", MARKER}
    assert not (bench.folder / "repo.parex" / RUN_ID).exists()
