"""Writing files whole or not at all: a temporary file in the same folder, synced, renamed, and the folder synced.

Pattern: after a kill or a power cut the old or the new content is there, never a mixture. The price is two syncs per
file, which is nothing beside a trial. A temporary file that a kill leaves behind has a hidden name and is never read.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from pytest_parex.errors import StoreError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The numbers of an OSError that mean a full disk, or a used-up quota."""


def write_atomically(path: Path, text: str) -> None:
    """Put `text` into the file; on a fault the file is as it was, and StoreError says why."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
    with _worded(path), _removed_on_fault(temporary):
        _fill(temporary, os.O_CREAT | os.O_EXCL, _encoded(text))
        _put(temporary, path)


def reserve(path: Path, size: int) -> None:
    """Make a file of `size` bytes whose space is allocated, for `write_over`."""
    with _worded(path), _removed_on_fault(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)


def write_over(reserved: Path, path: Path, text: str) -> None:
    """Like `write_atomically`, through a file that `reserve` made: text that fits it needs no free space."""
    with _worded(path), _removed_on_fault(reserved):
        _fill(reserved, 0, _encoded(text))
        _put(reserved, path)


def read_text(path: Path) -> str:
    """The file's text; StoreError if it is missing or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StoreError(f"{path} is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from None


def make_folder(path: Path) -> None:
    """Make the folder and those above it, if they are not there."""
    with _worded(path):
        path.mkdir(parents=True, exist_ok=True)


def make_new_folder(path: Path) -> bool:
    """Make the folder; False if somebody else has made it already."""
    with _worded(path):
        try:
            path.mkdir()
        except FileExistsError:
            return False
        return True


def point(link: Path, target: str) -> None:
    """Make `link` a symbolic link to its sibling `target`, replacing an older one in one step.

    Where links are impossible it is a file that holds the sibling's name; `pointed` reads both.
    """
    temporary = link.with_name(f".{link.name}.{os.urandom(6).hex()}.part")
    try:
        temporary.symlink_to(target)
    except OSError:
        write_atomically(link, f"{target}\n")
        return
    with _worded(link), _removed_on_fault(temporary):
        temporary.replace(link)


def pointed(link: Path) -> str | None:
    """The sibling that `point` made this link to, or None."""
    try:
        if link.is_symlink():
            return str(link.readlink())
        return link.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _encoded(text: str) -> bytes:
    # File names that are not UTF-8 arrive as lone surrogates; one odd name must not cost a whole result.
    return text.encode("utf-8", "replace")


def _fill(path: Path, flags: int, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | flags, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put(temporary: Path, path: Path) -> None:
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _removed_on_fault(temporary: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _worded(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StoreError(f"{path} cannot be written: the disk is full; free some space and run again") from None
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from None
