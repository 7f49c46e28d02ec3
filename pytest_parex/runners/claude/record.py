"""`session.jsonl`: what happened in a trial's sessions, written by the process that drives them, read by the runner.

A row per line, `{"is": …}`: `session`, `turn`, `tool`, `tool failed`, `denied`, `retry`, `metric`, `progress`,
`notice`, `usage` (what a session has used so far), `told` (what the program itself said of that), `result` or `broken`
(how a prompt ended) and `step` (what it took). An attempt that goes on where another one stopped begins with the rows
of that one, so a file tells the whole of a trial.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pytest_parex.store.redaction import redact_data

FILE = "session.jsonl"
Row = dict[str, Any]


class Record:
    """The one writer of a record. A row that cannot be written, on a full disk, is lost and the session goes on."""

    def __init__(self, file: Path, secrets: Collection[str]) -> None:
        self._stream = file.open("a", encoding="utf-8", errors="replace")
        self._secrets = secrets

    def add(self, kind: str, /, **data: Any) -> None:
        """Write a row now."""
        row = redact_data({"is": kind, **data}, self._secrets)
        try:
            self._stream.write(json.dumps(row, default=str) + "\n")
            self._stream.flush()
        except OSError:
            return


class Tail:
    """Reads a file of JSON rows while it grows: each row once. What is no JSON object is left out."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0

    def rows(self) -> Iterator[Row]:
        """The rows that have come since; one that is not yet whole comes the next time."""
        try:
            with self._file.open("rb") as stream:
                stream.seek(self._read)
                for line in stream:
                    if not line.endswith(b"\n"):
                        return
                    self._read += len(line)
                    with contextlib.suppress(ValueError):
                        if isinstance(row := json.loads(line), dict):
                            yield row
        except OSError:
            return


def rows(directory: Path) -> list[Row]:
    """The whole record in an attempt's directory; empty if there is none."""
    return list(Tail(directory / FILE).rows())
