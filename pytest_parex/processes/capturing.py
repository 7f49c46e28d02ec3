"""Trusted short tools: started, waited for, and their output handed back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_parex.errors import ParexError
from pytest_parex.processes.starting import start_fault


@dataclass(frozen=True)
class Captured:
    """What a tool answered."""

    exit_code: int
    """128+N when signal N ended it."""
    stdout: bytes
    stderr: bytes


def capture(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    input: bytes | None = None,  # noqa: A002
) -> Captured:
    """Run a tool that is trusted to clean up after itself, such as git, in a process group of its own.

    Raises ParexError if it cannot be started, or has not ended after `timeout` seconds; its group is dead then.
    """
    stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
    pipe = subprocess.PIPE
    try:
        tool = subprocess.Popen(argv, cwd=cwd, env=env, stdin=stdin, stdout=pipe, stderr=pipe, start_new_session=True)
    except (OSError, ValueError) as fault:
        raise start_fault(fault, argv, cwd, env) from fault
    with tool:
        try:
            stdout, stderr = tool.communicate(input, timeout)
        except subprocess.TimeoutExpired as late:
            if tool.poll() is None:
                _kill_group(tool)
                raise ParexError(
                    f"`{argv[0]}` had not ended after {timeout:g} s and was killed{_last_line(late.stderr)}"
                ) from None
            # It has ended, and something that it left behind holds its output open.
            stdout, stderr = late.stdout or b"", late.stderr or b""
        except BaseException:
            _kill_group(tool)
            raise
    return Captured(tool.returncode if tool.returncode >= 0 else 128 - tool.returncode, stdout, stderr)


def _kill_group(tool: subprocess.Popen[bytes]) -> None:
    if tool.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(tool.pid, signal.SIGKILL)
        tool.wait()


def _last_line(stderr: bytes | None) -> str:
    lines = (stderr or b"").decode(errors="replace").strip().splitlines()
    return f"; its last words: {lines[-1]}" if lines else ""
