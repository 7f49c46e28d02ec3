"""Whose is the folder at a trial's path? The run's own journal and the folder itself must agree that it is ours.

The journal of an attempt tells of its workspace in events named `workspace`, one per state:

    creating   before anything is there but an empty folder, whose inode it gives
    created    registered or cloned, still without files
    ready      filled and asserted; from here on it may hold somebody's work
    settled    set up; what is there now is not the variant's doing
    captured   its work is a commit in the mirror's captures
    removed    taken away again
    taken over it is that of an earlier attempt, and from now on this one's: the first state in this journal

A folder is ours if its inode is the one in the journal. Device numbers are told but not compared: on some file systems
they change with every mount.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_parex.model import Base, Changes, Plan, Trial
from pytest_parex.store import Run
from pytest_parex.workspace.kinds import registration_name

EVENT = "workspace"
SET_UP = ("settled", "captured", "taken over")
"""States in which a variant may go on working in the folder."""
MAY_HOLD_WORK = ("ready", *SET_UP)
"""States in which a variant may have worked in the folder."""


@dataclass(frozen=True)
class Made:
    """The last workspace that the journals of a trial tell of."""

    path: Path
    attempt: int
    state: str
    kind: str
    inode: int
    branch: str | None = None
    compared_with: str | None = None
    """The commit that work in it is compared with, if that is not the base."""
    captured: Changes | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    """The leased ports, by the names of their variables."""
    env: Mapping[str, str | None] | None = None
    """What setup has changed in the environment (None: removed); None if that is not told."""


def journal_of(plan: Plan) -> Run:
    """The run's directory, for reading its journals."""
    return Run(plan, Path(plan.directory))


def path_of(plan: Plan, trial: Trial) -> Path:
    """Where the trial's workspace is: the same place for every attempt, since agents know their sessions by it."""
    return Path(plan.root) / trial.id


def reason_of(plan: Plan, trial: Trial) -> str:
    """Why a registration is locked; another reason means that somebody else has locked it."""
    return f"parex {plan.run} {trial.id}"


def last_made(plan: Plan, trial: Trial) -> Made | None:
    """The last workspace of this trial, as its journals tell; None if there never was one."""
    run = journal_of(plan)
    for attempt in reversed(run.attempts(trial.id)):
        told: dict[str, Any] = {}
        for event in run.events(trial.id, attempt):
            if event.name == EVENT:
                told = {**(told if event.data.get("state") != "creating" else {}), **event.data}
        if "inode" in told:
            return Made(
                path=path_of(plan, trial),
                attempt=attempt,
                state=str(told["state"]),
                kind=str(told["kind"]),
                inode=int(told["inode"]),
                branch=told.get("branch"),
                compared_with=told.get("compared_with"),
                captured=Changes.model_validate(told["changes"]) if "changes" in told else None,
                ports=told.get("ports", {}),
                env=told.get("env"),
            )
    return None


def is_ours(folder: Path, made: Made | None) -> bool:
    """Whether this folder, itself and not what a link there leads to, is the one in the journal."""
    if made is None or made.state == "removed":
        return False
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_ino == made.inode and not _is_registered_elsewhere(folder, made)


def lock_of_others(start: Base, path: Path, reason: str) -> str | None:
    """Why somebody else has locked the worktree at this path; None if nobody has."""
    file = Path(start.mirror) / "worktrees" / registration_name(path) / "locked"
    try:
        said = file.read_text(errors="replace").strip()
    except FileNotFoundError:
        return None
    return None if said == reason else said or "no reason given"


def _is_registered_elsewhere(folder: Path, made: Made) -> bool:
    """Whether the folder's `.git` says that it is a worktree of some other repository than the one it was made from.

    A variant may delete its `.git` or make a repository instead; but a pointer to a foreign repository means that
    somebody has made the folder his own.
    """
    pointer = folder / ".git"
    try:
        if not stat.S_ISREG(pointer.lstat().st_mode):
            return False
        text = pointer.read_text(errors="surrogateescape")
    except OSError:
        return False
    git_dir = text.removeprefix("gitdir: ").rstrip("\n")
    return made.kind != "worktree" or git_dir.rpartition("/")[2] != registration_name(made.path)
