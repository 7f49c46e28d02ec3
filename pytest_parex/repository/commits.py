"""Commits: those that parex makes, and those of a variant, kept without running git where the variant made them."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from pytest_parex.errors import GitError
from pytest_parex.model import Base
from pytest_parex.repository.git import Git
from pytest_parex.repository.head import head_of
from pytest_parex.repository.history import alternates, pack

_PATIENCE = 120.0
"""Seconds for commands that read objects which a variant wrote."""
_NO_SHORTCUTS = {"core.commitGraph": "false", "core.multiPackIndex": "false", "pack.useBitmaps": "false"}
"""Indexes over the objects, which could tell of other ancestors than the commits themselves do."""


def commit_tree(git: Git, tree: str, parent: str, message: str, seconds: str) -> str:
    """A commit that depends on its content and nothing else; `seconds` since 1970 is its date."""
    people = {
        f"GIT_{role}_{what}": text
        for role in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", "parex"), ("EMAIL", "parex@localhost"), ("DATE", f"{seconds} +0000"))
    }
    parents = ["-p", parent] if parent else []
    return replace(git, env={**git.env, **people})("commit-tree", *parents, "-m", message, tree)


def tree_and_date(git: Git, commit: str) -> tuple[str, str]:
    """A commit's tree, and its date in seconds since 1970."""
    header = git("cat-file", "commit", commit).partition("\n\n")[0].splitlines()
    fields = {line.partition(" ")[0]: line.split() for line in header}
    return fields["tree"][1], fields["committer"][-2]


def keep_commits(store: Git, start: Base, git_dir: Path | None, folder: Path) -> str:
    """Copy the commits from the start to a workspace's HEAD, and return it; the start, if that cannot be done.

    Objects are read as data: packed by parex's own git, and indexed anew, so that what the variant's files claim to be
    is not believed. `folder` is for the pack on its way.
    """
    if git_dir is None:
        return start.commit
    mirror = Path(start.mirror)
    common = mirror if git_dir.is_relative_to(mirror) else git_dir
    head = head_of(git_dir, common)
    if head is None or head == start.commit:
        return start.commit
    reading = replace(store, env=alternates(common / "objects"), settings=_NO_SHORTCUTS)
    try:
        if reading.run("merge-base", "--is-ancestor", start.commit, head, timeout=_PATIENCE).exit_code:
            return start.commit
        with tempfile.TemporaryDirectory(dir=folder) as packing:
            pack(reading, head, start.commit, Path(packing), timeout=_PATIENCE)
            for made in Path(packing).glob("*.pack"):
                made.with_suffix(".idx").unlink()
                store("index-pack", "--strict", made, timeout=_PATIENCE)
            assert store.git_dir is not None
            for made in sorted(Path(packing).iterdir(), key=lambda file: file.suffix == ".idx"):
                shutil.move(made, store.git_dir / "objects" / "pack" / made.name)
    except GitError:
        return start.commit  # the files are captured all the same
    return head
