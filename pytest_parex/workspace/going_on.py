"""Going on in the workspace of an earlier attempt: the same folder, ports, git directory and comparison, as it is.

Nothing is made and no setup is run. The journal of the new attempt then tells of the workspace as its own, so that from
here on rescuing and removing treat it as this attempt's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from pytest_parex.model import Emit, Plan, Trial
from pytest_parex.workspace.capturing import compared_with
from pytest_parex.workspace.contents import copy_case_file
from pytest_parex.workspace.creation import environment_of
from pytest_parex.workspace.kinds import git_dir_of
from pytest_parex.workspace.ownership import EVENT, SET_UP, Made, is_ours, last_made
from pytest_parex.workspace.place import Workspace
from pytest_parex.workspace.ports import lease_again


def take_over(
    plan: Plan, trial: Trial, *, earlier: int, attempt: int, directory: Path, emit: Emit, environ: Mapping[str, str]
) -> Workspace | None:
    """Go on in the workspace of the attempt `earlier`, or of the one that this one has gone on from.

    None if that cannot be, with the reason in the journal: then the attempt starts afresh. The earlier attempt has
    ended, perhaps in a process that is dead, and its work is captured; the caller holds the trial's claim.
    """
    made = last_made(plan, trial)
    leased, why = None, ""
    if made is None or made.attempt > earlier or made.state not in SET_UP or made.env is None:
        why = "it has no workspace that was set up"
    elif not is_ours(made.path, made):
        why = f"{made.path} is not there any more as parex has made it"
    elif (leased := lease_again(made.ports, environ)) is None:
        why = f"its ports are not free any more ({', '.join(map(str, made.ports.values()))})"
    if made is None or made.env is None or leased is None:
        emit("note", text=f"attempt {earlier} cannot be gone on from, and this one starts afresh: {why}")
        return None
    with contextlib.ExitStack() as undo:
        undo.callback(leased.release)
        case_file = copy_case_file(plan, trial, directory)
        env = environment_of(plan, trial, made.kind, environ, attempt, case_file, made.ports)
        emit(EVENT, state="taken over", earlier=made.attempt, **_identity(made))
        undo.pop_all()
    start = plan.start_of(trial.variant)
    return Workspace(
        path=made.path,
        kind=made.kind,
        start=start,
        base=compared_with(plan, trial, made),
        env=_changed(env, made.env),
        git_dir=git_dir_of(made.kind, start, made.path),
        earlier=made.attempt,
        lease=leased,
    )


def _identity(made: Made) -> dict[str, object]:
    """What the new attempt's journal has to tell of the workspace, so that it can be read without the earlier one's."""
    return {
        "path": str(made.path),
        "kind": made.kind,
        "branch": made.branch,
        "inode": made.inode,
        "compared_with": made.compared_with,
        "ports": dict(made.ports),
        "env": made.env,
    }


def _changed(env: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    both = {**env, **changes}
    return {name: value for name, value in both.items() if value is not None}
