"""Becoming another program."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pytest_parex.processes.starting import start_fault


def replace_with(argv: Sequence[str]) -> NoReturn:
    """End this program and become another, in the same process: same terminal, same signals, its exit code.

    Raises ParexError if it cannot be started; nothing has happened then.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvp(argv[0], list(argv))
    except (OSError, ValueError) as fault:
        raise start_fault(fault, argv, Path.cwd(), os.environ) from fault
