"""Why a program could not be started, in words."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_parex.errors import ParexError


def start_fault(fault: Exception, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> ParexError:
    """The error to raise when the system refuses to start `argv`, with what to do about it."""
    program = argv[0]
    if not cwd.is_dir():
        return ParexError(f"`{program}` cannot be started in {cwd}: that is not a folder, or no longer there")
    if isinstance(fault, FileNotFoundError):
        return ParexError(f"`{program}` is not installed, or not on PATH")
    if isinstance(fault, OSError) and fault.errno == errno.E2BIG:
        sizes = {name: len(name) + len(value) for name, value in env.items()}
        largest = max(sizes, key=sizes.__getitem__, default="")
        return ParexError(
            f"`{program}` cannot be started: its arguments ({sum(map(len, argv))} characters) and environment "
            f"({sum(sizes.values())} characters, most of them in `{largest}`) are larger than the system allows; "
            "put long texts into files"
        )
    return ParexError(f"`{program}` cannot be started: {fault}")
