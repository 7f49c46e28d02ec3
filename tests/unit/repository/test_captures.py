from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_parex.repository import Git, capture, captures, populate, register_worktree

KINDS = pytest.mark.parametrize("kind", ["worktree", "clone"])


@KINDS
def test_an_untouched_workspace_is_captured_as_its_start(lab, kind):
    opened = lab.open(lab.pin(lab.repository()), kind=kind)

    changes = lab.capture(opened)

    assert (changes.commit, changes.files, changes.left_out) == (opened.start.commit, (), ())
    assert lab.patch == b""
    assert Git(git_dir=Path(changes.mirror))("rev-parse", changes.ref) == changes.commit


@KINDS
def test_committed_staged_unstaged_and_untracked_work_is_captured(lab, kind):
    opened = lab.open(lab.pin(lab.repository({"a": "1\n", "b": "1\n", "c": "1\n", "d": "1\n"})), kind=kind)
    opened.write({"a": "committed\n"})
    head = lab.commit(opened.path)
    opened.write({"b": "staged\n", "c": "unstaged\n", "new": "untracked\n"})
    opened.git("add", "b")
    (opened.path / "d").unlink()

    changes = lab.capture(opened)

    assert lab.statuses(changes) == {"a": "modified", "b": "modified", "c": "modified", "d": "deleted", "new": "added"}
    assert [lab.content(changes, path) for path in ("a", "b", "c", "new")] == [
        "committed",
        "staged",
        "unstaged",
        "untracked",
    ]
    assert Git(git_dir=Path(changes.mirror))("rev-parse", f"{changes.commit}^") == head


@KINDS
def test_work_that_was_all_committed_is_captured_as_the_variants_own_commit(lab, kind):
    opened = lab.open(lab.pin(lab.repository()), kind=kind)
    head = lab.commit(opened.path, {"a.py": "2\n"})

    changes = lab.capture(opened)

    assert changes.commit == head
    assert lab.statuses(changes) == {"a.py": "modified"}
    assert Git(git_dir=Path(changes.mirror))("fsck", "--full") == ""


def test_work_that_was_committed_and_then_taken_back_shows_no_change(lab):
    opened = lab.open(lab.pin(lab.repository()))
    lab.commit(opened.path, {"new": "x"})
    opened.git("rm", "--quiet", "new")
    head = lab.commit(opened.path)

    changes = lab.capture(opened)

    assert (changes.commit, changes.files) == (head, ())
    assert lab.patch == b""


def test_captured_work_outlives_the_workspace_and_its_registration(lab):
    opened = lab.open(lab.pin(lab.repository()), kind="clone")
    lab.commit(opened.path, {"a.py": "2\n"})
    opened.write({"new": "x"})
    changes = lab.capture(opened)

    opened.path.rename(lab.folder / "trash")

    assert lab.content(changes, "new") == "x"
    git = Git(git_dir=Path(changes.mirror))
    assert git("fsck", "--full") == ""
    assert git("log", "--format=%s", changes.commit).splitlines() == [
        "work captured as refs/parex/run/trial/1",
        "state",
        "state",
    ]


def test_the_patch_makes_the_captured_state_from_the_base(lab):
    repo = lab.repository(
        {"text": "one\ntwo\nthree\n", "old": "same\n" * 9, "tool": "#!/bin/sh\n", "gone": "g\n", "with space": "s\n"}
    )
    (repo / "binary").write_bytes(bytes(range(256)) * 9)
    lab.commit(repo)
    base = lab.pin(repo)
    opened = lab.open(base, "w")
    opened.write({"text": "one\n2\nthree\n", "no newline": "x", "crlf": "a\r\nb\r\n", "café": "é"})
    (opened.path / "old").rename(opened.path / "new")
    (opened.path / "tool").chmod(0o755)
    (opened.path / "gone").unlink()
    (opened.path / "binary").write_bytes(bytes(range(255, -1, -1)) * 9)
    (opened.path / "empty").touch()
    (opened.path / "two\nlines").write_text("x")
    (opened.path / os.fsdecode(b"latin-\xe9")).write_text("x")
    (opened.path / "link").symlink_to("/etc/passwd")

    changes = lab.capture(opened)

    fresh = lab.open(base, "fresh")
    fresh.git("apply", "--index", lab.attempt / "changes.patch")
    assert fresh.git("write-tree") == Git(git_dir=Path(changes.mirror))("rev-parse", f"{changes.commit}^{{tree}}")
    assert lab.statuses(changes)["latin-\\xe9"] == "added"


def test_what_has_changed_is_counted_in_lines_and_told_by_kind(lab):
    repo = lab.repository({"a": "1\n2\n3\n", "old": "same\n" * 20, "file": "f", "mode": "m"})
    opened = lab.open(lab.pin(repo))
    opened.write({"a": "1\ntwo\n3\n4\n", "new": "x\n"})
    (opened.path / "old").rename(opened.path / "moved")
    (opened.path / "file").unlink()
    (opened.path / "file").symlink_to("a")
    (opened.path / "mode").chmod(0o755)
    (opened.path / "data").write_bytes(b"\0\1\2")

    found = {
        change.path: (change.status, change.old_path, change.lines_added, change.lines_removed)
        for change in lab.capture(opened).files
    }

    assert found == {
        "a": ("modified", None, 2, 1),
        "new": ("added", None, 1, 0),
        "moved": ("renamed", "old", 0, 0),
        "file": ("type changed", None, 1, 1),
        "mode": ("modified", None, 0, 0),
        "data": ("added", None, None, None),
    }


def test_what_the_user_prefers_in_diffs_does_not_matter(lab, home):
    with (home / ".gitconfig").open("a") as config:
        config.write(
            "[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n\texternal = false\n\trenames = false\n\tcontext = 0\n"
            "[color]\n\tui = always\n[core]\n\tpager = false\n\tquotePath = true\n[apply]\n\twhitespace = error\n"
        )
    base = lab.pin(lab.repository())
    opened = lab.open(base)
    opened.write({"a.py": "changed  \n"})
    (opened.path / "src" / "b.py").rename(opened.path / "c.py")

    assert lab.statuses(lab.capture(opened)) == {"a.py": "modified", "c.py": "renamed"}
    assert b"--- a/a.py\n+++ b/a.py\n" in lab.patch
    assert b"\x1b" not in lab.patch


def test_ignored_files_are_no_work_unless_the_variant_adds_them_by_force(lab):
    for kind in ("worktree", "clone"):
        opened = lab.open(lab.pin(lab.repository(name=kind)), kind, kind)
        opened.write({"ignored.log": "x", "staged.log": "x", "committed.log": "x", "kept/deep.log": "x"})
        opened.git("add", "--force", "committed.log")
        opened.git("commit", "--quiet", "--message=x")
        opened.git("add", "--force", "staged.log", "kept/deep.log")

        changes = lab.capture(opened, f"refs/parex/run/{kind}/1")

        assert set(lab.statuses(changes)) == {"staged.log", "committed.log", "kept/deep.log"}


@KINDS
def test_a_nested_repository_is_captured_as_files(lab, kind):
    opened = lab.open(lab.pin(lab.repository()), kind=kind)
    for name in ("vendor/full", "empty", "outer"):
        folder = opened.path / name
        folder.mkdir(parents=True)
        Git(folder)("init", "--quiet")
        (folder / "file").write_text(name)
        (folder / ".gitignore").write_text("*.tmp\n")
        (folder / "x.tmp").touch()
    lab.commit(opened.path / "vendor" / "full")
    (opened.path / "outer" / "inner").mkdir()
    Git(opened.path / "outer" / "inner")("init", "--quiet")
    (opened.path / "outer" / "inner" / "deep").write_text("deep")
    lab.commit(opened.path / "outer" / "inner")
    opened.write({"plain": "x"})

    changes = lab.capture(opened)

    expected = {f"{name}/{file}" for name in ("vendor/full", "empty", "outer") for file in ("file", ".gitignore")}
    assert set(lab.statuses(changes)) == expected | {"outer/inner/deep", "plain"}
    assert lab.content(changes, "outer/inner/deep") == "deep"


def test_a_nested_repository_that_the_variant_committed_is_captured_as_files(lab):
    opened = lab.open(lab.pin(lab.repository()))
    lab.repository({"file": "x"}, name="workspaces/w/nested")
    lab.commit(opened.path)

    changes = lab.capture(opened)

    assert lab.statuses(changes) == {"nested/file": "added"}


def test_a_nested_repository_in_an_ignored_folder_is_ignored(lab):
    opened = lab.open(lab.pin(lab.repository({".gitignore": "node_modules/\n"})))
    lab.repository({"file": "x"}, name="workspaces/w/node_modules/thing")
    lab.repository({"file": "x"}, name="workspaces/w/visible")

    assert set(lab.statuses(lab.capture(opened))) == {"visible/file"}


def test_a_repository_around_tracked_files_hides_no_change(lab):
    opened = lab.open(lab.pin(lab.repository()))
    Git(opened.path / "src")("init", "--quiet")
    opened.write({"src/b.py": "changed\n", "src/new.py": "x\n"})
    lab.commit(opened.path / "src")

    assert lab.statuses(lab.capture(opened)) == {"src/b.py": "modified", "src/new.py": "added"}


def test_capturing_again_overwrites_the_ref(lab):
    opened = lab.open(lab.pin(lab.repository()))
    opened.write({"a.py": "2\n"})
    first = lab.capture(opened)
    opened.write({"a.py": "3\n"})
    second = lab.capture(opened)

    assert Git(git_dir=Path(second.mirror))("rev-parse", second.ref) == second.commit != first.commit


def test_work_of_a_variant_that_starts_elsewhere_is_compared_with_the_base(lab):
    repo = lab.repository()
    Git(repo)("checkout", "--quiet", "-b", "feature-12")
    lab.commit(repo, {"feature.py": "x\n"})
    Git(repo)("checkout", "--quiet", "main")
    lab.commit(repo, {"main.py": "y\n"})
    base, start = lab.pin(repo), lab.pin(repo, "feature-12")

    opened = lab.open(start, base=base)
    untouched = lab.capture(opened)
    lab.commit(opened.path, {"more.py": "z\n"})
    opened.write({"rest.py": "z\n"})
    worked = lab.capture(opened)

    assert lab.statuses(untouched) == {"feature.py": "added", "main.py": "deleted"}
    assert untouched.commit == start.commit
    assert lab.statuses(worked) == {
        "feature.py": "added",
        "main.py": "deleted",
        "more.py": "added",
        "rest.py": "added",
    }
    assert worked.mirror == str(captures(Path(base.mirror)))
    assert Git(git_dir=Path(worked.mirror))("fsck", "--full", "--no-dangling") == ""


def test_files_outside_of_the_sparse_folders_are_not_taken_for_deleted(lab):
    base = lab.pin(lab.repository({"top": "t", "src/x": "x", "docs/y": "y"}))
    path = lab.folder / "workspaces" / "w"
    git_dir = register_worktree(base, path, name="w", reason="parex test")
    populate(path, base, git_dir, sparse=["src"])
    opened = type(lab.open(base, "other"))(path, git_dir, base, base)
    opened.write({"src/x": "changed", "docs/new": "n"})

    assert lab.statuses(lab.capture(opened)) == {"src/x": "modified", "docs/new": "added"}
    for remembered in (lab.sources / "indexes").iterdir():
        remembered.unlink()
    assert lab.statuses(lab.capture(opened)) == {"src/x": "modified", "docs/new": "added"}


def test_files_that_look_untouched_are_not_read_again(lab, home):
    with (home / ".gitconfig").open("a") as config:
        config.write("[core]\n\ttrustCtime = false\n")
    opened = lab.open(lab.pin(lab.repository({"file": "one"})))
    (index,) = (lab.sources / "indexes").iterdir()
    os.utime(index, (index.stat().st_mtime + 1,) * 2)  # well after the files, so that git need not doubt them
    file = opened.path / "file"
    before = file.stat()

    # Only reading this file could tell that it is another one.
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert lab.capture(opened).files == ()
    index.unlink()
    assert lab.statuses(lab.capture(opened)) == {"file": "modified"}


def test_a_workspace_without_a_repository_is_captured(lab):
    base = lab.pin(lab.repository())
    path = lab.folder / "copy"
    path.mkdir()
    populate(path, base, None)
    (path / "new").write_text("x")
    lab.attempt.mkdir()

    changes = capture(
        path, start=base, base=base, git_dir=None, ref="refs/parex/run/t/1", attempt_directory=lab.attempt
    )

    assert lab.statuses(changes) == {"new": "added"}
    assert sorted(file.name for file in lab.attempt.iterdir()) == ["changes.patch"]


def test_nobody_has_to_have_told_git_a_name(lab, home):
    base = lab.pin(lab.repository())
    (home / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    opened = lab.open(base)
    opened.write({"a.py": "2\n"})

    changes = lab.capture(opened)

    shown = Git(git_dir=Path(changes.mirror))("show", "--no-patch", "--format=%an <%ae>", changes.commit)
    assert shown == "parex <parex@localhost>"


def test_equal_work_gives_an_equal_commit(lab):
    base = lab.pin(lab.repository())
    one, other = lab.open(base, "one"), lab.open(base, "other", "clone")
    for opened in (one, other):
        opened.write({"a.py": "2\n", "new": "x"})

    assert lab.capture(one).commit == lab.capture(other).commit
