"""Carrying files that git does not know from the user's checkout into a workspace.

What is carried is copied, never linked: a variant that writes to it must not write to the user's file. Files that are
in the workspace already are left as they are. The user's checkout is only read.
"""

from __future__ import annotations

import contextlib
import fcntl
import fnmatch
import hashlib
import os
import shutil
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_parex.repository import Git
from pytest_parex.workspace.overlay import contained

INCLUDE_FILE = ".worktreeinclude"
SECRET_FILES = (
    ".env",
    ".env.*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_*",
    "*secret*",
    "*credential*",
    "*token*",
)
_FICLONE = 0x40049409  # linux/fs.h: share the blocks of another file, copied when one of the two is written


@dataclass(frozen=True)
class Carried:
    """A file that was copied. Of one whose name looks like a secret nothing but the name is told."""

    path: str
    size: int | None = None
    sha256: str | None = None
    """The first twelve hexadecimal digits."""


@dataclass(frozen=True)
class Carry:
    """What was carried, and what was left behind, with the reason for each."""

    files: tuple[Carried, ...] = ()
    left: tuple[str, ...] = ()


def carry(git: Git, checkout: Path, workspace: Path, patterns: Sequence[str], withheld: Collection[Path]) -> Carry:
    """Copy the files that `.worktreeinclude` and `patterns` (both in gitignore syntax) name into the workspace.

    Of `.worktreeinclude`, as everywhere, only files that git ignores; of `patterns`, all that git does not track.
    `git` is the checkout's. Nothing below a path of `withheld` is carried.
    """
    files: list[Carried] = []
    left: list[str] = []
    for path in sorted(_ignored_and_included(git, checkout) | _untracked(git, patterns)):
        if any((checkout / path).is_relative_to(folder) for folder in withheld):
            continue
        reason = _obstacle(checkout, workspace, path)
        if reason is None:
            files.append(_copy(checkout / path, workspace / path, path))
        elif reason:
            left.append(f"{path}: {reason}")
    return Carry(tuple(files), tuple(left))


def _ignored_and_included(git: Git, checkout: Path) -> set[str]:
    include = checkout / INCLUDE_FILE
    if not include.is_file():
        return set()
    ignored = git.fields("ls-files", "-z", "--others", "--ignored", "--exclude-standard")
    return _untracked(git, [], include) & set(ignored)


def _untracked(git: Git, patterns: Sequence[str], include: Path | None = None) -> set[str]:
    """The untracked files that match; repositories inside of the checkout (other worktrees too) are not entered."""
    chosen = [f"--exclude={pattern}" for pattern in patterns]
    chosen += [f"--exclude-from={include}"] if include else []
    if not chosen:
        return set()
    found = git.fields("ls-files", "-z", "--others", "--ignored", *chosen)
    return {path for path in found if not path.endswith("/")}


def _obstacle(checkout: Path, workspace: Path, path: str) -> str | None:
    """Why this file is not carried; None if it is. An empty text is a reason that needs no words."""
    source, destination = checkout / path, workspace / path
    try:
        mode = source.lstat().st_mode
    except OSError:
        return ""  # it has gone since it was listed
    if os.path.lexists(destination):
        return ""
    if _in_virtual_environment(checkout, path):
        return ""
    if stat.S_ISLNK(mode) and source.readlink().is_absolute():
        return "it is a symbolic link to an absolute path"
    if not source.resolve().is_relative_to(checkout.resolve()):
        return "it leads out of the checkout"
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        return "it is not a regular file"
    if not contained(destination, workspace):
        return "its folder in the workspace leads out of the workspace"
    return None


def _in_virtual_environment(checkout: Path, path: str) -> bool:
    """Whether a folder of the path is a virtual environment: those hold absolute paths and are made anew by setup."""
    folders = (checkout / path).relative_to(checkout).parents
    return any(folder.name == ".venv" or (checkout / folder / "pyvenv.cfg").is_file() for folder in folders)


def _copy(source: Path, destination: Path, path: str) -> Carried:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        destination.symlink_to(source.readlink())
        return Carried(path)
    digest = hashlib.sha256()
    with source.open("rb") as origin, destination.open("xb") as copy:
        with contextlib.suppress(OSError):  # most file systems cannot share blocks; then the bytes are written below
            fcntl.ioctl(copy.fileno(), _FICLONE, origin.fileno())
        shared = os.fstat(copy.fileno()).st_size > 0
        while chunk := origin.read(1 << 20):
            digest.update(chunk)
            if not shared:
                copy.write(chunk)
    shutil.copystat(source, destination)
    name = destination.name.lower()
    if any(fnmatch.fnmatch(name, pattern) for pattern in SECRET_FILES):
        return Carried(path)
    return Carried(path, destination.stat().st_size, digest.hexdigest()[:12])
