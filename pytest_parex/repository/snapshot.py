"""The uncommitted changes of a checkout, made into a commit without touching the checkout or its repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository.commits import commit_tree, tree_and_date
from pytest_parex.repository.git import Git
from pytest_parex.repository.history import alternates, pack, pack_partial
from pytest_parex.repository.large_files import storing_aside
from pytest_parex.repository.manifest import Manifest
from pytest_parex.repository.source import READ_ONLY, Source
from pytest_parex.repository.staging import Staging

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
}


@dataclass(frozen=True)
class Uncommitted:
    """What differs in a checkout from its HEAD."""

    paths: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    dirty_submodules: tuple[str, ...] = ()

    def listed(self) -> str:
        """The first few paths, for a message."""
        shown = ", ".join(self.paths[:5])
        return f"{shown}, …" if len(self.paths) > 5 else shown


def uncommitted(source: Source, leave_out: Sequence[str], folder: Path) -> Uncommitted:
    """What differs from HEAD: changed, added, removed, and untracked unless ignored or left out.

    `folder` takes what git-lfs may write meanwhile.
    """
    with storing_aside(folder) as settings:
        git = replace(source.git, settings=settings)
        records = iter(git.fields("status", "--porcelain=v2", "-z", "--untracked-files=all"))
    paths, conflicts, submodules = [], [], []
    for record in records:
        kind, _, rest = record.partition(" ")
        if kind == "?":
            path = rest
            if any(path.rstrip("/") == left or path.startswith(f"{left}/") for left in leave_out):
                continue
        else:
            # `1 XY sub mH mI mW hH hI path`, `2 … path NUL old path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`
            fields = rest.split(" ", {"1": 7, "2": 8, "u": 9}[kind])
            path = fields[-1]
            if kind == "2":
                next(records)
            if kind == "u":
                conflicts.append(path)
            if fields[1].startswith("S") and ("M" in fields[1] or "U" in fields[1]):
                submodules.append(path)
        paths.append(path)
    return Uncommitted(tuple(paths), tuple(conflicts), tuple(submodules))


def under_way(source: Source) -> str:
    """What is half done in this checkout (`a merge`, `a rebase`), or nothing."""
    assert source.git_dir is not None
    return next((words for name, words in _UNDER_WAY.items() if (source.git_dir / name).exists()), "")


def take(
    source: Source, head: Path, wanted: Manifest, changes: Uncommitted, leave_out: Sequence[str], folder: Path
) -> tuple[str, ...]:
    """Make the snapshot: a pack in `folder`, which builds on the mirror of HEAD that `head` and `wanted` describe.

    Returns its commit, then the nested repositories that it leaves out.
    """
    _refuse_half_done(source, changes)
    assert source.git_dir is not None
    assert source.common_dir is not None
    objects = folder / "objects"
    objects.mkdir()
    # The mirror's objects, not the user's: git renews the time of a file that has an object which it is about to write.
    git = Git(
        git_dir=source.git_dir,
        work_tree=source.checkout,
        env={**READ_ONLY, "GIT_OBJECT_DIRECTORY": str(objects), **alternates(head / "objects")},
        settings={"lfs.storage": str(folder / "lfs")},
    )
    staging = Staging(git, folder / "index", seed=source.git_dir / "index", leave_out=tuple(leave_out))
    nested: list[str] = []
    if not staging.everything():
        nested = staging.nested()
        if unread := staging.around(nested):
            raise WorkspaceError(
                f"{source.checkout} holds what cannot be read ({', '.join(unread[:5])}): make it readable, "
                "let git ignore it, or set `dirty: head`"
            )
    tree = staging.staged("write-tree", "--missing-ok")
    _, seconds = tree_and_date(git, wanted.commit)
    commit = commit_tree(git, tree, wanted.commit, "snapshot of uncommitted changes", seconds)
    # Now the user's objects too: what was staged, and has not changed since, is only there.
    both = {**git.env, **alternates(head / "objects", source.common_dir / "objects")}
    write = pack_partial if wanted.promisor else pack
    write(replace(git, env=both), commit, wanted.commit, folder / "pack")
    return commit, *nested


def _refuse_half_done(source: Source, changes: Uncommitted) -> None:
    doing = under_way(source)
    if doing or changes.conflicts:
        what = f"{doing} under way" if doing else f"conflicts ({', '.join(changes.conflicts[:5])})"
        raise WorkspaceError(
            f"{source.checkout} has {what}: finish it, or set `dirty: head` to start from the last commit"
        )
    if changes.dirty_submodules:
        raise WorkspaceError(
            f"the submodule {changes.dirty_submodules[0]} of {source.checkout} has uncommitted changes of its own: "
            "commit them there, or set `dirty: head`"
        )
