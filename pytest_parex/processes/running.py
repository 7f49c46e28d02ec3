"""Running a variant's or a check's command, so that nothing of it is left when its time is over or we die."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_parex.errors import ParexError
from pytest_parex.processes.containments import strongest
from pytest_parex.processes.recording import Recording
from pytest_parex.processes.tree import Containment, Tree

TICK_S = 1.0


@dataclass(frozen=True)
class Finished:
    """How a command ended, and what it used."""

    exit_code: int
    """128+N when signal N ended it; 127 when there is no such program, which the log then says."""
    timed_out: bool
    duration_s: float
    cpu_s: float
    """Of all processes that were waited for by others of the tree, or by what held them."""
    peak_memory: int
    """Bytes, of the largest single process. Linux cannot tell less than parex's own size."""
    containment: str
    """How it was held: `pid namespace`, `subreaper` or `process group`."""
    output_bytes: int
    """Everything that was printed, also what was cut from the log."""
    log_error: str = ""
    """Why the log is incomplete, for example a full disk; empty when it is not."""


def run(
    command: str | Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    log: Path,
    secrets: Collection[str] = (),
    waiting: Callable[[float, float], None] | None = None,
    grace: float = 5.0,
    held_by: Containment | None = None,
) -> Finished:
    """Run a command and return when every process that it started is dead, whichever way it ended.

    A text is given to `sh -c`. Output is appended to `log`, without the secrets, and in its beginning and end if there
    is too much of it. Standard input is empty. `env` is the whole environment. After `timeout` seconds the tree gets
    SIGINT, SIGTERM and SIGKILL, with `grace` seconds between. `waiting(elapsed_s, idle_s)` is called about every second
    on the calling thread, idle being the time since it last printed.

    An exception in here, KeyboardInterrupt included, ends the tree in the same way and is raised again; a second one
    kills it at once. When this process is killed the tree dies too, as far as `held_by` can see to that.

    Raises ParexError if the command cannot be started or cannot be killed.
    """
    argv = ("/bin/sh", "-c", command) if isinstance(command, str) else tuple(command)
    containment = held_by or strongest()
    started = time.monotonic()
    with Recording(log, secrets) as recording:
        tree = Tree(containment, argv, cwd=cwd, env=env, output=recording.entrance)
        try:
            recording.close_entrance()
            timed_out = not _over_in_time(tree, recording, started, timeout, waiting)
            if timed_out:
                _stop(tree, grace)
        except BaseException:
            _stop(tree, grace)
            raise
        finally:
            usage = tree.end()
    if not tree.begun:
        raise ParexError(
            f"a {containment.name} for `{argv[0]}` could not be set up "
            f"({tree.complaint.strip() or 'it took too long'}); is the system short of processes or memory?"
        )
    return Finished(
        exit_code=usage.exit_code,
        timed_out=timed_out,
        duration_s=time.monotonic() - started,
        cpu_s=usage.cpu_s,
        peak_memory=usage.peak_memory,
        containment=containment.name,
        output_bytes=recording.output_bytes,
        log_error=recording.log_error,
    )


def _over_in_time(
    tree: Tree,
    recording: Recording,
    started: float,
    timeout: float,
    waiting: Callable[[float, float], None] | None,
) -> bool:
    """Wait until the command has ended by itself; False when its time was over first."""
    deadline, next_call = started + timeout, started + TICK_S
    while not tree.wait(min(TICK_S, deadline - time.monotonic())):
        now = time.monotonic()
        if now >= deadline:
            return False
        if waiting and now >= next_call:
            next_call = now + TICK_S
            waiting(now - started, now - max(started, recording.last_output))
    return True


def _stop(tree: Tree, grace: float) -> None:
    """Ask the tree to end, and then tell it to; killing what has not ended is left to `Tree.end`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        tree.signal(number)
        until = time.monotonic() + grace
        while tree.begun and time.monotonic() < until:
            if tree.wait(until - time.monotonic()):
                return
