"""The names in a runs directory, and what keeps them inside it.

<runs>/.gitignore
<runs>/<experiment>/latest → <run id>
<runs>/<experiment>/<run id>/plan.json
<runs>/<experiment>/<run id>/trials/<trial id>/attempt-<n>/…
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from pytest_parex.errors import StoreError
from pytest_parex.store import files

IGNORE = ".gitignore"
PLAN = "plan.json"
PROGRESS = "progress.json"
TRIALS = "trials"
LOCKS = ".locks"
STOPPED = "stopped"
"""In LOCKS: why no trial is to begin any more."""
LATEST = "latest"
_LONGEST = 240
"""Bytes; file systems end at 255, and lock and temporary files add to a name."""


def component(name: str) -> str:
    """The name, if it is one plain part of a path; StoreError if it would lead elsewhere."""
    if (
        not name
        or name.startswith(".")
        or any(character in "/\\" or not character.isprintable() for character in name)
        or len(name.encode("utf-8", "replace")) > _LONGEST
    ):
        shown = name if len(name) <= 80 else f"{name[:80]}…"
        raise StoreError(f"{shown!r} cannot be the name of a stored file: use letters, digits, '-', '_' and '.'")
    return name


def run_directory_of(attempt_directory: Path) -> Path:
    """The directory of the run that an attempt belongs to."""
    return attempt_directory.parents[2]


def make_runs_directory(directory: Path) -> None:
    """Make the directory that holds runs, and keep git from seeing it.

    A directory that holds files of somebody else's, or a repository, gets no `.gitignore`: it would hide their files.
    """
    files.make_folder(directory)
    ignore = directory / IGNORE
    if not ignore.exists() and all(entry.is_dir() and entry.name != ".git" for entry in directory.iterdir()):
        files.write_atomically(ignore, "*\n")


def remove_runs_directory(directory: Path) -> None:
    """Take back what `make_runs_directory` has made, if nothing but empty folders is in it."""
    with contextlib.suppress(OSError):
        for entry in directory.iterdir():
            if entry.name != IGNORE:
                entry.rmdir()
        (directory / IGNORE).unlink()
        directory.rmdir()
