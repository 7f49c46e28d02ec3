"""Locks that hold between processes, and are free again when their process dies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_parex.errors import WorkspaceError

_WAITING = 4000.0
"""Seconds; longer than the longest that is done with a lock held, which is fetching from afar."""


@contextlib.contextmanager
def lock(mirror: Path) -> Iterator[None]:
    """Hold the cross-process lock around changes of a mirror's registrations and refs."""
    with held(mirror / "parex" / "lock"):
        yield


@contextlib.contextmanager
def held(file: Path) -> Iterator[None]:
    """Hold the lock that this file stands for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=_WAITING, poll_interval=0.005):
            yield
    except Timeout:
        raise WorkspaceError(f"{file} has been held by another process for {_WAITING:g} s: is one hanging?") from None
