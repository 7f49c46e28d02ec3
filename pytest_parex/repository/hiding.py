"""What variants must not see: kept out of bases, and refused where the history has it already."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository.source import Source


def paths_inside(source: Source, paths: Sequence[Path]) -> list[str]:
    """Those paths that lie in the source's files, relative to them."""
    top = source.checkout
    real = [path.parent.resolve() / path.name for path in paths]
    return [os.fspath(path.relative_to(top)) for path in real if top and path != top and path.is_relative_to(top)]


def hidden_paths(source: Source, paths: Sequence[Path]) -> list[str]:
    """What `paths_inside` gives, for paths that variants must not see."""
    for path in paths:
        if source.checkout and source.checkout.is_relative_to(path.resolve()):
            raise WorkspaceError(f"{path} holds the whole source {source.name}, and cannot be kept from the variants")
    return paths_inside(source, paths)


def refuse_known(source: Source, commit: str, hidden: Sequence[str]) -> None:
    """WorkspaceError if git has any of these paths, in a commit that variants could read or in the index."""
    for path in hidden:
        known = source.git("rev-list", "--max-count=1", "--full-history", commit, "--", f":(top,literal){path}")
        if known:
            raise WorkspaceError(
                f"{path} is in the history of {source.name} (commit {known[:7]}), where every variant could read it: "
                "keep it outside of the repository, or never commit it"
            )
        if source.checkout and source.git.fields("ls-files", "-z", "--", f":(top,literal){path}"):
            raise WorkspaceError(
                f"{path} is staged or committed in {source.name}, but variants must not see it: unstage it"
            )
