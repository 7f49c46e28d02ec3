"""Locks that the processes of a run share.

The system frees a lock when the process that holds it dies, however it dies. Lock files stay where they are:
removing one while somebody waits for it would let two in.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

POLL_S = 0.05


@contextlib.contextmanager
def held(file: Path) -> Iterator[None]:
    """Hold this lock; wait while another process or thread holds it."""
    with FileLock(file, poll_interval=POLL_S):
        yield


@contextlib.contextmanager
def held_if_free(file: Path) -> Iterator[bool]:
    """Hold this lock unless another process or thread holds it; yields whether it is held."""
    lock = _first_free([file])
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


def is_held(file: Path) -> bool:
    """Whether another process or thread holds this lock; looking at it holds it for a moment."""
    with held_if_free(file) as free:
        return not free


@contextlib.contextmanager
def one_of(files: list[Path]) -> Iterator[None]:
    """Hold any one of these locks; wait while all of them are held."""
    lock = _first_free(files)
    while lock is None:
        time.sleep(POLL_S)
        lock = _first_free(files)
    try:
        yield
    finally:
        lock.release()


def _first_free(files: list[Path]) -> FileLock | None:
    for file in files:
        lock = FileLock(file, blocking=False)
        with contextlib.suppress(Timeout):
            lock.acquire()
            return lock
    return None
