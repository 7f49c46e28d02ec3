"""The submodules of a workspace: which of them parex has filled, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.manifest import read_manifest
from pytest_parex.repository.worktree import remembered_index


def submodules_of(start: Base) -> Mapping[str, str]:
    """Path → commit, for each submodule of a base."""
    return read_manifest(Path(start.mirror)).submodules


def filled_submodules(workspace: Path, start: Base) -> dict[str, Base]:
    """Path → what was written there, for each submodule of the start that was populated in this workspace."""
    found = {}
    for path, commit in submodules_of(start).items():
        base = _mirrored(Path(start.mirror).parent, commit)
        if base is not None and remembered_index(workspace / path, base).exists():
            found[path] = base
    return found


def _mirrored(sources: Path, commit: str) -> Base | None:
    for mirror in sorted(sources.glob(f"*-{commit[:12]}*.git")):
        try:
            manifest = read_manifest(mirror)
        except WorkspaceError:
            continue
        if manifest.commit == commit:
            return Base(source=manifest.source, mirror=str(mirror), commit=commit, chosen=f"commit {commit[:7]}")
    return None
