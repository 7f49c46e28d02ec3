from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_parex
from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import (
    Git,
    clone,
    create_branch,
    populate,
    register_worktree,
    registrations,
    remove_registration,
)

CREATE = """
import sys
from pathlib import Path
from pytest_parex.model import Base
from pytest_parex.repository import Git, populate, register_worktree
base, folder = Base.model_validate_json(sys.argv[1]), Path(sys.argv[2])
sys.stdin.readline()
for number in range(8):
    name = f"w{sys.argv[3]}-{number}"
    git_dir = register_worktree(base, folder / name, name=name, reason="parex test")
    populate(folder / name, base, git_dir)
    assert Git(folder / name)("rev-parse", "HEAD") == base.commit
    assert Git(folder / name)("status", "--porcelain") == ""
    Git(folder / name)("checkout", "--quiet", "-b", f"branch-{name}")
print("done")
"""


def test_64_worktrees_are_made_by_8_processes_at_once_and_none_fails(lab):
    base = lab.pin(lab.repository({f"{number}.txt": str(number) for number in range(20)}))
    environment = {**os.environ, "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1])}
    arguments = [sys.executable, "-c", CREATE, base.model_dump_json(), str(lab.folder / "workspaces")]
    started = [
        subprocess.Popen(
            [*arguments, str(number)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(8)
    ]

    answers = [process.communicate("go\n", timeout=300)[0] for process in started]

    assert answers == ["done\n"] * 8
    assert len(registrations(Path(base.mirror))) == 64


def test_a_worktree_is_on_its_start_and_finds_nothing_else(lab):
    repo = lab.repository()
    Git(repo)("remote", "add", "origin", "https://example.org/x.git")
    Git(repo)("branch", "other")
    Git(repo)("tag", "v1")
    opened = lab.open(lab.pin(repo))

    assert opened.git("rev-parse", "HEAD") == opened.start.commit
    assert opened.git("status", "--porcelain", "--branch") == "## HEAD (no branch)"
    assert opened.git("remote") == ""
    assert opened.git("branch", "--list", "--all").count("\n") == 0
    assert opened.git("tag") == ""


def test_a_registration_outlives_what_variants_do_to_the_register(lab):
    base = lab.pin(lab.repository())
    one, other = lab.open(base, "one"), lab.open(base, "other")
    other.path.rename(lab.folder / "aside")

    one.git("worktree", "prune", "--expire=now")
    one.git("gc", "--quiet", "--prune=now")

    (lab.folder / "aside").rename(other.path)
    assert set(registrations(Path(base.mirror))) == {"one", "other"}
    assert other.git("status", "--porcelain") == ""


def test_a_worktree_at_a_path_that_is_taken_is_refused_and_leaves_nothing(lab):
    base = lab.pin(lab.repository())
    path = lab.folder / "taken"
    path.mkdir()
    (path / "precious").write_text("x")

    with pytest.raises(WorkspaceError, match="exists already and is not an empty folder: it is left alone"):
        register_worktree(base, path, name="w", reason="parex test")

    assert registrations(Path(base.mirror)) == {}
    assert [file.name for file in path.iterdir()] == ["precious"]


def test_a_link_at_the_path_is_not_followed(lab):
    base = lab.pin(lab.repository())
    (lab.folder / "elsewhere").mkdir()
    (lab.folder / "link").symlink_to(lab.folder / "elsewhere")

    with pytest.raises(WorkspaceError, match="left alone"):
        register_worktree(base, lab.folder / "link", name="w", reason="parex test")
    assert not list((lab.folder / "elsewhere").iterdir())


def test_a_name_that_is_taken_is_refused_and_leaves_nothing(lab):
    base = lab.pin(lab.repository())
    first = lab.open(base, "w")

    with pytest.raises(WorkspaceError, match=f"'w' is registered .* for {first.path}"):
        register_worktree(base, lab.folder / "second", name="w", reason="parex test")

    assert registrations(Path(base.mirror)) == {"w": first.path}
    assert not (lab.folder / "second").exists()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "-x", "new\nline"])
def test_names_that_would_lead_elsewhere_are_refused(lab, name):
    base = lab.pin(lab.repository())

    with pytest.raises(WorkspaceError, match="cannot name a worktree"):
        register_worktree(base, lab.folder / "w", name=name, reason="parex test")


def test_one_registration_is_removed_and_no_other(lab):
    base = lab.pin(lab.repository())
    one, other = lab.open(base, "one"), lab.open(base, "other")
    gone = lab.open(base, "gone")
    gone.path.rename(lab.folder / "moved")

    assert remove_registration(base, "one") is True
    assert remove_registration(base, "one") is False

    assert set(registrations(Path(base.mirror))) == {"other", "gone"}
    assert (one.path / "a.py").exists()
    assert other.git("status", "--porcelain") == ""


def test_a_branch_is_made_on_the_start_and_checked_out(lab):
    for kind in ("worktree", "clone"):
        opened = lab.open(lab.pin(lab.repository(name=kind)), kind, kind)
        create_branch(opened.start, opened.git_dir, "exp/trial-1")

        assert opened.git("status", "--porcelain", "--branch") == "## exp/trial-1"
        assert opened.git("rev-parse", "exp/trial-1") == opened.start.commit


@pytest.mark.parametrize("name", ["a..b", "-x", "a b", "", "x.lock", "@{-1}"])
def test_a_branch_name_that_git_forbids_is_refused(lab, name):
    opened = lab.open(lab.pin(lab.repository()))

    with pytest.raises(WorkspaceError, match=r"workspace.branch: .* is no name that git allows"):
        create_branch(opened.start, opened.git_dir, name)
    assert opened.git("for-each-ref", "refs/heads") == ""
    assert opened.git.run("symbolic-ref", "--quiet", "HEAD").exit_code


def test_a_branch_that_a_sibling_has_is_refused_and_stays_with_the_sibling(lab):
    base = lab.pin(lab.repository())
    one, other = lab.open(base, "one"), lab.open(base, "other")
    create_branch(base, one.git_dir, "same")

    with pytest.raises(WorkspaceError, match=r"the name must differ for each trial"):
        create_branch(base, other.git_dir, "same")

    assert one.git("symbolic-ref", "HEAD") == "refs/heads/same"
    assert other.git.run("symbolic-ref", "HEAD").exit_code


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_only_the_folders_that_are_asked_for_are_written(lab, kind):
    base = lab.pin(lab.repository({"top": "t", "src/a/x": "x", "src/y": "y", "docs/z": "z", "tests/deep/er/q": "q"}))
    path = lab.folder / "w"
    if kind == "worktree":
        git_dir = register_worktree(base, path, name="w", reason="parex test")
    else:
        git_dir = clone(base, path)[0]

    populate(path, base, git_dir, sparse=["src/a/", "tests/deep/"])

    present = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
    assert [name for name in present if not name.startswith(".git")] == ["src/a/x", "src/y", "tests/deep/er/q", "top"]
    assert Git(path)("status", "--porcelain") == ""


def test_a_clone_shares_nothing_and_remembers_nothing(lab):
    repo = lab.repository()
    old = Git(repo)("rev-parse", "HEAD")
    Git(repo)("tag", "v1")
    Git(repo)("checkout", "--quiet", "-b", "answers")
    answer = lab.commit(repo, {"answer": "42"})
    Git(repo)("checkout", "--quiet", "main")
    base = lab.pin(repo)
    one, other = lab.open(base, "one", "clone"), lab.open(base, "other", "clone")

    assert one.git("for-each-ref") == ""
    assert one.git("remote") == ""
    assert one.git("log", "--format=%H", "--all", "HEAD") == old
    assert one.git.run("cat-file", "-e", answer).exit_code
    one.git("config", "core.x", "y")
    one.git("checkout", "--quiet", "-b", "feature")
    other.git("checkout", "--quiet", "-b", "feature")
    one.write({"a.py": "stash me"})
    one.git("stash")
    one.git("gc", "--quiet", "--prune=now")
    assert other.git("stash", "list") == ""
    assert other.git.run("config", "core.x").exit_code
    assert other.git("fsck", "--full") == ""
    assert Git(git_dir=Path(base.mirror))("fsck", "--full") == ""


def test_a_clone_holds_no_work_of_siblings(lab):
    base = lab.pin(lab.repository())
    done = lab.open(base, "done", "clone")
    done.write({"solution.py": "42"})
    captured = lab.capture(done)

    later = lab.open(base, "later", "clone")

    assert later.git.run("cat-file", "-e", captured.commit).exit_code


def test_a_clone_on_another_file_system_is_a_copy_and_says_so(lab):
    elsewhere = Path("/dev/shm")
    if not os.access(elsewhere, os.W_OK) or elsewhere.stat().st_dev == lab.folder.stat().st_dev:
        pytest.skip("this machine has no second file system that can be written")
    path = elsewhere / f"parex-{os.getpid()}-clone"
    base = lab.pin(lab.repository())
    try:
        git_dir, notices = clone(base, path)
        populate(path, base, git_dir)

        assert Git(path)("status", "--porcelain") == ""
        assert "another file system" in notices[0]
    finally:
        subprocess.run(["rm", "-rf", path], check=True)


def test_no_hook_of_the_user_runs_when_a_workspace_is_made(lab, home):
    hooks = home / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {home}/ran\nexit 7\n")
        (hooks / name).chmod(0o755)
    with (home / ".gitconfig").open("a") as config:
        config.write(f"[core]\n\thooksPath = {hooks}\n")
    base = lab.pin(lab.repository())

    for kind in ("worktree", "clone"):
        opened = lab.open(base, kind, kind)
        create_branch(base, opened.git_dir, "b")

    assert not (home / "ran").exists()


def test_settings_that_a_sibling_changed_do_not_reach_a_new_worktree(lab):
    repo = lab.repository({"a.txt": "a", ".gitattributes": "*.txt filter=evil\n"})
    base = lab.pin(repo)
    first = lab.open(base, "first")
    first.git("config", "filter.evil.smudge", f"touch {lab.folder}/ran")
    first.git("config", "core.bare", "true")
    first.git("config", "extensions.unknown", "1")
    hook = Path(base.mirror) / "hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {lab.folder}/ran\n")
    hook.chmod(0o755)

    second = lab.open(base, "second")

    assert (second.path / "a.txt").read_text() == "a"
    second.git("checkout", "--quiet", "-b", "x")
    assert not (lab.folder / "ran").exists()


def test_the_lock_is_held_by_one_process_at_a_time_and_by_none_that_was_killed(lab):
    base = lab.pin(lab.repository())
    counter = lab.folder / "counter"
    counter.write_text("0")
    count = (
        "import os, sys\nfrom pathlib import Path\nfrom pytest_parex.repository import lock\n"
        "mirror, counter = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "for _ in range(50):\n    with lock(mirror):\n        counter.write_text(str(int(counter.read_text()) + 1))\n"
        "lock(mirror).__enter__()\nos.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1])}
    command = [sys.executable, "-c", count, base.mirror, str(counter)]

    started = [subprocess.Popen(command, env=environment) for _ in range(3)]

    assert [process.wait(timeout=120) for process in started] == [-9] * 3
    assert counter.read_text() == "150"
