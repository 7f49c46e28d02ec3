"""The kinds of workspace: how each is made, and what its variants' environment needs.

- worktree: a worktree of the base's mirror. Fastest to make, and the only kind that shares something between variants:
  the mirror's refs, configuration and hooks. The audit tells if one of them has changed those.
- clone: a repository of its own. Nothing a variant does in it reaches another one.
- copy: files without any repository.

A kind makes a folder whose index and files are still missing; filling it is the same for all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pytest_parex import repository
from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base, Plan, Trial

AGENTS = ("claude",)
"""Runners whose variants get a clone unless the spec says otherwise, since agents do as they please."""


@dataclass(frozen=True)
class Made:
    """What a kind has made: its git directory (None without a repository), and what people should know."""

    git_dir: Path | None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A way of making workspaces."""

    make: Callable[[Base, Path, str], Made]
    """From the start, an empty folder, and the reason that keeps a registration locked."""
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _worktree(start: Base, path: Path, reason: str) -> Made:
    return Made(repository.register_worktree(start, path, name=registration_name(path), reason=reason))


def _clone(start: Base, path: Path, reason: str) -> Made:
    return Made(*repository.clone(start, path))


def _copy(start: Base, path: Path, reason: str) -> Made:
    return Made(None)


KINDS: Mapping[str, Kind] = {
    # Husky, run by `npm ci`, would write its hooks into the configuration that all worktrees share.
    "worktree": Kind(_worktree, {"HUSKY": "0"}),
    "clone": Kind(_clone),
    "copy": Kind(_copy),
}


def kind_of(plan: Plan, trial: Trial) -> str:
    """The kind of this trial's workspace, with `auto` decided."""
    asked = plan.experiment.workspace.kind
    if asked == "auto":
        return "clone" if plan.experiment.runner_of(trial.variant).name in AGENTS else "worktree"
    if asked not in KINDS:
        raise WorkspaceError(f"workspace.kind: {asked} is not supported yet: use {', '.join(KINDS)} or auto")
    return asked


def git_dir_of(kind: str, start: Base, path: Path) -> Path | None:
    """The git directory of a workspace of this kind at this path; None for a copy."""
    if kind == "worktree":
        return Path(start.mirror) / "worktrees" / registration_name(path)
    return path / ".git" if kind == "clone" else None


def registration_name(path: Path) -> str:
    """The name under which a worktree at this path is registered: readable, and unique over all runs."""
    return f"{path.name[:120]}.{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"
