"""What a workspace's own git directory says, read as data: no git runs in it, since a variant may have rewritten it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(rb"ref: (refs/heads/[^\0\n]+)")
_LIMIT = 64 * 1024 * 1024


def head_of(git_dir: Path, common_dir: Path) -> str | None:
    """The commit that HEAD leads to; None if that cannot be read."""
    text = read_regular(git_dir / "HEAD")
    if found := _REF.match(text):
        name = os.fsdecode(found[1])
        if ".." in name.split("/"):
            return None
        text = read_regular(common_dir / name) or _packed(common_dir, found[1])
    commit = _COMMIT.match(text)
    return commit[0].decode() if commit else None


def read_regular(file: Path) -> bytes:
    """The content of a regular file; nothing if it is anything else (a pipe would never end), or cannot be read."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(_LIMIT) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _packed(common_dir: Path, name: bytes) -> bytes:
    for line in read_regular(common_dir / "packed-refs").splitlines():
        commit, _, ref = line.partition(b" ")
        if ref == name:
            return commit
    return b""
