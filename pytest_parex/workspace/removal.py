"""Taking workspaces away. This module alone removes them, and always in this order:

1. *Ours?* The run's journal and the folder must agree (see `ownership`), and nobody else may have locked it.
2. *Kept?* The work in it must be a commit that can be reached in the mirror's captures, or there was no work yet.
3. *Rename* into `.trash` beside the workspaces: one step that succeeds or does nothing, so that nothing half removed is
   ever at the path; then it is looked at again, since somebody may have exchanged it in between.
4. *Registration* of exactly this worktree, never `git worktree prune`, which judges others by what it can see just now.
5. *Delete*, never through a link, never into another file system, also what is read-only.
6. *Leave*: folders that parex made for the workspaces go with the last of them.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytest_parex import repository
from pytest_parex.errors import ParexError, WorkspaceError
from pytest_parex.model import Base, Emit, Plan, Result, Trial
from pytest_parex.repository import Git
from pytest_parex.store import Run
from pytest_parex.workspace.capturing import is_kept, keep_what_came_later, rescue
from pytest_parex.workspace.deletion import delete
from pytest_parex.workspace.kinds import registration_name
from pytest_parex.workspace.ownership import MAY_HOLD_WORK, Made, is_ours, last_made, lock_of_others, path_of, reason_of
from pytest_parex.workspace.roots import TRASH, leave, new_folder, sweep, token


class Outcome(StrEnum):
    """What became of a workspace that was to be removed."""

    REMOVED = "removed"
    MISSING = "missing"
    RETAINED_UNCAPTURED = "retained_uncaptured"
    RETAINED_FOREIGN = "retained_foreign"
    RETAINED_LOCKED = "retained_locked"
    FAILED = "failed"


GONE = (Outcome.REMOVED, Outcome.MISSING)


@dataclass(frozen=True)
class Removal:
    """What was done, and in words why if the workspace is still there."""

    outcome: Outcome
    path: Path
    message: str = ""


def remove(run: Run, result: Result) -> Removal:
    """Remove the workspace of a finished trial; what is in it must be captured in this result. Nothing is raised.

    What was changed in it after the trial had ended is captured too, as the ref `…/later` beside the work's.
    """
    plan, trial = run.plan, result.trial
    path, made = path_of(plan, trial), last_made(plan, trial)
    if made is None or not os.path.lexists(path) or made.state not in MAY_HOLD_WORK or not is_ours(path, made):
        return _take_away(plan, trial, made)
    if made.attempt != result.attempt:
        message = f"{path} holds the work of attempt {made.attempt}, and this is the result of {result.attempt}"
        return Removal(Outcome.RETAINED_UNCAPTURED, path, message)
    if result.changes is None or not is_kept(result.changes):
        return Removal(Outcome.RETAINED_UNCAPTURED, path, f"the work in {path} is captured nowhere: it is kept")
    try:
        keep_what_came_later(plan, trial, made)
    except (OSError, ParexError) as fault:
        if os.path.lexists(path):
            message = f"{path} has changed since the trial ended, and cannot be captured again: {fault}"
            return Removal(Outcome.RETAINED_UNCAPTURED, path, message)
    return _take_away(plan, trial, made)


def make_room(plan: Plan, trial: Trial, emit: Emit) -> None:
    """Take the workspace of an earlier attempt away, after capturing what nobody has captured yet.

    WorkspaceError if the path cannot be had.
    """
    made = last_made(plan, trial)
    if made is not None and made.state in MAY_HOLD_WORK:
        _keep(plan, trial, made, emit)
    removal = _take_away(plan, trial, made)
    if removal.outcome not in GONE:
        raise WorkspaceError(f"there is no room for the workspace: {removal.message}")


def _keep(plan: Plan, trial: Trial, made: Made, emit: Emit) -> None:
    is_there = os.path.lexists(made.path)
    try:
        if made.state != "captured":
            changes = rescue(plan, trial, made.attempt)
        elif is_there and is_ours(made.path, made):
            changes = keep_what_came_later(plan, trial, made)
        else:
            changes = None
    except (OSError, ParexError) as fault:
        if is_there:
            raise WorkspaceError(
                f"{made.path} holds work of attempt {made.attempt} that cannot be captured ({fault}): it is left "
                "there; move it away to try again"
            ) from fault
        emit("note", text=str(fault))
    else:
        if changes is not None:
            emit("note", text=f"captured the work that was found of attempt {made.attempt}: {changes.ref}")


def discard(plan: Plan, trial: Trial, made: Made) -> Removal:
    """Take away what the creation of a workspace, which then failed, has made."""
    return _take_away(plan, trial, made)


def _take_away(plan: Plan, trial: Trial, made: Made | None) -> Removal:
    path, start, reason = path_of(plan, trial), plan.start_of(trial.variant), reason_of(plan, trial)
    away: Path | None = None
    try:
        if os.path.lexists(path):
            if made is None or not is_ours(path, made):
                path.lstat()  # somebody else may have removed it just now
                message = f"{path} is not what run {plan.run} has made there: it is left alone"
                return Removal(Outcome.RETAINED_FOREIGN, path, message)
            if locked := lock_of_others(start, path, reason):
                return Removal(Outcome.RETAINED_LOCKED, path, f"the worktree {path} was locked by somebody: {locked}")
            away = _renamed(path, made)
            if away is None:
                message = f"{path} was exchanged while it was being removed: it is left alone"
                return Removal(Outcome.RETAINED_FOREIGN, path, message)
        _unregister(start, path, reason, made)
        if away is not None:
            delete(away)
        sweep(path)
        leave(path.parent)
    except FileNotFoundError:
        return Removal(Outcome.MISSING, path, f"{path} was removed by somebody else just now")
    except (OSError, ParexError) as fault:
        where = f"was moved to {away}, but is not removed" if away else "cannot be moved away"
        return Removal(Outcome.FAILED, path, f"{path} {where}: {fault}")
    return Removal(Outcome.REMOVED if away else Outcome.MISSING, path)


def _renamed(path: Path, made: Made) -> Path | None:
    """The folder in the trash that now holds the workspace; None, and all as before, if it was not ours after all."""
    away = new_folder(path.parent / TRASH, f"{path.name[:200]}.{token()}")
    moved = away / path.name
    try:
        try:
            path.rename(moved)
        except PermissionError:  # a folder that is read-only itself cannot get another parent
            path.chmod(stat.S_IRWXU)
            path.rename(moved)
        if is_ours(moved, made):
            return away
        moved.rename(path)
    except OSError:
        away.rmdir()
        raise
    away.rmdir()
    return None


def _unregister(start: Base, path: Path, reason: str, made: Made | None) -> None:
    mirror = Path(start.mirror)
    name = registration_name(path)
    if lock_of_others(start, path, reason) is None and repository.registrations(mirror).get(name) == path:
        repository.remove_registration(start, name)
    if made is not None and made.branch and made.kind == "worktree" and mirror.is_dir():
        _delete_branch(mirror, f"refs/heads/{made.branch}")


def _delete_branch(mirror: Path, ref: str) -> None:
    """Delete the branch that a workspace was made with, unless another worktree is on it."""
    with repository.lock(mirror):
        heads = [head.read_text(errors="surrogateescape").strip() for head in mirror.glob("worktrees/*/HEAD")]
        if f"ref: {ref}" not in heads:
            Git(git_dir=mirror).run("update-ref", "-d", ref)
