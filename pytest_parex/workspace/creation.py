"""Making a workspace: a transaction that the attempt's journal can tell the whole of.

Intent (with the identity of a still empty folder) → made → filled → asserted. Whatever fails in between, what this call
made is taken away again, and nothing else; a process that is killed leaves a journal that says what is its own.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from pytest_parex import repository
from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Emit, Plan, Trial
from pytest_parex.planning import template_names
from pytest_parex.spec import render
from pytest_parex.workspace.asserting import assert_pristine
from pytest_parex.workspace.capturing import given_work
from pytest_parex.workspace.contents import carry_over, copy_case_file
from pytest_parex.workspace.environment import facts, variant_environment
from pytest_parex.workspace.kinds import KINDS, kind_of
from pytest_parex.workspace.overlay import lay
from pytest_parex.workspace.ownership import EVENT, Made, path_of, reason_of
from pytest_parex.workspace.place import Given, Workspace, traces
from pytest_parex.workspace.ports import lease
from pytest_parex.workspace.removal import GONE, discard, make_room
from pytest_parex.workspace.roots import aside, leave, new_folder, token
from pytest_parex.workspace.submodules import add_submodules


def create(
    plan: Plan, trial: Trial, *, attempt: int, directory: Path, emit: Emit, environ: Mapping[str, str]
) -> Workspace:
    """Make the workspace of this attempt, at the same path as those of earlier attempts.

    `directory` is the attempt's, `emit` journals it, `environ` is the caller's environment. The workspace of an earlier
    attempt is captured, unless that was done, and removed. Raises WorkspaceError, after taking away what was made; what
    somebody else has put at the path is left alone.
    """
    path = path_of(plan, trial)
    if any(character in str(path) for character in ":\n"):
        raise WorkspaceError(f"{path} cannot be on a PATH: choose a `workspace.root` without colons and line breaks")
    kind = kind_of(plan, trial)
    branch = _branch_of(plan, trial, kind)
    start = plan.start_of(trial.variant)
    make_room(plan, trial, emit)
    with contextlib.ExitStack() as undo:
        leased = lease(plan.experiment.workspace.ports, environ, str(path))
        undo.callback(leased.release)
        claimed = Made(path, attempt, "creating", kind, _claim(path, kind, branch, emit), branch)
        undo.callback(_undo, plan, trial, claimed, emit)
        try:
            made = KINDS[kind].make(start, path, reason_of(plan, trial))
            emit(EVENT, state="created", git_dir=str(made.git_dir))
            if branch is not None and made.git_dir is not None:
                repository.create_branch(start, made.git_dir, branch)
            given, notices = _fill(plan, trial, attempt, directory, made.git_dir, emit)
            case_file = copy_case_file(plan, trial, directory)
        except OSError as error:
            raise WorkspaceError(f"the workspace {path} cannot be filled: {error}") from error
        env = environment_of(plan, trial, kind, environ, attempt, case_file, leased.ports)
        too_long = facts(plan, trial).keys() - env.keys()
        notices += tuple(f"{name} is too long for an environment variable: it is not set" for name in sorted(too_long))
        emit(EVENT, state="ready", commit=start.commit, ports=dict(leased.ports))
        undo.pop_all()
    for notice in (*made.notices, *notices):
        emit("note", text=notice)
    return Workspace(
        path=path,
        kind=kind,
        start=start,
        base=plan.base_of(trial.variant),
        env=env,
        notices=(*made.notices, *notices),
        git_dir=made.git_dir,
        given=given,
        lease=leased,
    )


def environment_of(
    plan: Plan,
    trial: Trial,
    kind: str,
    environ: Mapping[str, str],
    attempt: int,
    case_file: Path | None,
    ports: Mapping[str, int],
) -> dict[str, str]:
    """The environment of a workspace of this kind, before setup."""
    return variant_environment(
        plan,
        trial,
        path_of(plan, trial),
        environ,
        attempt=attempt,
        case_file=case_file,
        ports=ports,
        kind_env=KINDS[kind].env,
        git_config=_sparse_settings(plan),
    )


def _claim(path: Path, kind: str, branch: str | None, emit: Emit) -> int:
    """Put an empty folder of ours at the path; its inode is in the journal before it is there."""
    folder = new_folder(path.parent, aside(path, token()))
    found = folder.stat()
    emit(EVENT, state="creating", path=str(path), kind=kind, branch=branch, inode=found.st_ino, device=found.st_dev)
    try:
        if os.path.lexists(path):  # renaming would replace an empty folder
            raise FileExistsError(errno.EEXIST, "somebody has just put something there, which is left alone")
        folder.rename(path)
    except OSError as error:
        folder.rmdir()
        leave(path.parent)
        emit(EVENT, state="removed")
        raise WorkspaceError(f"the workspace {path} cannot be made: {error.strerror}") from None
    return found.st_ino


def _undo(plan: Plan, trial: Trial, claimed: Made, emit: Emit) -> None:
    removal = discard(plan, trial, claimed)
    if removal.outcome in GONE:
        emit(EVENT, state="removed")
    else:
        emit("note", text=removal.message)


def _fill(
    plan: Plan, trial: Trial, attempt: int, directory: Path, git_dir: Path | None, emit: Emit
) -> tuple[Given, tuple[str, ...]]:
    """Everything that comes into the workspace; returns the given work, and notices."""
    path, start, base = path_of(plan, trial), plan.start_of(trial.variant), plan.base_of(trial.variant)
    settings, variant = plan.experiment.workspace, plan.experiment.variants[trial.variant]
    repository.populate(path, start, git_dir, sparse=settings.sparse)
    notices = assert_pristine(path, start, git_dir, directory)
    if settings.submodules:
        add_submodules(start, path, with_repositories=git_dir is not None)
    commit = start.commit
    if variant.patch is not None:
        repository.apply_patch(path, start, Path(plan.spec).parent / variant.patch)
        commit = given_work(plan, trial, attempt, directory, git_dir)
    given = Given(commit, traces(path))
    lay(variant.files, Path(plan.spec).parent, path)
    return given, (*notices, *carry_over(plan, base, path, directory, emit))


def _branch_of(plan: Plan, trial: Trial, kind: str) -> str | None:
    template = plan.experiment.workspace.branch
    if template is None:
        return None
    if kind == "copy":
        raise WorkspaceError("workspace.branch: a copy has no repository and no branches: use the kind clone")
    return str(render(template, template_names(plan.experiment, trial)))


def _sparse_settings(plan: Plan) -> dict[str, str]:
    """Git forgets about left-out files as soon as a command of the variant runs without these."""
    asked = plan.experiment.workspace.sparse
    return {"core.sparseCheckout": "true", "core.sparseCheckoutCone": "true"} if asked else {}
