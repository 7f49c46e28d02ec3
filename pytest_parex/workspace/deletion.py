"""Deleting a folder with everything in it, and nothing outside of it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from pathlib import Path

_TRIES = 100
_ESCAPED = re.compile(r"\\(\d{3})")


def delete(folder: Path) -> None:
    """Delete the folder; also what is read-only in it, also while somebody else is deleting it.

    Links are removed and not followed. OSError if something cannot be deleted, or if another file system is mounted
    below: then nothing is deleted, because what lies there is somebody else's.
    """
    if mounted := _mounted_below(folder):
        raise OSError(errno.EBUSY, f"{mounted} is mounted there; unmount it first", str(mounted))
    for attempt in range(_TRIES):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if not os.path.lexists(folder):
                return
        except PermissionError:
            if attempt:
                raise
            _make_writable(folder)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return
    raise OSError(errno.ENOTEMPTY, "something keeps on writing there", str(folder))


def _make_writable(folder: Path) -> None:
    """Let the owner change all folders; files need no permission of their own to be deleted."""
    folder.chmod(stat.S_IRWXU)
    for place, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(place, name)
            if stat.S_ISDIR(path.lstat().st_mode):
                path.chmod(stat.S_IRWXU)


def _mounted_below(folder: Path) -> Path | None:
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    real = folder.resolve()
    places = (Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), line.split(" ")[4])) for line in lines)
    return next((place for place in places if place.is_relative_to(real)), None)
