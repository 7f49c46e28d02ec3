"""Worktrees of a mirror: registered, filled with files, given a branch, and taken off the register again.

A registration is what gitrepository-layout(5) says: a folder under `worktrees/` with `HEAD`, `commondir`, `gitdir` and
`locked`. `git worktree add` shows it to other git processes while it is half written, and they then fail, or it does;
here it is written aside and renamed into place, so that nobody ever sees a part of it. It stays locked, because
`git worktree prune` must not take it away while a workspace is out of sight.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytest_parex.errors import GitError, WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.git import FROM_AFAR, Git
from pytest_parex.repository.head import read_regular
from pytest_parex.repository.locking import lock
from pytest_parex.repository.manifest import PROMISOR, Manifest, captures, read_manifest, update_packs
from pytest_parex.repository.mirror import link_packs
from pytest_parex.repository.settings import protect_settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def register_worktree(start: Base, workspace: Path, *, name: str, reason: str) -> Path:
    """Make a worktree without files at a path that is free or an empty folder; returns its git directory.

    HEAD is detached on the start. `name` is the registration's, `reason` says who keeps it locked. Raises
    WorkspaceError if either the name or the path is taken; nothing is left behind then.
    """
    if not _NAME.fullmatch(name):
        raise WorkspaceError(f"{name!r} cannot name a worktree: use letters, digits, '-', '_' and '.'")
    mirror = Path(start.mirror)
    git_dir = mirror / "worktrees" / name
    pointer = workspace / ".git"
    with lock(mirror):
        protect_settings(mirror)
        if git_dir.exists():
            raise WorkspaceError(f"worktree {name!r} is registered in {mirror} already, for {_place_of(git_dir)}")
        claim_folder(workspace)
        aside = mirror / "parex" / f"registering-{secrets.token_hex(4)}"
        aside.mkdir()
        try:
            for file, text in (
                ("HEAD", start.commit),
                ("commondir", "../.."),
                ("gitdir", str(pointer)),
                ("locked", reason.replace("\n", " ")),
            ):
                (aside / file).write_text(f"{text}\n", errors="surrogateescape")
            git_dir.parent.mkdir(exist_ok=True)
            aside.rename(git_dir)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        pointer.write_text(f"gitdir: {git_dir}\n", errors="surrogateescape")
    return git_dir


def claim_folder(workspace: Path) -> None:
    """Make the workspace's folder, or take an empty one that is there; WorkspaceError if anything is in the way."""
    try:
        workspace.mkdir(parents=True)
    except FileExistsError:
        if workspace.is_symlink() or not workspace.is_dir() or any(workspace.iterdir()):
            raise WorkspaceError(f"{workspace} exists already and is not an empty folder: it is left alone") from None
    except OSError as fault:
        raise WorkspaceError(f"{workspace} cannot be made: {fault.strerror}") from fault


def populate(workspace: Path, start: Base, git_dir: Path | None, *, sparse: Sequence[str] = ()) -> None:
    """Write the start's files into an empty workspace, and the index into its git directory, if it has one.

    Safe to do for many workspaces at once. `sparse` names folders: only they, and files beside them and above, are
    written, as `git sparse-checkout` does in cone mode. The index is also remembered where variants do not meet it, so
    that capturing an untouched workspace reads no file.
    """
    settings = {}
    if sparse:
        if git_dir is None:
            raise WorkspaceError("`sparse` needs a workspace with a git directory: use the kind worktree or clone")
        settings = {"core.sparseCheckout": "true", "core.sparseCheckoutCone": "true"}
        (git_dir / "info").mkdir(exist_ok=True)
        (git_dir / "info" / "sparse-checkout").write_text(_cone(sparse), errors="surrogateescape")
    git = replace(workspace_git(workspace, start, git_dir), settings=settings)
    manifest = read_manifest(Path(start.mirror))
    try:
        git("read-tree", "--reset", "-u", start.commit)
    except GitError:
        if not manifest.promisor:
            raise
        _populate_from_afar(git, Path(start.mirror), manifest)
    if git_dir is not None:
        remember_index(workspace, start, git_dir / "index")


def _populate_from_afar(git: Git, mirror: Path, manifest: Manifest) -> None:
    """Fetch into the mirror what a partial clone has left out, on the way to the files of a workspace."""
    remote = f"remote.{PROMISOR}"
    with lock(mirror):
        replace(
            git,
            env={**git.env, "GIT_OBJECT_DIRECTORY": str(mirror / "objects")},
            settings={**git.settings, f"{remote}.promisor": "true", f"{remote}.url": manifest.promisor},
        )("read-tree", "--reset", "-u", manifest.commit, timeout=FROM_AFAR)
        update_packs(mirror)
    if git.git_dir is not None and (git.git_dir / "objects").is_dir():
        link_packs(mirror, git.git_dir)


def workspace_git(workspace: Path, start: Base, git_dir: Path | None) -> Git:
    """git on a workspace that takes HEAD and index from its git directory, but trusts none of its settings or hooks."""
    common = captures(Path(start.mirror))
    if git_dir is None:
        env = {"GIT_INDEX_FILE": str(remembered_index(workspace, start))}
        return Git(git_dir=common, work_tree=workspace, env=env)
    return Git(git_dir=git_dir, work_tree=workspace, env={"GIT_COMMON_DIR": str(common)})


def remember_index(workspace: Path, start: Base, index: Path) -> None:
    """Keep a copy of an index that describes the workspace as it is now: what capture compares with."""
    target = remembered_index(workspace, start)
    target.parent.mkdir(exist_ok=True)
    written = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    # With its time: git re-reads a file that changed at the very moment when its index was written.
    shutil.copy2(index, written)
    written.replace(target)


def remembered_index(workspace: Path, start: Base) -> Path:
    """Where the index of a workspace is remembered: beside the mirrors, for whatever mirror it started from."""
    key = hashlib.sha256(os.fsencode(workspace.absolute())).hexdigest()[:20]
    folder = Path(start.mirror).parent / "indexes"
    folder.mkdir(exist_ok=True)
    return folder / key


def create_branch(start: Base, git_dir: Path, name: str) -> None:
    """Put a new branch on the start and check it out, without touching files. WorkspaceError if the name is taken."""
    git = Git(git_dir=git_dir)
    if git.run("check-ref-format", "--branch", name).exit_code:
        raise WorkspaceError(f"workspace.branch: {name!r} is no name that git allows for a branch")
    with lock(Path(start.mirror)):
        try:
            git("update-ref", f"refs/heads/{name}", start.commit, "")
        except GitError as fault:
            raise WorkspaceError(
                f"workspace.branch: {name!r} cannot be made; workspaces of the kind worktree share their branches, so "
                f"the name must differ for each trial ({fault})"
            ) from fault
        git("symbolic-ref", "HEAD", f"refs/heads/{name}")
        _note(Path(start.mirror), "branches", f"refs/heads/{name}")


def registrations(mirror: Path) -> dict[str, Path]:
    """Name of each registered worktree → its workspace."""
    folder = mirror / "worktrees"
    return {entry.name: _place_of(entry) for entry in sorted(folder.iterdir())} if folder.is_dir() else {}


def remove_registration(start: Base, name: str) -> bool:
    """Take one worktree off the register, and nothing else; whether it was there. Its files are not touched."""
    mirror = Path(start.mirror)
    git_dir = mirror / "worktrees" / name
    aside = mirror / "parex" / f"removing-{secrets.token_hex(4)}"
    with lock(mirror):
        workspace = _place_of(git_dir)
        head = os.fsdecode(read_regular(git_dir / "HEAD")).strip()
        try:
            git_dir.rename(aside)
        except FileNotFoundError:
            return False
        _note(mirror, "removed", name)
        _note(mirror, "branches", head.removeprefix("ref: "))
    remembered_index(workspace, start).unlink(missing_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _note(mirror: Path, about: str, line: str) -> None:
    """Tell the audit what parex itself did to a mirror."""
    with (mirror / "parex" / about).open("a", errors="surrogateescape") as notes:
        notes.write(f"{line}\n")


def _place_of(git_dir: Path) -> Path:
    try:
        return Path((git_dir / "gitdir").read_text(errors="surrogateescape").removesuffix("\n")).parent
    except OSError:
        return Path("unknown")


def _cone(folders: Sequence[str]) -> str:
    wanted = {folder.strip("/") for folder in folders if folder.strip("/")}
    above = {str(parent) for folder in wanted for parent in Path(folder).parents if str(parent) != "."} - wanted
    lines = ["/*", "!/*/"]
    for folder in sorted(wanted | above):
        lines.append(f"/{folder}/")
        if folder in above:
            lines.append(f"!/{folder}/*/")
    return "".join(f"{line}\n" for line in lines)
