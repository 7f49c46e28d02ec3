"""Finding and opening files that a variant wrote.

Nothing outside the workspace is ever opened, whatever links say; nothing but regular files is read, since a pipe would
wait for ever; and a pattern looks at a bounded number of files.
"""

from __future__ import annotations

import fnmatch
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pytest_parex.grading.reading import UnreadableError, shortened

MOST_ENTRIES = 200_000
"""Files and folders that one pattern looks at: a large project with its dependencies, and a second or so."""

Position = frozenset[int]


def fitting(workspace: Path, pattern: str) -> list[str]:
    """The files that a path or pattern names, relative to the workspace, sorted. A folder stands for all in it.

    `*` and `?` do not match `/`; `**` matches any number of folders. `.git` is left out. Folders that are links are not
    entered.
    """
    parts = PurePosixPath(pattern).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise UnreadableError(f"`{pattern}` leads out of the workspace")
    named = workspace.joinpath(*parts)
    if os.path.isfile(named):  # noqa: PTH113 - unlike Path.is_file it says False where access is denied
        return ["/".join(parts)]
    if os.path.isdir(named) and not named.is_symlink():  # noqa: PTH112 - as above
        parts = (*parts, "**")
    return sorted(_search(workspace, parts))


def opened(workspace: Path, file: str) -> int:
    """A descriptor of a regular file of the workspace; the caller closes it."""
    shown = shortened(file)
    root = os.path.realpath(workspace)
    path = os.path.realpath(workspace / file)
    if not path.startswith(f"{root}{os.sep}"):
        raise UnreadableError(f"{shown} is a link that leads out of the workspace")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        raise UnreadableError(f"{shown} cannot be opened: {error.strerror or error}") from None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise UnreadableError(f"{shown} is not a regular file")


def whole(workspace: Path, file: str, largest: int) -> bytes:
    """The content of a file of at most `largest` bytes."""
    with os.fdopen(opened(workspace, file), "rb") as stream:
        data = stream.read(largest + 1)
    if len(data) > largest:
        raise UnreadableError(f"{shortened(file)} is larger than {largest // 1024**2} MiB, the most that is read")
    return data


def head(workspace: Path, file: str, size: int) -> bytes:
    """The first `size` bytes of a file, which may be longer."""
    with os.fdopen(opened(workspace, file), "rb") as stream:
        return stream.read(size)


def tail(workspace: Path, file: str, largest: int) -> bytes:
    """The last `largest` bytes of a file, which may be longer."""
    with os.fdopen(opened(workspace, file), "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - largest))
        return stream.read(largest)


def _search(workspace: Path, parts: tuple[str, ...]) -> Iterator[str]:
    """Walks only into folders in which something can fit; the pattern is followed as a set of positions in it."""
    seen = 0
    open_folders: list[tuple[str, Position]] = [("", _skipping(parts, frozenset({0})))]
    while open_folders:
        folder, positions = open_folders.pop()
        try:
            with os.scandir(workspace / folder) as scanned:
                entries = list(itertools.islice(scanned, MOST_ENTRIES - seen + 1))
        except OSError:
            continue  # gone, not ours to read, or deeper than a path can be
        seen += len(entries)
        if seen > MOST_ENTRIES:
            raise UnreadableError(f"`{'/'.join(parts)}` would look at more than {MOST_ENTRIES} files: make it narrower")
        for entry in entries:
            after = _after(parts, positions, entry.name)
            if not after or entry.name == ".git":
                continue
            path = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                open_folders.append((f"{path}/", after))
            elif len(parts) in after and _is_file(entry):
                yield path


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself
        return False


def _after(parts: tuple[str, ...], positions: Position, name: str) -> Position:
    stay = {at for at in positions if at < len(parts) and parts[at] == "**"}
    step = {
        at + 1 for at in positions if at < len(parts) and parts[at] != "**" and fnmatch.fnmatchcase(name, parts[at])
    }
    return _skipping(parts, frozenset(stay | step))


def _skipping(parts: tuple[str, ...], positions: Position) -> Position:
    """`**` also stands for no folder at all."""
    reached = set(positions)
    for at in sorted(positions):
        while at < len(parts) and parts[at] == "**":
            at += 1  # noqa: PLW2901
            reached.add(at)
    return frozenset(reached)
