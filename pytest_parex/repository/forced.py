"""Ignored files that a variant has told its own git to keep (`git add --force`) are a part of its work."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from pytest_parex.errors import GitError
from pytest_parex.model import Base
from pytest_parex.repository.head import read_regular
from pytest_parex.repository.staging import Staging


def add_forced(staging: Staging, theirs: Path, start: Base) -> None:
    """Stage the files that the workspace's own index (`theirs`) has beyond the start; a broken one says nothing."""
    assert staging.seed is not None
    assert staging.git.work_tree is not None
    content = read_regular(theirs)
    if not content or content == read_regular(staging.seed):
        return
    copy = staging.index.with_name("theirs.index")
    copy.write_bytes(content)
    asked = replace(staging.git, env={"GIT_INDEX_FILE": str(copy)})
    try:
        added = asked.fields("diff-index", "--cached", "-z", "--name-only", "--diff-filter=A", start.commit)
    except GitError:
        return
    files = [path for path in added if _is_plain_file(staging.git.work_tree, path)]
    if files:
        staging.staged.run(
            "add", "--force", "--sparse", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul",
            input="".join(f":(top,literal){path}\0" for path in files),
        )  # fmt: skip


def _is_plain_file(top: Path, path: str) -> bool:
    """Whether there is a file or a link, neither behind a link nor in a nested repository."""
    *folders, name = path.split("/")
    place = top
    for folder in folders:
        place /= folder
        if place.is_symlink() or os.path.lexists(place / ".git"):
            return False
    return (place / name).is_symlink() or (place / name).is_file()
