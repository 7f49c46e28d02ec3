"""The folder that workspaces are made in, and the folders above it that parex had to make.

Each folder that parex makes holds a small file that says so. With the last workspace such folders go too; a folder that
was there before is never removed, even if it is empty.
"""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from pytest_parex.errors import WorkspaceError

MARKER = ".made-by-parex"
TRASH = ".trash"
_TEXT = "pytest-parex has made this folder for workspaces, and removes it together with the last of them.\n"


def new_folder(root: Path, name: str) -> Path:
    """Make an empty folder in `root`, which is made too if need be, while others may be removing it."""
    for _ in range(100):
        try:
            _make(root)
            folder = root / name
            folder.mkdir()
        except FileNotFoundError:  # the root has gone with somebody's last workspace
            continue
        except OSError as error:
            raise WorkspaceError(
                f"no workspace can be made in {root} ({error.strerror or error}): choose another `workspace.root`"
            ) from None
        return folder
    raise WorkspaceError(f"no workspace can be made in {root}: it is removed again and again; what does that?")


def aside(path: Path, unique: str) -> str:
    """The name of the folder that will be renamed to this path when the journal knows it."""
    return f".{path.name}.{unique}"


def token() -> str:
    """Eight characters that nobody else has in a name."""
    return secrets.token_hex(4)


def sweep(path: Path) -> None:
    """Remove what `aside` has named for this path and a killed process has left there; it is still empty then."""
    for folder in path.parent.glob(aside(path, "?" * len(token()))):
        with contextlib.suppress(OSError):
            folder.rmdir()


def leave(root: Path) -> None:
    """Remove the trash folder, the root and those above it, as far as parex made them and nothing else is in them."""
    for folder in (root / TRASH, root, *root.parents):
        try:
            if [path.name for path in folder.iterdir()] != [MARKER]:
                return
            (folder / MARKER).unlink()
            folder.rmdir()
        except FileNotFoundError:
            continue  # somebody else has just removed it
        except OSError:  # somebody has just put something in, or the folder above cannot be written
            _mark(folder)
            return


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    _make(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        _mark(folder)


def _mark(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / MARKER).write_text(_TEXT)
