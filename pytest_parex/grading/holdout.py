"""The holdout: files that no variant has seen, in the workspace only while it is graded.

Afterwards everything is as the variant left it, so that a kept workspace and what is adopted from it hold no hidden
tests. Nothing is written through a link: a variant could have made `tests` one that leads into the user's checkout.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_parex.errors import GradingError
from pytest_parex.model import Place

ASIDE = "aside"
"""Folder in the attempt's directory that keeps what the variant had in the places of holdout files."""


@contextlib.contextmanager
def holdout(place: Place) -> Iterator[None]:
    """Lay the spec's `holdout` over the workspace while the block lasts: a folder's contents, or one file."""
    name = place.plan.experiment.holdout
    if name is None or not place.workspace.is_dir():
        yield
        return
    source = Path(place.plan.spec).parent / name
    if not source.exists():
        raise GradingError(f"the holdout {source} is missing")
    with contextlib.ExitStack() as undo:
        try:
            laid = _Laying(place, undo).lay(source)
        except (OSError, shutil.Error) as error:
            raise GradingError(f"the holdout {source} cannot be laid over the workspace: {error}") from None
        place.emit("holdout", files=laid)
        yield


class _Laying:
    """Lays files one by one and notes how each step is undone; the notes are followed backwards."""

    def __init__(self, place: Place, undo: contextlib.ExitStack) -> None:
        self.workspace = place.workspace
        self.aside = place.directory / ASIDE
        self.undo = undo
        self.moved = 0

    def lay(self, source: Path) -> list[str]:
        """Lay the file, or all files in the folder; links are followed, so that they work in the workspace too."""
        files = {Path(source.name): source} if source.is_file() else dict(_files(source))
        for relative, file in sorted(files.items()):
            self._clear(relative)
            shutil.copy2(file, self.workspace / relative)
            self.undo.callback(_forget, self.workspace / relative)
        return [relative.as_posix() for relative in sorted(files)]

    def _clear(self, relative: Path) -> None:
        """Make the folders of the file, and move aside what is in its way."""
        for folder in [*reversed(relative.parents)][1:]:
            path = self.workspace / folder
            if not path.is_dir() or path.is_symlink():
                self._move_aside(path)
                path.mkdir()
                self._undo(shutil.rmtree, path)
        self._move_aside(self.workspace / relative)

    def _move_aside(self, path: Path) -> None:
        if not os.path.lexists(path):
            return
        self.aside.mkdir(exist_ok=True)
        self.moved += 1
        kept = self.aside / str(self.moved)
        shutil.move(path, kept)
        self._undo(shutil.move, kept, path)

    def _undo(self, act: Callable[..., object], *paths: Path) -> None:
        def tried() -> None:
            # A check may have removed it; that must not keep the rest from being undone.
            with contextlib.suppress(OSError, shutil.Error):
                act(*paths)

        self.undo.callback(tried)


def _files(folder: Path) -> Iterator[tuple[Path, Path]]:
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name not in ("__pycache__", ".git")]
        for name in files:
            yield (Path(parent) / name).relative_to(folder), Path(parent) / name


def _forget(file: Path) -> None:
    """Remove a holdout file, and what Python compiled from it."""
    file.unlink(missing_ok=True)
    if file.suffix == ".py":
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            compiled.unlink(missing_ok=True)
