"""Pin a base: decide once which commit the workspaces start on, and put it into a mirror."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.directory import pin_directory
from pytest_parex.repository.hiding import hidden_paths, paths_inside, refuse_known
from pytest_parex.repository.history import describe, fill_from_repository
from pytest_parex.repository.large_files import link_all
from pytest_parex.repository.mirror import Mirrors, link_packs
from pytest_parex.repository.remote import pin_url
from pytest_parex.repository.revision import branch_of, resolve
from pytest_parex.repository.snapshot import Uncommitted, take, uncommitted
from pytest_parex.repository.source import Source


def pin(
    source: Source, ref: str, *, dirty: str, sources: Path, leave_out: Sequence[Path] = ()
) -> tuple[Base, tuple[str, ...]]:
    """Resolve a ref of a source to one commit and make sure that a mirror under `sources` holds it.

    `dirty` (snapshot, head, error) says what becomes of uncommitted changes when the ref is HEAD. `leave_out` are paths
    that variants must not see: kept out of a snapshot, refused if the history has them. Returns the base, and notices
    for people. Nothing of the source is written. Raises WorkspaceError, saying what to do.
    """
    try:
        sources.mkdir(parents=True, exist_ok=True)
        if source.kind == "url":
            return pin_url(source, ref, sources), ()
        if source.kind == "directory":
            return pin_directory(source, ref, sources, leave_out), ()
        return _pin_repository(source, ref, dirty, sources, leave_out)
    except OSError as error:
        raise WorkspaceError(f"no mirror of {source.name} can be made in {sources}: {error}") from error


def _pin_repository(
    source: Source, ref: str, dirty: str, sources: Path, leave_out: Sequence[Path]
) -> tuple[Base, tuple[str, ...]]:
    commit, chosen = resolve(source, ref)
    hidden = hidden_paths(source, leave_out)
    refuse_known(source, commit, hidden)
    mirrors = Mirrors(sources, Path(source.location).name.removesuffix(".git"), source.identity)
    left_out = [*hidden, *paths_inside(source, [sources.parent])]
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


def _counted(changes: Uncommitted) -> str:
    return f"{len(changes.paths)} uncommitted change{'s' if len(changes.paths) > 1 else ''}"
