"""Laying files over a workspace: the variant's `files`.

What is laid over replaces tracked files, since that is what it is for. It never leaves the workspace: neither by `..`,
nor through a symbolic link that the source has tracked, nor into a `.git`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pytest_parex.errors import WorkspaceError


def lay(files: Mapping[str, str], folder: Path, workspace: Path) -> None:
    """Lay `files` (path in the workspace ← path below or beside `folder`) over the workspace.

    A folder's contents are laid over what is there; a file named with a trailing slash goes into that folder.
    """
    for target, origin in files.items():
        source = folder / origin
        inside = PurePosixPath(target)
        if source.is_dir():
            for path in _contents(source):
                _put(path, source, inside / path.relative_to(source).as_posix(), workspace)
        elif source.is_file():
            _put(source, source.parent, inside / source.name if target.endswith("/") else inside, workspace)
        else:
            raise WorkspaceError(f"files: {target}: {source} is neither a file nor a folder: correct the spec")


def contained(path: Path, root: Path) -> bool:
    """Whether the folder that holds `path` really lies inside `root`, with all symbolic links followed."""
    return path.parent.resolve().is_relative_to(root.resolve())


def _contents(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(at) / name).is_symlink()]
        folders[:] = sorted(set(folders) - set(links))
        yield from (Path(at) / name for name in sorted([*files, *links]))


def _put(file: Path, origin: Path, inside: PurePosixPath, workspace: Path) -> None:
    destination = workspace / inside
    if inside.is_absolute() or ".." in inside.parts or not contained(destination, workspace):
        raise WorkspaceError(f"files: {inside} would be laid outside of the workspace: name a path inside it")
    if any(part.lower() == ".git" for part in inside.parts):
        raise WorkspaceError(f"files: {inside} is part of a repository's own folder: leave it out of the overlay")
    if file.is_symlink() and not _stays_inside(file, origin):
        raise WorkspaceError(f"files: {file} is a symbolic link that leads out of {origin}: put a copy there instead")
    if not file.is_symlink() and not file.is_file():
        raise WorkspaceError(f"files: {file} is not a regular file: only files, folders and links can be laid over")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        if destination.is_dir() and not destination.is_symlink():
            raise IsADirectoryError(None, "a folder is there already")
        destination.unlink(missing_ok=True)  # a link is replaced, never written through
        shutil.copy2(file, destination, follow_symlinks=False)
    except OSError as error:
        raise WorkspaceError(f"files: {file} cannot be laid over {inside}: {error.strerror or error}") from None


def _stays_inside(link: Path, root: Path) -> bool:
    return not link.readlink().is_absolute() and link.resolve().is_relative_to(root.resolve())
