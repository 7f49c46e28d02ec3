"""Starting programs that need a whole processor to start, no more of them at once than there are processors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_parex.store import files, layout, locks


@contextmanager
def starting(run_directory: Path, at_once: int | None = None) -> Iterator[None]:
    """Hold one of the places for programs that are starting, of all processes of this run; wait while none is free.

    There are `at_once` places, by default one per processor. Leave the block as soon as the program is up.
    """
    folder = run_directory / layout.LOCKS
    files.make_folder(folder)
    with locks.one_of([folder / f"start.{number}" for number in range(1, (at_once or os.cpu_count() or 1) + 1)]):
        yield
