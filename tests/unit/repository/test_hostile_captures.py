from __future__ import annotations

import os
import shutil
import socket
import zlib
from pathlib import Path

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import Git

KINDS = pytest.mark.parametrize("kind", ["worktree", "clone"])


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def no_git(opened, victim: Path) -> None:
    remove(opened.path / ".git")


def no_git_directory(opened, victim: Path) -> None:
    shutil.rmtree(opened.git_dir)


def foreign_git(opened, victim: Path) -> None:
    remove(opened.path / ".git")
    (opened.path / ".git").write_text(f"gitdir: {victim}/.git\n")


def linked_git(opened, victim: Path) -> None:
    remove(opened.path / ".git")
    (opened.path / ".git").symlink_to(victim / ".git")


def new_git(opened, victim: Path) -> None:
    remove(opened.path / ".git")
    opened.git("init", "--quiet")
    opened.git("add", "--all")
    opened.git("commit", "--quiet", "--message=mine alone")


def pipe_git(opened, victim: Path) -> None:
    remove(opened.path / ".git")
    os.mkfifo(opened.path / ".git")


def empty_head(opened, victim: Path) -> None:
    (opened.git_dir / "HEAD").write_text("")


def pipe_head(opened, victim: Path) -> None:
    (opened.git_dir / "HEAD").unlink()
    os.mkfifo(opened.git_dir / "HEAD")


def foreign_head(opened, victim: Path) -> None:
    (opened.git_dir / "HEAD").write_text("ref: refs/heads/../../../../../../etc/passwd\n")


def unknown_head(opened, victim: Path) -> None:
    (opened.git_dir / "HEAD").write_text("0123456789" * 4 + "\n")


def broken_index(opened, victim: Path) -> None:
    (opened.git_dir / "index").write_bytes(b"DIRC\0\0\0\2\xff\xff\xff\xff nonsense")


def pipe_index(opened, victim: Path) -> None:
    (opened.git_dir / "index").unlink()
    os.mkfifo(opened.git_dir / "index")


def locked_index(opened, victim: Path) -> None:
    (opened.git_dir / "index.lock").touch()


def hidden_changes(opened, victim: Path) -> None:
    opened.git("update-index", "--assume-unchanged", "a.py")
    opened.git("update-index", "--skip-worktree", "src/b.py")


def orphan(opened, victim: Path) -> None:
    opened.git("checkout", "--quiet", "--orphan", "lonely")
    opened.git("commit", "--quiet", "--message=lonely")


def other_branch(opened, victim: Path) -> None:
    opened.git("symbolic-ref", "HEAD", "refs/heads/unborn")


DAMAGE = [
    no_git,
    no_git_directory,
    foreign_git,
    linked_git,
    new_git,
    pipe_git,
    empty_head,
    pipe_head,
    foreign_head,
    unknown_head,
    broken_index,
    pipe_index,
    locked_index,
    hidden_changes,
    orphan,
    other_branch,
]


@KINDS
@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_files_are_captured_whatever_has_become_of_the_workspaces_own_git(lab, kind, damage):
    victim = lab.repository({"precious": "x"}, name="victim")
    opened = lab.open(lab.pin(lab.repository()), kind=kind)
    before = lab.state(victim)
    damage(opened, victim)
    opened.write({"a.py": "changed\n", "new.py": "new\n"})
    (opened.path / "src" / "b.py").unlink()

    changes = lab.capture(opened)

    assert lab.statuses(changes) == {"a.py": "modified", "new.py": "added", "src/b.py": "deleted"}
    assert Git(git_dir=Path(changes.mirror))("rev-parse", f"{changes.commit}^") == opened.start.commit
    assert lab.state(victim) == before


@KINDS
def test_nothing_that_a_workspace_configures_is_run(lab, kind):
    ran = lab.folder / "ran"
    opened = lab.open(lab.pin(lab.repository()), kind=kind)
    trap = f"touch {ran}; cat"
    for name in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "uploadpack.packObjectsHook",
        "core.alternateRefsCommand",
        "gpg.program",
        "core.sshCommand",
    ):
        opened.git("config", name, trap)
    for setting in ("commit.gpgSign", "core.fsmonitorHookVersion"):
        opened.git("config", setting, "true")
    hooks = lab.folder / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "post-commit", "reference-transaction", "post-index-change", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\n{trap}\n")
        (hooks / name).chmod(0o755)
    opened.git("config", "core.hooksPath", str(hooks))
    (opened.path / ".gitattributes").write_text("* filter=evil diff=evil\n")
    opened.write({"a.py": "changed\n"})
    head = Git(opened.path, settings={"filter.evil.clean": "cat", "filter.evil.process": "", "core.fsmonitor": "false"})
    head("commit", "--quiet", "--all", "--message=x")
    opened.write({"new.py": "x\n"})
    ran.unlink(missing_ok=True)

    changes = lab.capture(opened)

    assert set(lab.statuses(changes)) == {".gitattributes", "a.py", "new.py"}
    assert not ran.exists()


def test_what_a_file_claims_to_be_is_not_believed(lab):
    base = lab.pin(lab.repository())
    opened = lab.open(base, kind="clone")
    head = lab.commit(opened.path, {"a.py": "good\n"})
    blob = opened.git("rev-parse", "HEAD:a.py")
    lie = opened.path / ".git" / "objects" / blob[:2] / blob[2:]
    lie.chmod(0o644)
    lie.write_bytes(zlib.compress(b"blob 5\0evil\n"))

    changes = lab.capture(opened)

    git = Git(git_dir=Path(changes.mirror))
    assert lab.content(changes, "a.py") == "good"
    assert git("fsck", "--full", "--no-dangling") == ""
    assert changes.commit != head


def test_captured_work_is_out_of_reach_of_siblings(lab):
    base = lab.pin(lab.repository())
    done, sibling = lab.open(base, "done"), lab.open(base, "sibling")
    done.write({"solution.py": "42\n"})
    lab.commit(done.path)
    done.write({"more.py": "43\n"})
    changes = lab.capture(done)

    assert sibling.git.run("cat-file", "-e", changes.commit).exit_code
    assert "parex/run" not in sibling.git("for-each-ref")
    sibling.git("update-ref", "-d", f"refs/parex/bases/{base.commit}")
    sibling.git("update-ref", changes.ref, "HEAD")
    sibling.git("worktree", "prune", "--expire=now")
    sibling.git("reflog", "expire", "--all", "--expire=now")
    shutil.rmtree(done.path)

    git = Git(git_dir=Path(changes.mirror))
    assert git("rev-parse", changes.ref) == changes.commit
    assert lab.content(changes, "solution.py") == "42"
    assert git("fsck", "--full", "--no-dangling") == ""


@KINDS
def test_a_workspace_that_vanished_is_not_captured_as_deleted(lab, kind):
    opened = lab.open(lab.pin(lab.repository()), kind=kind)
    shutil.rmtree(opened.path)

    with pytest.raises(WorkspaceError, match=r"vanished while the trial ran; nothing was committed"):
        lab.capture(opened)


def test_what_was_committed_in_a_workspace_that_vanished_is_kept(lab):
    opened = lab.open(lab.pin(lab.repository()))
    head = lab.commit(opened.path, {"a.py": "2\n"})
    shutil.rmtree(opened.path)

    with pytest.raises(WorkspaceError, match="what was committed in it is kept as refs/parex/run/trial/1"):
        lab.capture(opened)

    git = Git(git_dir=Path(opened.base.mirror) / "parex" / "captures.git")
    assert git("rev-parse", "refs/parex/run/trial/1") == head
    assert b"+2" in lab.patch


def test_a_link_in_the_place_of_the_workspace_leads_nowhere(lab):
    victim = lab.repository({"precious": "x"}, name="victim")
    opened = lab.open(lab.pin(lab.repository()))
    shutil.rmtree(opened.path)
    opened.path.symlink_to(victim)

    with pytest.raises(WorkspaceError, match="vanished"):
        lab.capture(opened)


def test_an_emptied_workspace_is_captured_as_emptied(lab):
    opened = lab.open(lab.pin(lab.repository()))
    for entry in opened.path.iterdir():
        remove(entry)

    assert set(lab.statuses(lab.capture(opened)).values()) == {"deleted"}


def test_pipes_sockets_and_links_are_no_obstacle(lab, monkeypatch):
    opened = lab.open(lab.pin(lab.repository({"a": "a", "b": "b", "folder/c": "c"})))
    os.mkfifo(opened.path / "pipe")
    (opened.path / "a").unlink()
    os.mkfifo(opened.path / "a")
    monkeypatch.chdir(opened.path)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("socket")
    (opened.path / "out").symlink_to("/")
    (opened.path / "loop").symlink_to("loop")
    shutil.rmtree(opened.path / "folder")
    (opened.path / "folder").symlink_to(lab.folder)
    opened.write({"new": "x"})

    changes = lab.capture(opened)
    listening.close()

    assert lab.statuses(changes) == {
        "a": "deleted",
        "folder/c": "deleted",
        "folder": "added",
        "out": "added",
        "loop": "added",
        "new": "added",
    }
    assert changes.left_out == ()


def test_large_files_are_captured_whole(lab, home):
    with (home / ".gitconfig").open("a") as config:
        config.write("[core]\n\tbigFileThreshold = 1m\n")
    opened = lab.open(lab.pin(lab.repository()))
    content = os.urandom(5 * 1024 * 1024)
    (opened.path / "large").write_bytes(content)
    (opened.path / "long.txt").write_text("line\n" * 300_000)

    changes = lab.capture(opened)

    assert lab.statuses(changes) == {"large": "added", "long.txt": "added"}
    fresh = lab.open(opened.base, "fresh")
    fresh.git("apply", lab.attempt / "changes.patch")
    assert (fresh.path / "large").read_bytes() == content


def test_rules_that_are_links_are_not_followed(lab):
    opened = lab.open(lab.pin(lab.repository()))
    (opened.path / ".gitignore").unlink()
    (opened.path / ".gitignore").symlink_to("/etc/passwd")
    opened.write({"new": "x"})

    assert lab.statuses(lab.capture(opened)) == {".gitignore": "type changed", "new": "added"}


def test_files_whose_conversion_fails_are_captured_as_they_are(lab, home):
    with (home / ".gitconfig").open("a") as config:
        config.write('[filter "absent"]\n\tclean = no-such-program\n\trequired = true\n')
    opened = lab.open(lab.pin(lab.repository({"tracked.f": "t", "plain": "p"})))
    (opened.path / ".gitattributes").write_text("*.u text working-tree-encoding=nonsense\n*.f filter=absent\n")
    bad = {f"{number}\n.u": f"ü{number}" for number in range(5)}
    opened.write({**bad, "tracked.f": "changed", "plain": "changed", "good": "g", "tool.f": "x"})
    (opened.path / "tool.f").chmod(0o755)

    changes = lab.capture(opened)

    assert set(lab.tree(changes)) == {".gitattributes", "tracked.f", "plain", "good", "tool.f", *bad}
    assert all(lab.content(changes, path) == text for path, text in bad.items())
    assert lab.content(changes, "tracked.f") == "changed"
    assert changes.left_out == ()
    assert Git(git_dir=Path(changes.mirror))("ls-tree", changes.commit, "tool.f").startswith("100755")


def test_what_cannot_be_read_is_made_readable(lab, without_privileges):
    base = lab.pin(lab.repository({"a": "a", "closed/tracked": "t"}))
    opened = lab.open(base)
    opened.write({"secret": "s", "closed/new": "n", "deep/er/file": "d"})
    (opened.path / "secret").chmod(0)
    (opened.path / "a").chmod(0)
    (opened.path / "closed").chmod(0)
    (opened.path / "deep" / "er").chmod(0o300)
    lab.attempt.mkdir()

    answer = without_privileges(
        "from pathlib import Path\n"
        "from pytest_parex.model import Base\n"
        "from pytest_parex.repository import capture\n"
        f"base = Base.model_validate_json({base.model_dump_json()!r})\n"
        f"changes = capture(Path({str(opened.path)!r}), start=base, base=base, git_dir=Path({str(opened.git_dir)!r}),"
        f" ref='refs/parex/r/t/1', attempt_directory=Path({str(lab.attempt)!r}))\n"
        "print(sorted(change.path for change in changes.files), changes.left_out)\n"
    )

    assert answer == "['closed/new', 'deep/er/file', 'secret'] ()\n"


def test_a_huge_number_of_files_is_captured(lab):
    opened = lab.open(lab.pin(lab.repository()))
    (opened.path / "many").mkdir()
    for number in range(1000):
        (opened.path / "many" / f"{number}.txt").write_text(str(number))

    assert len(lab.capture(opened).files) == 1000
