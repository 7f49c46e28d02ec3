"""Files that git gives up on, because the conversion that their attributes ask for fails.

An unknown `working-tree-encoding`, or a required filter whose program is not installed, ends `git add` for all files.
Such files are found by halving, and staged as they are, byte for byte.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from pytest_parex.repository.git import Git

_ENOUGH = 32
"""Once so many files are known to fail, the rest is not tried one by one any more."""


def add_as_they_are(git: Git, paths: Sequence[str]) -> list[str]:
    """Stage these files of the working tree, without any conversion those for which it fails; returns the latter."""
    assert git.work_tree is not None
    failing: list[str] = []
    _add(git, paths, failing)
    files = [path for path in failing if _is_readable_file(git.work_tree / path)]
    if not files:
        return []
    names = "".join(f"{_quoted(path)}\n" for path in files)
    objects = git("hash-object", "-w", "--no-filters", "--stdin-paths", input=names).split()
    modes = ["100755" if os.access(git.work_tree / path, os.X_OK) else "100644" for path in files]
    lines = terminated(f"{mode} {name}\t{path}" for mode, name, path in zip(modes, objects, files, strict=True))
    git("update-index", "-z", "--index-info", input=lines)
    return files


def terminated(texts: Iterable[str]) -> str:
    """Each text with a NUL at its end, as git reads lists with `-z`."""
    return "".join(f"{text}\0" for text in texts)


def is_special(path: Path) -> bool:
    """Whether there is a pipe, a socket or a device, which git cannot store."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def _add(git: Git, paths: Sequence[str], failing: list[str]) -> None:
    if not paths:
        return
    literal = terminated(f":(top,literal){path}" for path in paths)
    done = git.run(
        "add", "--all", "--sparse", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul", input=literal
    )
    if done.exit_code in (0, 1):
        return
    if len(paths) == 1 or len(failing) >= _ENOUGH:
        failing.extend(paths)
        return
    middle = len(paths) // 2
    _add(git, paths[:middle], failing)
    _add(git, paths[middle:], failing)


def _is_readable_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and os.access(path, os.R_OK)


def _quoted(path: str) -> str:
    """The path in the form in which git reads any name from a line."""
    return '"' + "".join(f"\\{byte:03o}" for byte in os.fsencode(path)) + '"'
