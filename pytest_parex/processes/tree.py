"""A command with everything that comes from it: how it begins, is waited for, is signalled, and ends.

What holds a command (the first process of a namespace, a supervisor, a shell) talks to us over a socket, which is its
standard input and standard error and which the command itself never sees. It says `ready` once it is certain that the
command cannot outlive us, and begins at our `go`. So no command begins uncontained, however early we die, and a
containment that cannot be set up is told from a command that fails. The socket closes when all that hold the command
have ended: that is what we wait for.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from pytest_parex.errors import ParexError
from pytest_parex.processes.starting import start_fault

READY, GO = b"ready\n", b"go\n"
CREDENTIALS = struct.Struct("3i")
"""Process, user and group id of the sender, which Linux adds to what a socket brings."""
UNKILLABLE_S = 10.0
"""How long SIGKILL may take; a process that hangs in the kernel (a dead network disk) can outlast it."""
POLL_S = 0.002


@dataclass(frozen=True)
class Containment:
    """One way of holding a command."""

    name: str
    """What reports call it."""
    prefix: tuple[str, ...]
    """What comes before the command's argv; it speaks to us as the head of this file says."""
    kill: Callable[[Tree], None]
    """Lets SIGKILL reach the whole tree, sooner or later."""
    survivors: Callable[[Tree], list[psutil.Process]]
    """What is not dead yet, although everything that held the tree has ended."""


@dataclass(frozen=True)
class Usage:
    """How a tree ended, and what it used as far as its processes were waited for."""

    exit_code: int
    cpu_s: float
    peak_memory: int


class Tree:
    """A started tree. Whoever starts it must `end` it, whatever happens in between."""

    def __init__(
        self, containment: Containment, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: int
    ) -> None:
        self.begun = False
        """Whether the command was let go."""
        self.over = False
        """Whether everything that held the command has ended."""
        self.complaint = ""
        """What was said instead of `ready`."""
        self._containment = containment
        self._killed = False
        self._seen: set[psutil.Process] = set()
        self.holder: psutil.Process | None = None
        """The innermost process that holds the command, once that begins."""
        self._line, theirs = socket.socketpair()
        if hasattr(socket, "SO_PASSCRED"):
            self._line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [*containment.prefix, *argv],
                    cwd=cwd,
                    env=env,
                    stdin=theirs.fileno(),
                    stdout=output,
                    stderr=theirs.fileno(),
                    start_new_session=True,
                )
            except (OSError, ValueError) as fault:
                self._line.close()
                raise start_fault(fault, argv, cwd, env) from fault
        self.root = self._process.pid
        """The outermost process, our child. Its number is its own until we reap it, which Popen must not do for us."""

    def wait(self, timeout: float) -> bool:
        """Wait at most so many seconds, and tell whether it is over. The command begins in here."""
        until = time.monotonic() + timeout
        while not self.over:
            self._line.settimeout(max(until - time.monotonic(), POLL_S))
            try:
                word, sender, _, _ = self._line.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
            except TimeoutError:
                break
            except ConnectionError:
                word, sender = b"", []
            if not word:
                self.over = True
            elif not self.begun and word.endswith(READY):
                self._begin(CREDENTIALS.unpack(sender[0][2])[0] if sender else self.root)
            elif not self.begun:
                self.complaint += word.decode(errors="replace")
        return self.over

    def signal(self, number: int) -> None:
        """Send a signal to every process of the command, and to none of those that hold it."""
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    def end(self) -> Usage:
        """Kill what is left, see that nothing is, and tell what the tree used.

        Raises ParexError if a process cannot be killed.
        """
        deadline = time.monotonic() + UNKILLABLE_S
        try:
            if not self.over:
                self._kill()
            if not self.wait(UNKILLABLE_S / 2):
                kill_each([*self.members(), *self.session()])
            while not self.wait(deadline - time.monotonic()):
                self._give_up_after(deadline)
            while survivors := self._containment.survivors(self):
                kill_each(survivors)
                self._give_up_after(deadline)
                time.sleep(POLL_S)
        finally:
            self._line.close()
        return self._reap()

    def members(self) -> list[psutil.Process]:
        """The processes of the command that descend from what holds it."""
        found = []
        if self.holder is not None:
            with contextlib.suppress(psutil.Error):
                found = self.holder.children(recursive=True)
        self._seen.update(found)
        return found

    def session(self) -> list[psutil.Process]:
        """The living processes of the session that was made for the command, those that hold it included."""
        found = []
        for pid in psutil.pids():
            with contextlib.suppress(OSError, psutil.Error):
                if os.getsid(pid) == self.root:
                    found.append(psutil.Process(pid))
        return living(found)

    def seen(self) -> list[psutil.Process]:
        """The living processes that were members at some time when somebody looked."""
        return living(self._seen)

    def _begin(self, holder: int) -> None:
        with contextlib.suppress(ConnectionError, psutil.NoSuchProcess):  # else it is dead, and the line says so next
            self.holder = psutil.Process(holder)
            self._line.sendall(GO)
            self.begun = True

    def _kill(self) -> None:
        self._killed = True
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)  # instead of `go`, if that is still waited for
        if self.begun:
            self._containment.kill(self)
        else:
            os.kill(self.root, signal.SIGKILL)

    def _give_up_after(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            left = {process.pid: process for process in [*self.members(), *self.session()]}
            raise ParexError(
                f"the command could not be killed within {UNKILLABLE_S:g} s; still there: "
                f"{', '.join(map(str, left)) or 'unknown processes'}. They may hang in the kernel, for example on a "
                "network disk that does not answer: see `ps` for what they wait for"
            )

    def _reap(self) -> Usage:
        _, status, used = os.wait4(self.root, 0)
        # What held a killed tree may have its own idea of an exit code.
        code = -signal.SIGKILL if self._killed else os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        return Usage(
            exit_code=code if code >= 0 else 128 - code,
            cpu_s=used.ru_utime + used.ru_stime,
            peak_memory=used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        )


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended; a zombie has."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def kill_each(processes: Iterable[psutil.Process]) -> None:
    """Send SIGKILL to those that have not ended."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
