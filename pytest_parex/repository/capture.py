"""Capture: whatever a variant has done becomes a commit, a ref and a patch.

Nothing that the variant could have written is trusted. Files are read through an index of parex's own and with the
mirror's `captures.git` as git directory; the workspace's own `.git` may be deleted, corrupt or hostile. Only its HEAD
and its index are looked at, as data: for the commits that the variant made, and the ignored files that it has added.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base, Changes, FileChange
from pytest_parex.repository.changes import write_patch
from pytest_parex.repository.commits import commit_tree, keep_commits, tree_and_date
from pytest_parex.repository.forced import add_forced
from pytest_parex.repository.git import Git
from pytest_parex.repository.head import read_regular
from pytest_parex.repository.locking import lock
from pytest_parex.repository.manifest import captures
from pytest_parex.repository.mirror import borrow_objects
from pytest_parex.repository.staging import Staging, make_readable
from pytest_parex.repository.submodules import filled_submodules, submodules_of
from pytest_parex.repository.worktree import remembered_index


def capture(
    workspace: Path, *, start: Base, base: Base, git_dir: Path | None, ref: str, attempt_directory: Path
) -> Changes:
    """Keep the committed, staged, unstaged and untracked work of a workspace that nobody writes to any more.

    `start` is where the workspace began, `base` what the work is compared with, `git_dir` its own git directory (None
    if it has none). The commit is stored in the base's captures under `ref`, which is overwritten; its parent is the
    workspace's HEAD if that descends from the start, else the start. `changes.patch` is written to the attempt's
    directory. What was done in a submodule is part of the patch, and a commit in that submodule's captures, under the
    same ref. Raises WorkspaceError if the workspace has vanished, after keeping what was committed in it.
    """
    mirror = Path(base.mirror)
    if start.mirror != base.mirror:
        with lock(mirror):
            borrow_objects(mirror, Path(start.mirror))
    patch = attempt_directory / "changes.patch"
    with tempfile.TemporaryDirectory(prefix="capturing-", dir=attempt_directory) as folder:
        captured = _capture(_Scene(workspace, start, base, git_dir, ref, Path(folder)), patch, "")
    return Changes(
        base=base.commit,
        commit=captured.commit,
        ref=ref,
        mirror=str(captures(mirror)),
        files=captured.files,
        left_out=captured.unread,
    )


class _Scene(NamedTuple):
    """A workspace, or a submodule in one, and where to work on it."""

    workspace: Path
    start: Base
    base: Base
    git_dir: Path | None
    ref: str
    folder: Path

    @property
    def store(self) -> Git:
        return Git(git_dir=captures(Path(self.base.mirror)))


class _Captured(NamedTuple):
    commit: str
    files: tuple[FileChange, ...]
    unread: tuple[str, ...]


def _capture(scene: _Scene, patch: Path, prefix: str) -> _Captured:
    """Capture one repository with the submodules in it; `prefix` goes before its paths."""
    workspace, start, base, store = scene.workspace, scene.start, scene.base, scene.store
    head = keep_commits(store, start, scene.git_dir, scene.folder)
    if workspace.is_symlink() or not workspace.is_dir():
        store("update-ref", scene.ref, head)
        write_patch(store, patch, prefix, "diff-tree", "-r", base.commit, head)
        kept = f"what was committed in it is kept as {scene.ref}" if head != start.commit else "nothing was committed"
        raise WorkspaceError(f"the workspace {workspace} vanished while the trial ran; {kept}")
    seed = remembered_index(workspace, start)
    if not seed.exists():
        _rebuild(scene, seed)
    links = submodules_of(start)
    staging = Staging(replace(store, work_tree=workspace), scene.folder / "index", seed, leave_out=tuple(links))
    unread: tuple[str, ...] = ()
    if not staging.everything():
        make_readable(workspace)
        unread = staging.closely()
    if scene.git_dir is not None:
        add_forced(staging, scene.git_dir / "index", start)
    inner = _capture_submodules(scene, staging, prefix) if links else {}
    unread = (*(prefix + path for path in unread), *(path for found in inner.values() for path in found.unread))
    commit, files = _commit(scene, staging, head, patch, prefix, tuple(inner))
    for number, found in enumerate(inner.values()):
        files = (*files, *found.files)
        with patch.open("ab") as whole, _inner_patch(scene, number).open("rb") as part:
            shutil.copyfileobj(part, whole)
    store("update-ref", scene.ref, commit)
    return _Captured(commit, files, unread)


def _commit(
    scene: _Scene, staging: Staging, head: str, patch: Path, prefix: str, separately: tuple[str, ...]
) -> tuple[str, tuple[FileChange, ...]]:
    """The commit of what is staged (no new one if it adds nothing to HEAD), and what it changes."""
    untouched = head == scene.start.commit == scene.base.commit
    assert staging.seed is not None
    if untouched and filecmp.cmp(staging.index, staging.seed, shallow=False):
        patch.write_bytes(b"")
        return head, ()
    excluded = ["--", ":/", *(f":(top,exclude,literal){path}" for path in separately)] if separately else []
    files = write_patch(staging.staged, patch, prefix, "diff-index", "--cached", scene.base.commit, *excluded)
    if untouched and not files and not separately:
        return head, files
    tree = staging.staged("write-tree")
    known, seconds = tree_and_date(scene.store, head)
    if tree == known:
        return head, files
    return commit_tree(scene.store, tree, head, f"work captured as {scene.ref}", seconds), files


def _capture_submodules(scene: _Scene, staging: Staging, prefix: str) -> dict[str, _Captured]:
    """Capture the submodules that parex has filled, and stage what became of all of them."""
    filled = filled_submodules(scene.workspace, scene.start)
    captured: dict[str, _Captured] = {}
    for path, commit in submodules_of(scene.start).items():
        place = scene.workspace / path
        if place.is_dir() and not place.is_symlink():
            if path in filled:
                folder = scene.folder / f"submodule-{len(captured)}"
                folder.mkdir()
                inner = _Scene(place, filled[path], filled[path], place / ".git", scene.ref, folder)
                found = _capture(inner, _inner_patch(scene, len(captured)), f"{prefix}{path}/")
                captured[path] = found
                if found.commit != commit:
                    staging.staged("update-index", "--cacheinfo", f"160000,{found.commit},{path}")
        elif os.path.lexists(place):
            staging.staged("update-index", "--add", "--replace", "-z", "--stdin", input=f"{path}\0")
        elif path in filled:
            staging.staged("update-index", "--force-remove", "-z", "--stdin", input=f"{path}\0")
    return captured


def _inner_patch(scene: _Scene, number: int) -> Path:
    return scene.folder / f"submodule-{number}.patch"


def _rebuild(scene: _Scene, seed: Path) -> None:
    """Make an index of the start without knowing the workspace's files; every file will be read."""
    git = replace(scene.store, env={"GIT_INDEX_FILE": str(seed)})
    rules = read_regular(scene.git_dir / "info" / "sparse-checkout") if scene.git_dir is not None else b""
    if not rules:
        git("read-tree", scene.start.commit)
        return
    # Which files are left out is only decided where files are written.
    assert scene.git_dir is not None
    aside = scene.folder / "sparse"
    aside.mkdir()
    sparse = {"core.sparseCheckout": "true", "core.sparseCheckoutCone": "true"}
    common = {"GIT_COMMON_DIR": str(scene.store.git_dir)}
    replace(git, git_dir=scene.git_dir, work_tree=aside, env={**git.env, **common}, settings=sparse)(
        "read-tree", "--reset", "-u", scene.start.commit
    )
