"""Capture: whatever a variant has done becomes a commit, a ref and a patch.

Nothing that the variant could have written is trusted. Files are read through an index of parex's own and with the
mirror's `captures.git` as git directory; the workspace's own `.git` may be deleted, corrupt or hostile. Only its HEAD
is looked at, as data, to keep the variant's commits as the parents of the captured one.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from pytest_parex.errors import GitError, WorkspaceError
from pytest_parex.model import Base, Changes, FileChange
from pytest_parex.repository.changes import write_patch
from pytest_parex.repository.git import Git
from pytest_parex.repository.head import head_of, read_regular
from pytest_parex.repository.history import alternates, pack
from pytest_parex.repository.mirror import borrow_objects, captures, lock
from pytest_parex.repository.staging import Staging, make_readable
from pytest_parex.repository.worktree import remembered_index

_PATIENCE = 120.0
"""Seconds for commands that read objects which the variant wrote."""


def capture(
    workspace: Path, *, start: Base, base: Base, git_dir: Path | None, ref: str, attempt_directory: Path
) -> Changes:
    """Keep the committed, staged, unstaged and untracked work of a workspace that nobody writes to any more.

    `start` is where the workspace began, `base` what the work is compared with, `git_dir` its own git directory (None
    if it has none). The commit is stored in the base's captures under `ref`, which is overwritten; its parent is the
    workspace's HEAD if that descends from the start, else the start. `changes.patch` is written to the attempt's
    directory. Raises WorkspaceError if the workspace has vanished, after keeping what was committed in it.
    """
    mirror = Path(base.mirror)
    if start.mirror != base.mirror:
        with lock(mirror):
            borrow_objects(mirror, Path(start.mirror))
    store = Git(git_dir=captures(mirror))
    head = _keep_commits(store, start, git_dir, attempt_directory)
    patch = attempt_directory / "changes.patch"
    if workspace.is_symlink() or not workspace.is_dir():
        store("update-ref", ref, head)
        write_patch(store, patch, "diff-tree", "-r", base.commit, head)
        kept = f"what was committed in it is kept as {ref}" if head != start.commit else "nothing was committed in it"
        raise WorkspaceError(f"the workspace {workspace} vanished while the trial ran; {kept}")
    index = attempt_directory / "capture.index"
    try:
        commit, files, unread = _capture_files(
            replace(store, work_tree=workspace), index, start, base, head, git_dir, patch, ref
        )
    finally:
        index.unlink(missing_ok=True)
    store("update-ref", ref, commit)
    return Changes(base=base.commit, commit=commit, ref=ref, mirror=str(captures(mirror)), files=files, left_out=unread)


def _capture_files(
    git: Git, index: Path, start: Base, base: Base, head: str, git_dir: Path | None, patch: Path, ref: str
) -> tuple[str, tuple[FileChange, ...], tuple[str, ...]]:
    assert git.work_tree is not None
    seed = remembered_index(git.work_tree, start)
    if not seed.exists():
        _rebuild(git, seed, start, git_dir)
    staging = Staging(git, index, seed)
    unread: tuple[str, ...] = ()
    if not staging.everything():
        make_readable(git.work_tree)
        unread = staging.closely()
    if git_dir is not None:
        _add_forced(staging, git_dir / "index", start)
    nothing_new = head == start.commit == base.commit
    if nothing_new and filecmp.cmp(index, seed, shallow=False):
        patch.write_bytes(b"")
        return head, (), unread
    files = write_patch(staging.staged, patch, "diff-index", "--cached", base.commit)
    if nothing_new and not files:
        return head, files, unread
    tree = staging.staged("write-tree")
    if not nothing_new and tree == git("rev-parse", f"{head}^{{tree}}"):
        return head, files, unread
    return git("commit-tree", "-p", head, "-m", f"work captured as {ref}", tree), files, unread


def _keep_commits(store: Git, start: Base, git_dir: Path | None, folder: Path) -> str:
    """Copy the commits from the start to the workspace's HEAD, and return it; the start, if that cannot be done."""
    if git_dir is None:
        return start.commit
    mirror = Path(start.mirror)
    common = mirror if git_dir.is_relative_to(mirror) else git_dir
    head = head_of(git_dir, common)
    if head is None or head == start.commit:
        return start.commit
    reading = replace(store, env=alternates(common / "objects"))
    try:
        if reading.run("merge-base", "--is-ancestor", start.commit, head, timeout=_PATIENCE).exit_code:
            return start.commit
        with tempfile.TemporaryDirectory(dir=folder) as packing:
            pack(reading, head, start.commit, Path(packing), timeout=_PATIENCE)
            for made in Path(packing).glob("*.pack"):
                # Indexed anew: what the variant's files claim to be is not believed.
                made.with_suffix(".idx").unlink()
                store("index-pack", "--strict", made, timeout=_PATIENCE)
            for made in sorted(Path(packing).iterdir(), key=lambda file: file.suffix == ".idx"):
                shutil.move(made, Path(store.git_dir or ".") / "objects" / "pack" / made.name)
    except GitError:
        return start.commit  # the files are captured all the same
    return head


def _rebuild(git: Git, seed: Path, start: Base, git_dir: Path | None) -> None:
    """Make an index of the start without knowing the workspace's files; every file will be read."""
    reading = replace(git, env={"GIT_INDEX_FILE": str(seed)})
    if git_dir is not None and read_regular(git_dir / "info" / "sparse-checkout"):
        reading = Git(
            git_dir=git_dir,
            work_tree=git.work_tree,
            env={**reading.env, "GIT_COMMON_DIR": str(git.git_dir)},
            settings={"core.sparseCheckout": "true"},
        )
    reading("read-tree", "--reset", start.commit)


def _add_forced(staging: Staging, theirs: Path, start: Base) -> None:
    """Stage what the variant has told its own git to keep although it is ignored (`git add --force`)."""
    assert staging.seed is not None
    assert staging.git.work_tree is not None
    content = read_regular(theirs)
    if not content or content == read_regular(staging.seed):
        return
    copy = staging.index.with_name("workspace.index")
    copy.write_bytes(content)
    try:
        asked = replace(staging.git, env={"GIT_INDEX_FILE": str(copy)})
        added = asked.fields("diff-index", "--cached", "-z", "--name-only", "--diff-filter=A", start.commit)
    except GitError:
        return  # an index that cannot be read says nothing
    finally:
        copy.unlink()
    top = staging.git.work_tree
    files = [path for path in added if _is_file_below(top, path)]
    if files:
        staging.staged.run(
            "add", "--force", "--sparse", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul",
            input="".join(f":(top,literal){path}\0" for path in files),
        )  # fmt: skip


def _is_file_below(top: Path, path: str) -> bool:
    *folders, name = path.split("/")
    place = top
    for folder in folders:
        place /= folder
        if place.is_symlink() or os.path.lexists(place / ".git"):
            return False
    return (place / name).is_symlink() or (place / name).is_file()
