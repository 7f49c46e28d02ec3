"""Measure two ways of doing one thing side by side: whole processes, interleaved runs, medians, ratios.

Seconds of one machine say nothing about another, and two runs a minute apart may differ by more than what is measured.
So the two sides take turns (A B A B …), the first turn of each only warms caches, and what is shown is the ratio of the
medians, the smallest and largest ratio of one round, and the bar. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

T = TypeVar("T")

NOT_THE_USERS = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE")
"""Settings of developers' and build machines that change what a start of Python costs."""


@dataclass(frozen=True)
class Cost:
    """What a process took, with all descendants that were waited for; in seconds."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, against what, the measurements of each round, and the bar."""

    what: str
    against: str
    ours: Sequence[float]
    theirs: Sequence[float]
    bar: float | None = None

    @property
    def ratio(self) -> float:
        """The median of ours over the median of theirs."""
        return median(self.ours) / median(self.theirs)

    @property
    def rounds(self) -> list[float]:
        """The ratio of each round, smallest first."""
        return sorted(ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True))


def wall_and_cpu(what: str, against: str, ours: Sequence[Cost], theirs: Sequence[Cost], bar: float) -> list[Row]:
    """Two lines: wall time, for which the bar is, and CPU time, which is steadier on a busy machine."""
    return [
        Row(f"{what}: wall", against, [one.wall_s for one in ours], [one.wall_s for one in theirs], bar),
        Row(f"{what}: CPU", against, [one.cpu_s for one in ours], [one.cpu_s for one in theirs]),
    ]


def options(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """The command line that all benchmarks share; `rounds` is the default."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"turns of each side that count (default {rounds})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also store all measurements in this file")
    return parser


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, removed afterwards; TMPDIR says on which disk."""
    with tempfile.TemporaryDirectory(prefix="parex-benchmark-") as path:
        yield Path(path).resolve()


def cost(command: Sequence[str], cwd: Path, env: Mapping[str, str], accepted: Iterable[int] = (0,)) -> Cost:
    """Run a command to its end. What it printed is shown, and the benchmark ends, if its exit code is not accepted.

    Its temporary files go beside `cwd`: in a folder that others use, pytest would clear up after earlier sessions.
    """
    env = {name: value for name, value in env.items() if name not in NOT_THE_USERS} | {"TMPDIR": str(cwd.parent)}
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accepted:
            output.seek(0)
            print(output.read().decode(errors="replace"), file=sys.stderr)
            sys.exit(f"exit code {process.returncode}: {' '.join(command)}")
    return Cost(wall, used.ru_utime + used.ru_stime)


def interleaved(sides: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Let the sides take turns; returns what each measured in every round but the first."""
    measured: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, measure in sides.items():
            if sys.stderr.isatty():
                print(f"\r\x1b[Kround {number} of {rounds}: {name}", end="", file=sys.stderr, flush=True)
            measured[name].append(measure())
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return {name: values[1:] for name, values in measured.items()}


def show(rows: Sequence[Row], notes: Sequence[str] = (), file: Path | None = None) -> None:
    """Print the table and the notes; with `file`, store them with all measurements."""
    cells = [("what", "against", "ratio", "rounds", "bar")]
    for row in rows:
        bar = f"≤ {row.bar:.2f} {'kept' if row.ratio <= row.bar else 'missed'}" if row.bar is not None else ""
        cells.append((row.what, row.against, f"{row.ratio:.3f}", f"{row.rounds[0]:.2f}–{row.rounds[-1]:.2f}", bar))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for cell in cells:
        print("  ".join(text.ljust(width) for text, width in zip(cell, widths, strict=True)).rstrip())
    for note in notes:
        print(note)
    if file:
        machine = {"python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count()}
        stored = [{**vars(row), "ratio": row.ratio} for row in rows]
        file.write_text(json.dumps({"machine": machine, "rows": stored, "notes": list(notes)}, indent=1) + "\n")
