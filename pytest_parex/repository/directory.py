"""Pin a base of a plain directory: its files, imported as a commit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.commits import commit_tree
from pytest_parex.repository.git import Git
from pytest_parex.repository.hiding import hidden_paths, paths_inside
from pytest_parex.repository.history import pack
from pytest_parex.repository.manifest import Manifest
from pytest_parex.repository.mirror import Mirrors
from pytest_parex.repository.source import READ_ONLY, Source
from pytest_parex.repository.staging import Staging

_IMPORTED = "946684800"  # the first second of 2000: a directory has no date of its own


def pin_directory(source: Source, ref: str, sources: Path, leave_out: Sequence[Path]) -> Base:
    """Import what the directory holds now, but for what its .gitignore files ignore; nested repositories as files."""
    if ref != "HEAD":
        raise WorkspaceError(
            f"source {source.name!r} is a plain directory, which has no {ref!r}: leave `base` or `ref` out"
        )
    left_out = (*hidden_paths(source, leave_out), *paths_inside(source, [sources.parent]), *_ignored_around(source))
    mirrors = Mirrors(sources, Path(source.location).name, source.identity)
    with mirrors.locked(), mirrors.aside() as folder:
        store = folder / "import.git"
        Git(folder)("init", "--quiet", "--bare", "--template=", str(store))
        git = Git(git_dir=store, work_tree=source.checkout)
        staging = Staging(git, folder / "index", leave_out=left_out)
        if unread := staging.files():
            raise WorkspaceError(f"{source.location} holds what cannot be read: {', '.join(unread[:5])}")
        commit = commit_tree(git, staging.staged("write-tree"), "", "import of a directory", _IMPORTED)
        pack(git, commit, "", folder / "pack")
        wanted = Manifest(source=source.name, commit=commit, history=commit, object_format="sha1", settings={})

        def fill(path: Path) -> None:
            for file in (folder / "pack").iterdir():
                file.rename(path / "objects" / "pack" / file.name)

        mirror = mirrors.obtain(wanted, fill)
    chosen = f"import of the directory {source.location}"
    return Base(source=source.name, mirror=str(mirror), commit=commit, chosen=chosen, checkout=source.location)


def _ignored_around(source: Source) -> list[str]:
    """What the repository around the directory ignores in it (byte code, say); nothing if it ignores all of it."""
    asked = Git(source.checkout, env=READ_ONLY).run(
        "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"
    )
    paths = [] if asked.exit_code else os.fsdecode(asked.stdout).split("\0")
    return [path.rstrip("/") for path in paths if path not in ("", "./")]
