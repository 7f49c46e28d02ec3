"""Where a run's workspaces are made: beside the repository, never inside of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_parex.errors import SpecError, WorkspaceError
from pytest_parex.model import Experiment
from pytest_parex.spec import fault_in


def workspace_root(
    experiment: Experiment, spec: Path, sources: Iterable[Path], environ: Mapping[str, str]
) -> tuple[Path, tuple[str, ...]]:
    """The folder for this repository's workspaces, without symbolic links, and notices. Nothing is created.

    `sources` are the user's files: checkouts and plain directories, that of the experiment's own source first.
    SpecError if the spec wants it inside the source; WorkspaceError if there is no place at all.
    """
    checkouts = [_real(source) for source in sources]
    if experiment.workspace.root is not None:
        root = _real(spec.parent / Path(experiment.workspace.root).expanduser())
        for checkout in checkouts:
            if root.is_relative_to(checkout):
                message = f"`workspace.root`: {root} is inside of the source {checkout}; allowed: a place outside of it"
                raise SpecError([fault_in(spec, ("workspace", "root"), message)])
        return root, ()
    top = _outermost(checkouts[0] if checkouts else _real(spec.parent))
    beside = top.parent / f"{top.name}.parex"
    if top.name and _writable(beside):
        return beside, ()
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = _real(cache / "pytest-parex" / f"{top.name or 'root'}.parex")
    if not _writable(root) or any(root.is_relative_to(checkout) for checkout in checkouts):
        raise WorkspaceError(
            f"workspaces can be made neither in {beside} nor in {root}: name a folder outside of the repository, "
            "`workspace: {root: …}`"
        )
    return root, (f"workspaces are made in {root}, because {beside} cannot be written",)


def _outermost(folder: Path) -> Path:
    """The outermost repository around a folder: beside an inner one would be inside of the outer one."""
    around = [parent for parent in (folder, *folder.parents) if (parent / ".git").exists()]
    return around[-1] if around else folder


def _writable(folder: Path) -> bool:
    existing = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
