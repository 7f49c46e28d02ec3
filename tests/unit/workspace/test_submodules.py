"""Submodules: from the user's own checkout, at the commit of the base, sealed like everything else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import Git
from pytest_parex.testing import Project
from pytest_parex.workspace.submodules import joined

from .bench import Bench


@pytest.fixture
def nested(bench: Bench, project: Callable[..., Project]) -> Bench:
    """The project has a submodule `vendor/lib`, which has a submodule `deep`."""
    deep = project({"deep.py": "DEEP = 1\n"}, "deep")
    lib = project({"lib.py": "LIB = 1\n"}, "lib")
    for outer, inner, place in ((lib, deep, "deep"), (bench.project, lib, "vendor/lib")):
        outer.git("submodule", "--quiet", "add", str(inner.path), place)
        outer.commit("with a submodule")
    bench.project.git("submodule", "--quiet", "update", "--init", "--recursive")
    return bench


@pytest.mark.parametrize("kind", ["worktree", "clone", "copy"])
def test_submodules_are_filled_without_their_remotes(nested: Bench, kind: str) -> None:
    (nested.folder / "lib").rename(nested.folder / "gone")  # the URLs lead nowhere any more
    (nested.folder / "deep").rename(nested.folder / "gone-too")
    attempt = nested.attempt(workspace={"kind": kind, "submodules": True})
    path = attempt.create().path
    attempt.settle()

    assert (path / "vendor/lib/lib.py").read_text() == "LIB = 1\n"
    assert (path / "vendor/lib/deep/deep.py").read_text() == "DEEP = 1\n"
    if kind != "copy":
        git = ["git", "-C", str(path / "vendor/lib")]
        assert subprocess.run([*git, "remote"], capture_output=True, text=True, check=True).stdout == ""
        status = subprocess.run(["git", "status", "--porcelain"], cwd=path, capture_output=True, text=True, check=True)
        assert status.stdout == ""
    assert attempt.capture().files == ()


def test_a_submodule_is_at_the_commit_of_the_base_whatever_is_checked_out(nested: Bench) -> None:
    inner = Project.__new__(Project)
    inner.path, inner.git = nested.project.path / "vendor/lib", Git(nested.project.path / "vendor/lib")
    inner.git("config", "user.name", "Test")
    inner.git("config", "user.email", "test@example.org")
    inner.write({"lib.py": "LIB = 2\n"})
    inner.commit()
    attempt = nested.attempt(dirty="head", workspace={"submodules": True})
    path = attempt.create().path

    assert (path / "vendor/lib/lib.py").read_text() == "LIB = 1\n"


def test_a_submodule_that_is_not_checked_out_comes_from_its_url(nested: Bench) -> None:
    nested.project.git("submodule", "--quiet", "deinit", "--force", "--all")
    attempt = nested.attempt(workspace={"submodules": True})
    path = attempt.create().path

    assert (path / "vendor/lib/deep/deep.py").exists()


def test_a_submodule_that_cannot_be_had_fails_the_trial_and_leaves_nothing(nested: Bench) -> None:
    nested.project.git("submodule", "--quiet", "deinit", "--force", "--all")
    (nested.folder / "lib").rename(nested.folder / "gone")
    attempt = nested.attempt(workspace={"submodules": True})

    with pytest.raises(WorkspaceError, match="lib"):
        attempt.create()
    assert not (nested.folder / "repo.parex").exists()


def test_submodules_outside_of_the_sparse_folders_are_left_out(nested: Bench) -> None:
    attempt = nested.attempt(workspace={"submodules": True, "sparse": ["src/"]})
    path = attempt.create().path

    assert not (path / "vendor").exists()


def test_without_being_asked_for_submodules_stay_empty(nested: Bench) -> None:
    path = nested.attempt().create().path

    assert list((path / "vendor/lib").iterdir()) == []


@pytest.mark.parametrize(
    ("upstream", "url", "found"),
    [
        ("https://example.org/org/repo.git", "../lib.git", "https://example.org/org/lib.git"),
        ("git@example.org:org/repo", "../../other/lib", "git@example.org:other/lib"),
        ("/home/user/repo", "./lib", "/home/user/repo/lib"),
    ],
)
def test_relative_urls_are_relative_to_the_sources_own_remote(upstream: str, url: str, found: str) -> None:
    assert joined(upstream, url) == found


def test_a_relative_url_is_followed(nested: Bench) -> None:
    nested.project.git("config", "--file=.gitmodules", "submodule.vendor/lib.url", "../lib")
    nested.project.commit()
    nested.project.git("remote", "add", "origin", str(nested.project.path))
    nested.project.git("submodule", "--quiet", "deinit", "--force", "--all")
    path = nested.attempt(workspace={"submodules": True}).create().path

    assert (path / "vendor/lib/lib.py").exists()
