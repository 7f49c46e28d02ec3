"""Bounded pieces of the files in an attempt's directory.

Logs and patches can be of any size and hold anything. Only regular files inside the directory are opened, symbolic
links that lead out of it are not followed, and only the bytes that are shown are read.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_parex.report.text import visible


@dataclass(frozen=True)
class Excerpt:
    """A piece of a file as visible text; `left_out` bytes of the file are not shown."""

    text: str
    left_out: int = 0


def find(directory: Path, name: str) -> Path | None:
    """The regular file of this relative name inside the directory, or None."""
    relative = PurePosixPath(name)
    if not name or "\0" in name or relative.is_absolute() or ".." in relative.parts:
        return None
    try:
        path = directory / relative
        path.lstat()  # most names that are asked for do not exist, and this is quicker than to resolve
        real = path.resolve(strict=True)
        inside = real.is_relative_to(directory.resolve(strict=True))
        return real if inside and stat.S_ISREG(real.stat().st_mode) else None
    except (OSError, RuntimeError):
        return None


def head(directory: Path, name: str, limit: int) -> Excerpt | None:
    """The first `limit` bytes, in whole lines; None without such a file."""
    found = _read(directory, name, limit, from_end=False)
    if found is None:
        return None
    data, size = found
    if len(data) < size and b"\n" in data:
        data = data[: data.rindex(b"\n") + 1]
    return Excerpt(visible(data.decode("utf-8", "replace")), size - len(data))


def tail(directory: Path, name: str, limit: int) -> Excerpt | None:
    """The last `limit` bytes, in whole lines; None without such a file."""
    found = _read(directory, name, limit, from_end=True)
    if found is None:
        return None
    data, size = found
    if len(data) < size and b"\n" in data[:-1]:
        data = data[data.index(b"\n") + 1 :]
    return Excerpt(visible(data.decode("utf-8", "replace")), size - len(data))


def _read(directory: Path, name: str, limit: int, *, from_end: bool) -> tuple[bytes, int] | None:
    path = find(directory, name)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            file.seek(max(0, size - limit) if from_end else 0)
            return file.read(limit), size
    except OSError:
        return None
