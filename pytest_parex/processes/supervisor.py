"""Hold a command so that nothing it started outlives it. The subreaper containment runs this file as a program.

Orphans come back to the nearest living ancestor that asked for them (`PR_SET_CHILD_SUBREAPER`), so its descendants are
the whole tree, daemons included. The command is held twice, one supervisor inside the other: when either is killed, the
other one ends the tree; when the caller is killed, the outer one is told by its parent-death signal.

Standard input and error are the line to the caller: `ready` is said when all that is in place, the command begins at
`go`, and the line closes when both supervisors have ended, which they do only when nothing is left. This file runs
alone, before anything else: standard library only, and without pathlib and contextlib, whose import takes longer than
all the rest.
"""

# ruff: noqa: PTH123, SIM105

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOPPED = 128 + signal.SIGTERM
WATCHED = (signal.SIGTERM, signal.SIGCHLD)


def adopt_orphans(parent: int) -> None:
    """Become the reaper of all descendants, and be told when `parent` dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_CHILD_SUBREAPER, 1), (PR_SET_PDEATHSIG, signal.SIGTERM)):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
    children()  # fails where the kernel does not list them
    if os.getppid() != parent:  # it died before it could be said when it does
        os.kill(os.getpid(), signal.SIGTERM)


def outlive(start: Callable[[], int]) -> int:
    """Run `start` in a child process and give its exit code, when all descendants are dead."""
    child = os.fork()
    if not child:
        os._exit(start())
    exit_code = wait(child)
    sweep()
    return exit_code


def wait(child: int) -> int:
    """Reap whatever ends until `child` has, or until we are told to stop."""
    while signal.sigwait(WATCHED) != signal.SIGTERM:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
                return code if code >= 0 else 128 - code
    return STOPPED


def sweep() -> None:
    """Kill until no descendant is left: having no children means having none, since orphans become our children.

    One generation at a time and without a pause, or a process that forks and exits in a loop would be away each time.
    """
    while True:
        found = children()
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except PermissionError:
                pass  # then we stay, and the caller says that something does
        try:
            os.waitpid(-1, 0 if found else os.WNOHANG)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def children() -> list[int]:
    """Our child processes, those that nobody has reaped yet included."""
    pid = os.getpid()
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def read(file: str) -> bytes:
    """The content of a file."""
    with open(file, "rb") as content:
        return content.read()


def begin(argv: list[str], mask: set[signal.Signals | int]) -> int:
    """Become the command, in a process group of its own."""
    os.setpgid(0, 0)  # so that `kill 0`, common in scripts, does not reach the supervisors
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(1, 2)
    for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored_by_python, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    # Not os.environ: in the C locale Python has added a variable of its own to that.
    pairs = (line.partition(b"=") for line in read("/proc/self/environ").split(b"\0") if line)
    try:
        os.execvpe(argv[0], argv, {name: value for name, _, value in pairs})
    except OSError as fault:
        os.write(2, f"parex: {argv[0]}: {fault.strerror}\n".encode(errors="surrogateescape"))
        return 127 if isinstance(fault, FileNotFoundError) else 126


def main(argv: list[str]) -> int:
    """Supervise the supervisor of the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    outer = os.getpid()

    def inner() -> int:
        adopt_orphans(outer)
        os.write(0, b"ready\n")
        if os.read(0, 3) != b"go\n":
            return STOPPED
        return outlive(lambda: begin(argv, mask))

    adopt_orphans(os.getppid())
    return outlive(inner)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
