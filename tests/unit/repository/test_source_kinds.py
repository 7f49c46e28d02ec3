from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.repository import Git

Make = Callable[..., tuple[Path | str, Path]]
"""Makes a source; returns its name, and the folder in which nothing may change."""


def plain_repository(lab) -> tuple[Path | str, Path]:
    repo = lab.repository(name="räum lich/my repo")
    return repo, repo


def linked_worktree(lab) -> tuple[Path | str, Path]:
    repo = lab.repository(name="outer/repo")
    Git(repo)("worktree", "add", "--quiet", "-b", "side", lab.folder / "outer" / "linked")
    return lab.folder / "outer" / "linked", lab.folder / "outer"


def shallow(lab) -> tuple[Path | str, Path]:
    repo = lab.repository(name="upstream")
    lab.commit(repo, {"a.py": "2\n"})
    lab.commit(repo, {"a.py": "3\n"})
    Git(lab.folder)("clone", "--quiet", "--depth=1", f"file://{repo}", "shallow")
    return lab.folder / "shallow", lab.folder / "shallow"


def partial(lab) -> tuple[Path | str, Path]:
    repo = lab.repository(name="upstream")
    Git(repo)("config", "uploadpack.allowFilter", "true")
    lab.commit(repo, {"a.py": "2\n", "old.py": "old\n"})
    (repo / "old.py").unlink()
    lab.commit(repo, {"a.py": "3\n"})
    Git(lab.folder)("clone", "--quiet", "--filter=blob:none", f"file://{repo}", "partial")
    return lab.folder / "partial", lab.folder / "partial"


def partial_and_sparse(lab) -> tuple[Path | str, Path]:
    repo = lab.repository(name="upstream")
    Git(repo)("config", "uploadpack.allowFilter", "true")
    lab.commit(repo, {"docs/long.md": "words\n"})
    Git(lab.folder)("clone", "--quiet", "--filter=blob:none", "--sparse", f"file://{repo}", "partial")
    return lab.folder / "partial", lab.folder / "partial"


def treeless(lab) -> tuple[Path | str, Path]:
    repo = lab.repository(name="upstream")
    Git(repo)("config", "uploadpack.allowFilter", "true")
    lab.commit(repo, {"a.py": "2\n", "old/er.py": "old\n"})
    lab.commit(repo, {"a.py": "3\n", "old/er.py": "new\n"})
    Git(lab.folder)("clone", "--quiet", "--filter=tree:0", f"file://{repo}", "treeless")
    return lab.folder / "treeless", lab.folder / "treeless"


def sparse(lab) -> tuple[Path | str, Path]:
    repo = lab.repository()
    Git(repo)("sparse-checkout", "set", "--cone", "docs")
    assert not (repo / "src").exists()
    return repo, repo


def with_submodule(lab) -> tuple[Path | str, Path]:
    inner = lab.repository({"lib.c": "int x;\n"}, name="inner")
    repo = lab.repository(name="outer")
    Git(repo)("submodule", "--quiet", "add", str(inner), "lib")
    lab.commit(repo)
    return repo, repo


def borrowing(lab) -> tuple[Path | str, Path]:
    repo = lab.repository(name="lender")
    Git(lab.folder)("clone", "--quiet", "--shared", repo, "borrower")
    return lab.folder / "borrower", lab.folder / "borrower"


def split_index(lab) -> tuple[Path | str, Path]:
    repo = lab.repository()
    Git(repo, settings={"core.splitIndex": "true"})("update-index", "--split-index")
    assert list((repo / ".git").glob("sharedindex.*"))
    return repo, repo


def bare(lab) -> tuple[Path | str, Path]:
    Git(lab.folder)("clone", "--quiet", "--bare", lab.repository(), "bare.git")
    return lab.folder / "bare.git", lab.folder / "bare.git"


def directory(lab) -> tuple[Path | str, Path]:
    folder = lab.folder / "plain"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "b.py").write_text("b\n" * 20)
    (folder / "a.py").write_text("3\n")
    return folder, folder


def url(lab) -> tuple[Path | str, Path]:
    repo = lab.repository()
    return f"file://{repo}", repo


REPOSITORIES = [
    plain_repository,
    linked_worktree,
    shallow,
    partial,
    partial_and_sparse,
    treeless,
    sparse,
    with_submodule,
    borrowing,
    split_index,
]
ALL = [*REPOSITORIES, bare, directory, url]


@pytest.mark.parametrize("kind", ["worktree", "clone"])
@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_a_source_stays_as_it_is_to_the_byte(lab, make, kind):
    source, untouched = make(lab)
    before = lab.state(untouched)

    opened = lab.open(lab.pin(source), kind=kind)
    opened.write({"a.py": "changed\n", "new.py": "new\n"})
    (opened.path / "src" / "b.py").unlink()
    lab.commit(opened.path)
    opened.write({"later.py": "later\n"})
    changes = lab.capture(opened)

    assert lab.statuses(changes) == {
        "a.py": "modified",
        "new.py": "added",
        "later.py": "added",
        "src/b.py": "deleted",
    }
    assert lab.state(untouched) == before


@pytest.mark.parametrize("make", REPOSITORIES, ids=lambda make: make.__name__)
def test_uncommitted_changes_of_a_source_are_in_the_base_and_nowhere_else(lab, make):
    source, untouched = make(lab)
    (source / "a.py").write_text("dirty\n")
    (source / "untracked.py").write_text("untracked\n")
    (source / "noise.log").write_text("ignored\n")
    (source / "staged.py").write_text("staged\n")
    Git(source)("add", "staged.py")
    (source / "staged.py").unlink()
    before = lab.state(untouched)

    base, notices = lab.pin_with_notices(source)
    opened = lab.open(base)

    assert (opened.path / "a.py").read_text() == "dirty\n"
    assert (opened.path / "untracked.py").read_text() == "untracked\n"
    assert (opened.path / "src" / "b.py").read_text() == "b\n" * 20
    assert not (opened.path / "noise.log").exists()
    assert not (opened.path / "staged.py").exists()
    assert opened.git("status", "--porcelain") == ""
    assert "uncommitted changes on" in notices[0]
    assert lab.state(untouched) == before


@pytest.mark.parametrize("make", [plain_repository, partial, directory], ids=lambda make: make.__name__)
def test_a_source_stays_as_it_is_when_started_from_one_of_its_own_hooks(lab, make, monkeypatch):
    source, untouched = make(lab)
    if (Path(source) / ".git").exists():
        (source / "a.py").write_text("dirty\n")
    before = lab.state(untouched)
    monkeypatch.setenv("GIT_DIR", os.fspath(untouched / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", os.fspath(untouched / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", os.fspath(untouched))
    monkeypatch.setenv("GIT_PREFIX", "src/")

    opened = lab.open(lab.pin(source))
    opened.write({"new.py": "new\n"})

    assert lab.statuses(lab.capture(opened)) == {"new.py": "added"}
    assert lab.state(untouched) == before


def test_what_a_partial_clone_has_left_out_comes_into_the_mirror_and_not_into_the_clone(lab):
    source, _ = partial_and_sparse(lab)
    before = lab.state(source)

    opened = lab.open(lab.pin(source), kind="clone")

    assert (opened.path / "docs" / "long.md").read_text() == "words\n"
    assert lab.state(source) == before
    assert opened.git("remote") == ""
    assert opened.git.run("config", "--get-regexp", "url").stdout == b""


def test_a_worktree_of_a_partial_clone_finds_no_remote_either(lab):
    source, _ = partial(lab)

    opened = lab.open(lab.pin(source))

    assert opened.git("remote", "--verbose") == ""
    assert opened.git("status", "--porcelain") == ""
    lab.commit(opened.path, {"a.py": "4\n"})


def test_a_shallow_source_has_no_more_history_in_its_workspaces(lab):
    source, _ = shallow(lab)
    base = lab.pin(source)

    for kind in ("worktree", "clone"):
        opened = lab.open(base, kind, kind)
        assert opened.git("rev-list", "--count", "HEAD") == "1"
        lab.commit(opened.path, {"a.py": "4\n"})
        assert lab.statuses(lab.capture(opened, f"refs/parex/run/{kind}/1")) == {"a.py": "modified"}


def test_a_checkout_without_its_submodule_is_a_source_too(lab):
    with_submodule(lab)
    Git(lab.folder)("clone", "--quiet", "outer", "fresh")

    opened = lab.open(lab.pin(lab.folder / "fresh"))
    opened.write({"a.py": "2\n"})

    assert lab.statuses(lab.capture(opened)) == {"a.py": "modified"}


def test_a_repository_that_was_moved_is_still_a_source(lab):
    repo = lab.repository()
    lab.pin(repo)
    moved = repo.rename(lab.folder / "moved")

    assert lab.pin(moved).commit == Git(moved)("rev-parse", "HEAD")


def test_two_repositories_with_the_same_name_have_mirrors_of_their_own(lab):
    one, other = lab.repository(name="one/repo"), lab.repository(name="other/repo")

    assert lab.pin(one).mirror != lab.pin(other).mirror
