"""What a command prints: read as fast as it comes, counted, redacted, and written to a log of bounded size."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Collection
from pathlib import Path

from pytest_parex.processes.redaction import Redaction

LOG_LIMIT = 16 * 1024 * 1024
"""Bytes of one command's output that its log keeps: the first half while it runs, the last half when it has ended."""
PIECE = 64 * 1024
LAST_LINES_BYTES = 4096
LEFT_IN_PIPE = 1024 * 1024
"""No pipe holds more; whoever prints on after that is no part of the command."""


class CappedLog:
    """Appends to a file; beyond its limit the beginning and the end are kept, and how much is cut is said.

    A write that fails never raises: `error` says why something is missing.
    """

    def __init__(self, file: Path, limit: int) -> None:
        self.error = ""
        self._head_room = limit // 2
        self._tail_room = limit - self._head_room
        self._tail = bytearray()
        self._cut = 0
        self._fd = -1
        try:
            self._fd = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as fault:
            self._fail(fault)

    def write(self, data: bytes) -> None:
        """Write now what belongs to the beginning, and remember the rest in case it belongs to the end."""
        written = self._append(data[: self._head_room])
        self._head_room -= written
        if written < len(data):
            self._head_room = 0
            self._tail += data[written:]
            # Twice the room, so that cutting is rare enough to cost nothing.
            if len(self._tail) > 2 * self._tail_room:
                self._shorten()

    def close(self) -> None:
        """Write the end, after a line that says how many bytes are cut."""
        self._shorten()
        note = f"\n… {self._cut} bytes cut …\n".encode() if self._cut else b""
        self._append(note + self._tail)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _shorten(self) -> None:
        surplus = max(0, len(self._tail) - self._tail_room)
        del self._tail[:surplus]
        self._cut += surplus

    def _append(self, data: bytes) -> int:
        written = 0
        try:
            while self._fd >= 0 and written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError as fault:
            self._fail(fault)
        return written

    def _fail(self, fault: OSError) -> None:
        self.error = f"the log is incomplete: {fault.strerror or fault}"


class Recording:
    """Reads the end of a pipe on a thread of its own, so that a command is never held up by what its caller does.

    `entrance` is the file descriptor to print to. Leave the context when every process of the command is dead: what
    is still in the pipe is recorded then, and a stranger who holds the pipe open is not waited for.
    """

    def __init__(self, log: Path, secrets: Collection[str] = (), limit: int = LOG_LIMIT) -> None:
        self.output_bytes = 0
        self.last_output = time.monotonic()
        self._redaction = Redaction(secrets)
        self._log = CappedLog(log, limit)
        self._exit, self.entrance = os.pipe()
        self._ended, self._ending = os.pipe()
        os.set_blocking(self._exit, False)
        self._thread = threading.Thread(target=self._record, name="parex-recording", daemon=True)

    @property
    def log_error(self) -> str:
        """Why the log is not complete; empty when it is."""
        return self._log.error

    def __enter__(self) -> Recording:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close_entrance()
        os.close(self._ending)
        self._thread.join()
        os.close(self._ended)
        os.close(self._exit)

    def close_entrance(self) -> None:
        """Close our own end, once the command has its copy; the pipe then ends when the command does."""
        if self.entrance >= 0:
            os.close(self.entrance)
            self.entrance = -1

    def _record(self) -> None:
        poll = select.poll()
        poll.register(self._exit, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        while all(fd == self._exit for fd, _ in poll.poll()):
            if not self._read():
                break
        else:
            end = self.output_bytes + LEFT_IN_PIPE
            while self.output_bytes < end and self._read():
                pass
        self._log.write(self._redaction.rest())
        self._log.close()

    def _read(self) -> int:
        """Record the next piece; 0 when there is none now."""
        with contextlib.suppress(BlockingIOError):
            piece = os.read(self._exit, PIECE)
            self.output_bytes += len(piece)
            self.last_output = time.monotonic()
            self._log.write(self._redaction.feed(piece))
            return len(piece)
        return 0


def last_lines(log: Path, count: int) -> str:
    """The last lines of a log that are not empty, for a message; empty text when there are none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_LINES_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
