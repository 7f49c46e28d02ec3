"""The one writer of an attempt's journal and result."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_parex.model import Event, Result, Trial
from pytest_parex.store import files
from pytest_parex.store.journal import NOTHING, Journal, Told, amount
from pytest_parex.store.redaction import redact, redact_data

RESULT = "result.json"
EVENTS = "events.jsonl"
RESERVED = ".result.json.part"
RESERVED_BYTES = 128 * 1024
"""Room for a result with about a thousand changed files, taken when the attempt begins: a variant that fills the disk
must not keep its own result from being written."""


SYNCED_FROM_S = 0.1
"""A phase that took less is synced with the next one: after a power cut it is done again as quickly as it was done."""


class AttemptWriter:
    """Writes one attempt: `emit` and `phase` go to its journal, `finish` writes its result.

    `secrets` are hidden in events and messages; `listen` is given every event after it was journalled. `told` is what
    the journal tells already, if another writer has begun it.
    """

    def __init__(
        self,
        trial: Trial,
        number: int,
        directory: Path,
        secrets: Collection[str] = (),
        listen: Callable[[Event], None] | None = None,
        told: Told = NOTHING,
    ) -> None:
        self.trial = trial
        self.number = number
        self.directory = directory
        self.started = _now()
        self.phases: dict[str, float] = dict(told.phases)
        """Phase → duration in seconds, in the order in which they ran."""
        self.earlier = told.earlier
        """The attempt that this one goes on from; None for a fresh start."""
        self.cost_usd = told.cost_usd
        """What the work has cost so far, as its runner has told; None if it has not."""
        self._secrets = tuple(secrets)
        self._listen = listen
        self._journal = Journal(directory / EVENTS)
        files.reserve(directory / RESERVED, RESERVED_BYTES)

    def emit(self, name: str, /, **data: Any) -> None:
        """Journal an event. On a full disk it is lost and the attempt goes on."""
        if name == "cost":
            self.cost_usd = amount(data.get("usd"), self.cost_usd)
        event = Event(self.trial.id, self.number, _now(), name, redact_data(data, self._secrets))
        self._journal.append(event)
        if self._listen:
            self._listen(event)

    def go_on_from(self, earlier: int) -> None:
        """Journal that this attempt goes on where an earlier one has stopped, in the same workspace."""
        self.earlier = earlier
        self.emit("goes-on", earlier=earlier)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Journal that a phase begins and ends, also by an exception, and keep its duration in `phases`."""
        self.emit("phase", phase=name)
        begun = time.monotonic()
        try:
            yield
        finally:
            duration = time.monotonic() - begun
            self.phases[name] = self.phases.get(name, 0.0) + duration
            self.emit("phase-end", phase=name, duration_s=round(duration, 6))
            if duration >= SYNCED_FROM_S:
                self._journal.sync()

    def finish(self, result: Result) -> None:
        """Write the result, then journal `finished`; the result is there whole or, with a StoreError, not at all.

        A metric that is not a finite number is left out, since it is no measurement; the journal says so.
        """
        fields = result.model_dump(mode="python")
        for name, metric in result.metrics.items():
            if not math.isfinite(metric.value):
                del fields["metrics"][name]
                self.emit("note", text=f"metric `{name}` is missing: {metric.value} is not a finite number")
        fields["message"] = redact(result.message, self._secrets)
        fields["contaminated"] = redact_data(result.contaminated, self._secrets)
        for check in fields["checks"]:
            check["message"] = redact(check["message"], self._secrets)
        text = json.dumps(fields, ensure_ascii=False, allow_nan=False)
        reserved, file = self.directory / RESERVED, self.directory / RESULT
        if reserved.exists():
            files.write_over(reserved, file, text)
        else:
            files.write_atomically(file, text)
        self.emit("finished", cause=result.cause.value, message=result.message)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
