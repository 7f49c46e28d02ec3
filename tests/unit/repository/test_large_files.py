from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_parex.repository import Git

pytestmark = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")

LARGE = "large\n" * 100


@pytest.fixture
def repo(lab, home) -> Path:
    with (home / ".gitconfig").open("a") as config:
        config.write(
            '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n'
            "\tprocess = git-lfs filter-process\n\trequired = true\n"
        )
    return lab.repository({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "model.bin": LARGE})


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_large_files_come_along_without_a_remote(lab, repo, kind):
    Git(repo)("rm", "--quiet", "model.bin")
    lab.commit(repo, {"other.bin": "other\n" * 100})
    assert Git(repo)("show", "HEAD:other.bin").startswith("version https://git-lfs")
    before = lab.state(repo)

    opened = lab.open(lab.pin(repo), kind=kind)

    assert (opened.path / "other.bin").read_text() == "other\n" * 100
    assert opened.git("status", "--porcelain") == ""
    stored = [path for path in Path(opened.start.mirror, "lfs").rglob("*") if path.is_file()]
    assert [path.read_text() for path in stored] == ["other\n" * 100]
    assert lab.state(repo) == before


def test_uncommitted_large_files_are_in_the_snapshot_and_not_written_to_the_source(lab, repo):
    (repo / "model.bin").write_text("changed\n" * 100)
    before = lab.state(repo)

    opened = lab.open(lab.pin(repo))

    assert (opened.path / "model.bin").read_text() == "changed\n" * 100
    assert opened.git("show", "HEAD:model.bin").startswith("version https://git-lfs")
    assert lab.state(repo) == before


def test_large_files_of_a_variant_are_captured_as_pointers_with_their_content(lab, repo):
    opened = lab.open(lab.pin(repo), kind="clone")
    opened.write({"model.bin": "mine\n" * 100})

    changes = lab.capture(opened)

    assert lab.statuses(changes) == {"model.bin": "modified"}
    pointer = lab.content(changes, "model.bin")
    name = pointer.partition("sha256:")[2].split()[0]
    assert (Path(changes.mirror) / "lfs" / "objects" / name[:2] / name[2:4] / name).read_text() == "mine\n" * 100


def test_a_large_file_that_the_source_does_not_have_stays_a_pointer(lab, repo):
    shutil.rmtree(repo / ".git" / "lfs")

    opened = lab.open(lab.pin(repo))

    assert (opened.path / "model.bin").read_text().startswith("version https://git-lfs")
