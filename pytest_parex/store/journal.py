"""The journal of an attempt, `events.jsonl`: one event per line, one `write` per line, synced at phase ends.

A kill can tear the last line and a full disk any line; the reader leaves out what it cannot read. A full disk costs
events, never the attempt: filling it may be the variant's doing, and that attempt must still be ended and stored.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pytest_parex.errors import StoreError
from pytest_parex.model import Event
from pytest_parex.store.files import FULL


class Journal:
    """The one writer of an attempt's events."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._torn = _is_torn(file)
        self._lost = 0

    def append(self, event: Event) -> None:
        """Write the event behind the others."""
        with self._opened() as descriptor:
            if self._lost:
                text = f"{self._lost} events before this one are missing: the disk was full"
                self._write(descriptor, Event(event.trial, event.attempt, event.time, "note", {"text": text}))
                self._lost = 0
            self._write(descriptor, event)

    def sync(self) -> None:
        """Return when everything that was appended is on the disk."""
        with self._opened() as descriptor:
            os.fdatasync(descriptor)

    def _write(self, descriptor: int, event: Event) -> None:
        fields = {"time": event.time, "name": event.name, "data": event.data}
        line = json.dumps(fields, default=str).encode() + b"\n"
        data = b"\n" + line if self._torn else line
        self._torn = os.write(descriptor, data) < len(data)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in FULL:
                raise StoreError(f"{self._file} cannot be written: {error.strerror or error}") from None
            self._lost += 1


@dataclass(frozen=True)
class Told:
    """What a journal tells of an attempt that may have no result."""

    earlier: int | None = None
    """The attempt that it went on from, in the same workspace."""
    cost_usd: float | None = None
    """What its work had cost at last, in US dollars since the fresh start; None if nobody has said."""
    phases: Mapping[str, float] = field(default_factory=dict)
    """Phase → seconds; of one that did not end, those until the last event."""


NOTHING = Told()


def told(events: Sequence[Event]) -> Told:
    """Read a journal for what matters when the attempt's process is dead."""
    earlier: int | None = None
    cost: float | None = None
    phases: dict[str, float] = {}
    begun: dict[str, str] = {}
    for event in events:
        match event.name:
            case "goes-on":
                earlier = int(event.data["earlier"])
            case "cost":
                cost = amount(event.data.get("usd"), cost)
            case "phase":
                begun[event.data["phase"]] = event.time
            case "phase-end":
                begun.pop(event.data["phase"], None)
                phases[event.data["phase"]] = phases.get(event.data["phase"], 0.0) + event.data["duration_s"]
    for phase, time in begun.items():
        passed = datetime.fromisoformat(events[-1].time) - datetime.fromisoformat(time)
        phases[phase] = phases.get(phase, 0.0) + max(0.0, passed.total_seconds())
    return Told(earlier, cost, phases)


def amount(usd: object, otherwise: float | None) -> float | None:
    """US dollars as an event tells them, unless it tells nonsense."""
    return float(usd) if isinstance(usd, int | float) and math.isfinite(usd) else otherwise


def _is_torn(file: Path) -> bool:
    """Whether an earlier writer was killed in the middle of a line."""
    try:
        with file.open("rb") as stream:
            if not stream.seek(0, os.SEEK_END):
                return False
            stream.seek(-1, os.SEEK_END)
            return stream.read() != b"\n"
    except OSError:
        return False


def read(file: Path, trial: str, attempt: int) -> list[Event]:
    """The events in the file, in order; none if there is no file."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror or error}") from None
    events = []
    for line in data.split(b"\n"):
        try:
            fields = json.loads(line)
            events.append(Event(trial, attempt, fields["time"], fields["name"], fields["data"]))
        except (ValueError, KeyError, TypeError):
            continue
    return events
