"""A repository of its own for a workspace: nothing in it points back, and nothing it does reaches a sibling."""

from __future__ import annotations

from pathlib import Path

from pytest_parex.model import Base
from pytest_parex.repository.git import Git
from pytest_parex.repository.large_files import link_all
from pytest_parex.repository.manifest import read_manifest
from pytest_parex.repository.mirror import link_packs
from pytest_parex.repository.settings import write_settings
from pytest_parex.repository.worktree import claim_folder


def clone(start: Base, workspace: Path) -> tuple[Path, tuple[str, ...]]:
    """Make a repository without files at a path that is free or an empty folder; returns its git directory and notices.

    It holds the start and its ancestors (hard links to the mirror's packs; copies on another file system, which a
    notice says), no remotes, no tags, no branches; HEAD is detached on the start.
    """
    claim_folder(workspace)
    mirror = Path(start.mirror)
    manifest = read_manifest(mirror)
    git_dir = workspace / ".git"
    Git(workspace)("init", "--quiet", "--template=", f"--object-format={manifest.object_format}", ".")
    write_settings(git_dir, manifest.settings)
    linked = link_packs(mirror, git_dir)
    link_all(mirror / "lfs", git_dir / "lfs")
    (git_dir / "HEAD").write_text(f"{start.commit}\n")
    if linked:
        return git_dir, ()
    return git_dir, (f"the history was copied to {workspace}, which is on another file system than {mirror}",)
