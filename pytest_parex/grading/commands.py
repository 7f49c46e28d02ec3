"""Running the spec's commands on captured work, and saying in one line how they ended."""

from __future__ import annotations

import hashlib
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from pytest_parex import processes
from pytest_parex.errors import GradingError
from pytest_parex.grading.reading import shortened
from pytest_parex.model import SLUG, Place
from pytest_parex.runners import every_few_seconds
from pytest_parex.workspace import secrets

LAST_BYTES = 32 * 1024
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-_])")
_ORNAMENT = re.compile(r"^[\s=\-_*#~!.+|]+|[\s=\-_*#~!+|]+$")
_WRAPPERS = re.compile(r"g?make(\[\d+\])?: |npm (ERR!|error|notice)|error: Recipe `")
"""Tools that start the real one, and say in their own last lines only that it failed."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    exit_code: int
    timed_out: bool
    duration_s: float
    log: Path
    """Its output, both streams."""
    log_error: str = ""
    """Why the log is not complete, for example a full disk."""

    def ending(self, timeout: float) -> str:
        """In words, with the last line that says something."""
        if self.timed_out:
            return f"was stopped at its time limit of {timeout:g} s{self._said()}"
        if self.exit_code == 127:
            return f"failed with exit code 127, a command was not found{self._said()}"
        if self.exit_code == 126:
            return f"failed with exit code 126, a command cannot be executed{self._said()}"
        if self.exit_code > 128 and (name := _signal_name(self.exit_code - 128)):
            return f"was ended by {name} (exit code {self.exit_code}){self._said()}"
        return f"failed with exit code {self.exit_code}{self._said()}"

    def _said(self) -> str:
        line = last_line(self.log)
        return f": {line}" if line else ""


def run(place: Place, command: str, timeout: float, kind: str, name: str) -> Ran:
    """Run a command in the workspace; `kind` (checks, metrics) is the folder of its log, `name` is its name there."""
    log = begun_log(place, kind, name)
    finished = processes.run(
        command,
        cwd=place.workspace,
        env=place.env,
        timeout=timeout,
        log=log,
        secrets=secrets(place.env),
        waiting=every_few_seconds(place.emit),
    )
    return Ran(finished.exit_code, finished.timed_out, finished.duration_s, log, finished.log_error)


def begun_log(place: Place, kind: str, name: str) -> Path:
    """Where the log goes; what an earlier grading wrote there is removed, so that no old number is read."""
    log = place.directory / log_path(kind, name)
    try:
        log.parent.mkdir(exist_ok=True)
        log.unlink(missing_ok=True)
    except OSError as error:
        raise GradingError(f"the log {log} cannot be begun: {error.strerror or error}") from None
    return log


def log_path(kind: str, name: str) -> str:
    """Path of a log in the attempt's directory; different names have different logs."""
    if re.fullmatch(SLUG, name) and len(name) <= 100:
        return f"{kind}/{name}.log"
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80]
    return f"{kind}/{readable}.{hashlib.sha256(name.encode()).hexdigest()[:8]}.log"


def last_line(log: Path) -> str:
    """The last line of a log that says something, without colours and ornaments; empty if there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - LAST_BYTES))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    lines = [_ORNAMENT.sub("", _ESCAPES.sub("", line)) for line in text.splitlines()]
    said = [line for line in lines if any(map(str.isalnum, line))]
    own = [line for line in said if not _WRAPPERS.match(line)]
    return shortened((own or said or [""])[-1], 200)


def _signal_name(number: int) -> str | None:
    try:
        return signal.Signals(number).name
    except ValueError:
        return None
