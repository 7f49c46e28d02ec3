"""Leased ports: numbers that no other trial on this machine is given while the lease lasts.

A lease is a locked file, one per port, in the user's state folder. The kernel drops the lock when its holder dies, also
when it is killed, so that there is no table of owners that could be stale and nothing to clean up. The files stay: one
that is removed while another process opens it would be locked twice.

A lease keeps other trials away, not other programs; those are kept away by testing that the port can be bound, and by
staying out of the range from which the kernel gives ports to outgoing connections.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_parex.errors import WorkspaceError

LOWEST = 10_000
"""Above the well-known ports, those of common development servers and those of X11 (6000–6063)."""
HIGHEST = 65_535
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


@dataclass
class Lease:
    """Ports, by the names of the variables that tell them; held until `release`, or until this process ends."""

    ports: Mapping[str, int] = field(default_factory=dict)
    _locks: list[int] = field(default_factory=list)

    def release(self) -> None:
        """Give the ports back; a second call does nothing."""
        while self._locks:
            os.close(self._locks.pop())


def lease(names: Sequence[str], environ: Mapping[str, str], near: str) -> Lease:
    """Lease one free port per name. The same `near` gets the same ports again, as long as they are free."""
    if not names:
        return Lease()
    folder = _table(environ)
    candidates = _candidates()
    first = zlib.crc32(near.encode()) % len(candidates) if candidates else 0
    ports: dict[str, int] = {}
    locks: list[int] = []
    left = iter(candidates[first:] + candidates[:first])
    try:
        for name in names:
            ports[name], lock = _next_free(left, folder)
            locks.append(lock)
    except BaseException:
        Lease({}, locks).release()
        raise
    return Lease(ports, locks)


def lease_again(ports: Mapping[str, int], environ: Mapping[str, str]) -> Lease | None:
    """Lease exactly these ports; None if one of them is not free any more."""
    if not ports:
        return Lease()
    folder = _table(environ)
    locks: list[int] = []
    try:
        for port in ports.values():
            lock = _locked(folder / str(port))
            if lock is not None:
                locks.append(lock)
            if lock is None or not _can_be_bound(port):
                Lease({}, locks).release()
                return None
    except BaseException:
        Lease({}, locks).release()
        raise
    return Lease(dict(ports), locks)


def _next_free(candidates: Iterator[int], folder: Path) -> tuple[int, int]:
    for port in candidates:
        lock = _locked(folder / str(port))
        if lock is None:
            continue
        if _can_be_bound(port):
            return port, lock
        os.close(lock)
    raise WorkspaceError(
        f"no free port is left between {LOWEST} and {HIGHEST} outside of the range for outgoing connections "
        f"({EPHEMERAL}): lower max_parallel, or make that range smaller"
    )


def _locked(file: Path) -> int | None:
    """The descriptor of the file, locked; None if another holder has it. Closing it frees the lock."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise WorkspaceError(
                f"{file} cannot be locked ({error.strerror}): set XDG_STATE_HOME to a local folder"
            ) from None
        return None
    return descriptor


def _can_be_bound(port: int) -> bool:
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind((address, port))
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):  # then this machine has no such addresses
                return False
    return True


def _candidates() -> list[int]:
    low, high = _ephemeral()
    return [port for port in range(LOWEST, HIGHEST + 1) if not low <= port <= high]


def _ephemeral() -> tuple[int, int]:
    try:
        low, high = EPHEMERAL.read_text().split()
    except OSError:
        return 32_768, 60_999  # what Linux uses unless it is told otherwise
    return int(low), int(high)


def _table(environ: Mapping[str, str]) -> Path:
    """The folder of the lock files: the same one for all processes of a user on a machine."""
    state = environ.get("XDG_STATE_HOME") or (f"{environ['HOME']}/.local/state" if environ.get("HOME") else "")
    folders = [Path(state) / "pytest-parex" / "ports"] if state.startswith("/") else []
    folders.append(Path(tempfile.gettempdir()) / f"pytest-parex-{os.getuid()}" / "ports")
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK):
                return folder
    raise WorkspaceError(f"ports cannot be leased: neither {' nor '.join(map(str, folders))} can be written")
