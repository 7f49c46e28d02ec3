"""The difference between a base and captured work: which files, how many lines, and the patch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from pytest_parex.model import FileChange
from pytest_parex.repository.git import Git

Status = Literal["added", "deleted", "modified", "renamed", "type changed"]
_STATUS: dict[str, Status] = {
    "A": "added",
    "D": "deleted",
    "M": "modified",
    "R": "renamed",
    "T": "type changed",
}
_PLAIN = (
    "--raw", "--numstat", "--patch", "-z", "--abbrev=64", "--find-renames", "--binary", "--full-index", "--no-ext-diff",
    "--no-textconv", "--no-color", "-O/dev/null", "--ignore-submodules=none",
)  # fmt: skip


def write_patch(git: Git, patch: Path, prefix: str, *what: str) -> tuple[FileChange, ...]:
    """Write the difference that `git diff-index` or `git diff-tree` (in `what`) shows as a patch; returns its files.

    `prefix` goes before every path: the place of a submodule, with `/` at its end, or nothing.
    Names that are no UTF-8 are given with backslash escapes; in the patch they are exact.
    """
    command, *rest = what
    answer = patch.with_name(f"{patch.name}.answer")
    try:
        git(command, *_PLAIN, f"--src-prefix=a/{prefix}", f"--dst-prefix=b/{prefix}", f"--output={answer}", *rest)
        with answer.open("rb") as file:
            changes = _read(file, prefix)
            written = patch.with_name(f"{patch.name}.new")
            with written.open("wb") as target:
                shutil.copyfileobj(file, target, 1 << 20)
                target.flush()
                os.fsync(target.fileno())
            written.replace(patch)
    finally:
        answer.unlink(missing_ok=True)
    return changes


def _read(file: IO[bytes], prefix: str) -> tuple[FileChange, ...]:
    """Read what precedes the patch: a raw record for each file, then a count of lines for each, then an empty field."""
    fields = _fields(file)
    raw: list[tuple[Status, str | None, str]] = []
    field = next(fields, b"")
    while field.startswith(b":"):
        letter = field.split(b" ")[4][:1].decode()
        old = prefix + _text(next(fields)) if letter in "RC" else None
        raw.append((_STATUS[letter], old, prefix + _text(next(fields))))
        field = next(fields, b"")
    changes = []
    for status, old, path in raw:
        added, removed, name = field.split(b"\t", 2)
        if not name:
            next(fields), next(fields)  # the old and the new name of a rename
        changes.append(
            FileChange(path=path, status=status, old_path=old, lines_added=_count(added), lines_removed=_count(removed))
        )
        field = next(fields, b"")
    return tuple(changes)


def _fields(file: IO[bytes]) -> Iterator[bytes]:
    """NUL-terminated fields, each read no further than its end, so that the patch is what is left of the file."""
    field = bytearray()
    while byte := file.read(1):
        if byte == b"\0":
            yield bytes(field)
            field.clear()
        else:
            field += byte


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _count(lines: bytes) -> int | None:
    return None if lines == b"-" else int(lines)
