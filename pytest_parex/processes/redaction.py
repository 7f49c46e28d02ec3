"""Hiding secrets in a stream of bytes, also where a secret is split between two pieces of it."""

from __future__ import annotations

import re
from collections.abc import Collection

HIDDEN = b"***"
SHORTEST = 4
"""Shorter values are left alone: replacing every `1` or `yes` would spoil a log and hide nothing."""


class Redaction:
    """Replaces secrets by `***`. What could be the beginning of a secret is held back until more is known."""

    def __init__(self, secrets: Collection[str]) -> None:
        encoded = {secret.encode(errors="surrogateescape") for secret in secrets if len(secret) >= SHORTEST}
        self._secrets = sorted(encoded, key=lambda secret: (-len(secret), secret))
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets)))
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """The next piece, as far as it is certain."""
        if not self._secrets:
            return piece
        data = self._held + piece
        certain, shown = self._certain(data), 0
        parts = []
        if any(secret in data for secret in self._secrets):
            for found in self._pattern.finditer(data):
                if found.start() >= certain:
                    break
                parts += [data[shown : found.start()], HIDDEN]
                shown = found.end()
        end = max(certain, shown)
        self._held = data[end:]
        return b"".join([*parts, data[shown:end]])

    def rest(self) -> bytes:
        """What is still held back, once nothing follows."""
        held, self._held = self._held, b""
        return self._pattern.sub(HIDDEN, held) if self._secrets else held

    def _certain(self, data: bytes) -> int:
        """How many bytes come before the longest ending that could still grow into a secret."""
        certain = len(data)
        for secret in self._secrets:
            at = data.find(secret[:1], max(0, len(data) - len(secret) + 1))
            while 0 <= at < certain:
                if secret.startswith(data[at:]):
                    certain = at
                else:
                    at = data.find(secret[:1], at + 1)
        return certain
