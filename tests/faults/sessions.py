"""Whole pytest sessions in a process of their own, and what they did to files and processes."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import subprocess
import tempfile
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import psutil

from pytest_parex import processes
from pytest_parex.testing import Finished, Project

PATIENCE_S = 600.0
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
LEAN = ("-p", "parex")
DAEMON = """\
( ( trap "" INT TERM HUP; exec setsid env -i sleep "$MARK" ) </dev/null >/dev/null 2>&1 & ) &
until grep -qs "[3]${MARK#3}" /proc/[0-9]*/cmdline; do sleep 0.1; done
"""
"""For a variant's script: leave a process of another session behind, with no parent, no environment and deaf ears."""
NOBODY = 65534
_MOUNTING = ("unshare", "--mount"), ("unshare", "--user", "--map-root-user", "--mount")
_ON_A_SMALL_DISK = """\
mount -t tmpfs -o "size=$1" none "$2" || exit 99
place=$2 kept=$3; shift 3; "$@"; code=$?
cp -a "$place" "$kept"; exit "$code"
"""


def run(
    project: Project,
    *args: str,
    prefix: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    spec: str | None = "spec.yaml",
) -> Finished:
    """`Project.run` without any other plugin, which saves half of a session's time; `prefix` starts the command."""
    lean = [*LEAN, *(["-p", "xdist"] if any(arg.startswith("-n") for arg in args) else [])]
    captured = processes.capture(
        [*prefix, *project.command(*lean, *args, spec=spec)],
        cwd=project.path,
        env=project.environment({**ALONE, **(env or {})}),
        timeout=PATIENCE_S,
    )
    out = captured.stdout.decode(errors="replace") + captured.stderr.decode(errors="replace")
    return Finished(captured.exit_code, out, project.path / ".parex")


def small_disk(size: str, place: Path, kept: Path) -> list[str]:
    """A prefix that mounts a file system of this size for the session alone, and keeps what is in it at the end."""
    prefix = mounting()
    assert prefix is not None
    place.mkdir(parents=True, exist_ok=True)
    return [*prefix, "sh", "-c", _ON_A_SMALL_DISK, "sh", size, str(place), str(kept)]


@functools.cache
def mounting() -> tuple[str, ...] | None:
    """What lets a command mount something that nobody else sees; None where the platform forbids it."""
    for prefix in _MOUNTING:
        command = [*prefix, "mount", "-t", "tmpfs", "none", "/mnt"]
        try:
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return prefix
        except FileNotFoundError:
            return None
    return None


def plain_user(folder: Path) -> list[str]:
    """A prefix for a user to whom file modes apply, who gets everything in `folder` if it is not the one that asks."""
    if os.geteuid():
        return []
    for place, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(Path(place, name), NOBODY, NOBODY, follow_symlinks=False)
    for parent in folder.parents:
        if parent.is_relative_to(tempfile.gettempdir()) and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]


def state(folder: Path, leave_out: Collection[str] = ()) -> dict[str, tuple[int, int, str]]:
    """Every file and folder below with its mode, its time and its content, but for the paths that are left out."""
    found: dict[str, tuple[int, int, str]] = {}
    for place, folders, files in os.walk(folder):
        inside = Path(place).relative_to(folder)
        folders[:] = [name for name in folders if str(inside / name) not in leave_out]
        for name in (*folders, *files):
            path = Path(place, name)
            status = path.lstat()
            content = str(path.readlink()) if path.is_symlink() else ""
            if stat.S_ISREG(status.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(inside / name)] = (status.st_mode, status.st_mtime_ns, content)
    return found


def work(finished: Finished) -> dict[str, set[str]]:
    """Trial → the paths that its captured work changes; none where nothing could be captured."""
    return {
        name: {change.path for change in result.changes.files} if result.changes else set()
        for name, result in finished.results.items()
    }


def marker() -> str:
    """A number of seconds to sleep that no other process sleeps: it finds a process without its environment."""
    return f"36000.{uuid.uuid4().int % 10**12:012d}"


def left_running(mark: str) -> list[list[str]]:
    """The commands of all processes that have this argument."""
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [command for command in commands if mark in command]


def files_with(folder: Path, text: str) -> list[Path]:
    """The files below a folder that hold this text."""
    found = subprocess.run(
        ["grep", "-rlaF", "-e", text, str(folder)],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    return [Path(line) for line in found.stdout.splitlines()]
