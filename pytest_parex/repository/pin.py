"""Pin a base: decide once which commit the workspaces start on, and put it into a mirror."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.commits import commit_tree
from pytest_parex.repository.git import Git
from pytest_parex.repository.history import describe, fill_from_repository, pack
from pytest_parex.repository.large_files import link_all
from pytest_parex.repository.manifest import Manifest
from pytest_parex.repository.mirror import Mirrors, link_packs
from pytest_parex.repository.remote import pin_url
from pytest_parex.repository.revision import branch_of, resolve
from pytest_parex.repository.snapshot import Uncommitted, take, uncommitted
from pytest_parex.repository.source import Source
from pytest_parex.repository.staging import Staging

_IMPORTED = "946684800"  # the first second of 2000: a directory has no date of its own


def pin(
    source: Source, ref: str, *, dirty: str, sources: Path, leave_out: Sequence[Path] = ()
) -> tuple[Base, tuple[str, ...]]:
    """Resolve a ref of a source to one commit and make sure that a mirror under `sources` holds it.

    `dirty` (snapshot, head, error) says what becomes of uncommitted changes when the ref is HEAD. `leave_out` are paths
    that variants must not see: kept out of a snapshot, refused if the history has them. Returns the base, and notices
    for people. Nothing of the source is written. Raises WorkspaceError, saying what to do.
    """
    sources.mkdir(parents=True, exist_ok=True)
    if source.kind == "url":
        return pin_url(source, ref, sources), ()
    if source.kind == "directory":
        return _pin_directory(source, ref, sources, leave_out)
    return _pin_repository(source, ref, dirty, sources, leave_out)


def _pin_repository(
    source: Source, ref: str, dirty: str, sources: Path, leave_out: Sequence[Path]
) -> tuple[Base, tuple[str, ...]]:
    commit, chosen = resolve(source, ref)
    hidden = _hidden(source, leave_out)
    _refuse_known(source, commit, hidden)
    mirrors = Mirrors(sources, Path(source.location).name.removesuffix(".git"), source.identity)
    left_out = [*hidden, *_inside(source, [sources.parent])]
    changes = uncommitted(source, left_out, sources) if ref == "HEAD" and source.checkout else Uncommitted()
    if changes.paths and dirty == "error":
        raise WorkspaceError(
            f"{source.name} has uncommitted changes ({changes.listed()}), and the spec says `dirty: error`: "
            "commit them, or set `dirty: snapshot` or `dirty: head`"
        )
    notices: list[str] = []
    with mirrors.locked():
        wanted = describe(source, commit, commit)
        history = mirrors.obtain(wanted, partial(fill_from_repository, source, wanted, mirrors))
        mirror = history
        if changes.paths and dirty == "head":
            notices.append(f"{_counted(changes)} of {source.name} left out (dirty: head): {changes.listed()}")
        if changes.paths and dirty == "snapshot":
            with mirrors.aside() as folder:
                commit, *nested = take(source, history, wanted, changes, left_out, folder)
                wanted = describe(source, commit, wanted.commit)

                def fill(path: Path) -> None:
                    link_packs(history, path)
                    for file in (folder / "pack").iterdir():
                        file.rename(path / "objects" / "pack" / file.name)
                    link_all(folder / "lfs", path / "lfs")

                mirror = mirrors.obtain(wanted, fill)
            chosen = f"snapshot of {_counted(changes)} on {wanted.history[:7]} ({branch_of(source.git)})"
            notices.append(chosen)
            notices += [f"{path} is a repository of its own and not part of the snapshot" for path in nested]
    base = Base(
        source=source.name,
        mirror=str(mirror),
        commit=commit,
        chosen=chosen,
        checkout=str(source.checkout) if source.checkout else None,
    )
    return base, tuple(notices)


def _pin_directory(source: Source, ref: str, sources: Path, leave_out: Sequence[Path]) -> tuple[Base, tuple[str, ...]]:
    if ref != "HEAD":
        raise WorkspaceError(
            f"source {source.name!r} is a plain directory, which has no {ref!r}: leave `base` or `ref` out"
        )
    mirrors = Mirrors(sources, Path(source.location).name, source.identity)
    with mirrors.locked(), mirrors.aside() as folder:
        store = folder / "import.git"
        Git(folder)("init", "--quiet", "--bare", "--template=", str(store))
        git = Git(git_dir=store, work_tree=source.checkout)
        staging = Staging(
            git, folder / "index", leave_out=(*_hidden(source, leave_out), *_inside(source, [sources.parent]))
        )
        if unread := staging.files():
            raise WorkspaceError(f"{source.location} holds what cannot be read: {', '.join(unread[:5])}")
        commit = commit_tree(git, staging.staged("write-tree"), "", f"import of {source.name}", _IMPORTED)
        pack(git, commit, "", folder / "pack")
        wanted = Manifest(source=source.name, commit=commit, history=commit, object_format="sha1", settings={})

        def fill(path: Path) -> None:
            for file in (folder / "pack").iterdir():
                file.rename(path / "objects" / "pack" / file.name)

        mirror = mirrors.obtain(wanted, fill)
    chosen = f"import of the directory {source.location}"
    return Base(source=source.name, mirror=str(mirror), commit=commit, chosen=chosen, checkout=source.location), ()


def _counted(changes: Uncommitted) -> str:
    return f"{len(changes.paths)} uncommitted change{'s' if len(changes.paths) > 1 else ''}"


def _inside(source: Source, paths: Sequence[Path]) -> list[str]:
    """Those paths that lie in the source's files, relative to them."""
    top = source.checkout
    real = [path.parent.resolve() / path.name for path in paths]
    return [os.fspath(path.relative_to(top)) for path in real if top and path != top and path.is_relative_to(top)]


def _hidden(source: Source, paths: Sequence[Path]) -> list[str]:
    """Those paths of the source that variants must not see."""
    for path in paths:
        if source.checkout and source.checkout.is_relative_to(path.resolve()):
            raise WorkspaceError(f"{path} holds the whole source {source.name}, and cannot be kept from the variants")
    return _inside(source, paths)


def _refuse_known(source: Source, commit: str, hidden: Sequence[str]) -> None:
    for path in hidden:
        known = source.git("rev-list", "--max-count=1", "--full-history", commit, "--", f":(top,literal){path}")
        if known:
            raise WorkspaceError(
                f"{path} is in the history of {source.name} (commit {known[:7]}), where every variant could read it: "
                "keep it outside of the repository, or never commit it"
            )
        if source.checkout and source.git.fields("ls-files", "-z", "--", f":(top,literal){path}"):
            raise WorkspaceError(
                f"{path} is staged or committed in {source.name}, but variants must not see it: unstage it"
            )
