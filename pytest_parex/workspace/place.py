"""A workspace, as the stages after its creation know it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_parex.model import Base
from pytest_parex.workspace.ports import Lease

Trace = tuple[int, int, int, int]
"""Mode, size, time of the last change (that nobody can set), inode: what tells whether a file was touched."""


@dataclass(frozen=True)
class Given:
    """The work that a variant is given, before anything is laid over it."""

    commit: str = ""
    files: Mapping[str, Trace] = field(default_factory=dict)
    """Path → trace, of every file and link; it shows without git whether anything was laid over."""


def traces(folder: Path) -> dict[str, Trace]:
    """The traces of all files and links in a workspace, its own `.git` left out."""
    found: dict[str, Trace] = {}
    waiting = [str(folder)]
    first = len(str(folder)) + 1
    while waiting:
        at = waiting.pop()
        try:
            entries = list(os.scandir(at))
        except OSError:  # it may not be read: for git to say what that means
            found[at[first:]] = (0, 0, 0, 0)
            continue
        for entry in entries:
            name = entry.path[first:]
            if name == ".git":
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                status = entry.stat(follow_symlinks=False)
                found[name] = (status.st_mode, status.st_size, status.st_ctime_ns, status.st_ino)
    return found


@dataclass(frozen=True)
class Workspace:
    """The folder that one trial works in."""

    path: Path
    kind: str
    start: Base
    """The commit that HEAD was on and that the files were those of."""
    base: Base
    """What captured work is compared with: the trial's base, with what is not the variant's doing laid over."""
    env: dict[str, str]
    """The whole environment for the trial's processes."""
    notices: tuple[str, ...] = ()
    git_dir: Path | None = None
    """Its git directory, which the variant may change at will; None for a copy."""
    given: Given = field(default_factory=Given)
    """The variant's own work before it begins: the start, with its patch."""
    earlier: int | None = None
    """The attempt whose work it holds, and goes on with; None if the workspace was made for this one."""
    lease: Lease = field(default_factory=Lease)
    """Its ports; `workspace.lease.release()` gives them back."""
