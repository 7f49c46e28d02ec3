"""Chance that is the same everywhere and always: the raw stream of PCG64 (O'Neill 2014), seeded by a text.

numpy promises to keep the raw streams of its generators; it does not promise that for what it draws from them. So the
few draws that are needed are made here, and the same files give the same verdict with every version of it.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


class Chance:
    """A stream of numbers that only depends on its seed."""

    def __init__(self, seed: str) -> None:
        digest = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()
        self._stream = np.random.PCG64(int.from_bytes(digest[:16], "big"))

    def shares(self, number: int) -> Floats:
        """Numbers from 0 up to but not including 1."""
        raw = np.asarray(self._stream.random_raw(number), dtype=np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, limit: int, number: int) -> Whole:
        """Whole numbers from 0 up to but not including `limit`."""
        return np.floor(self.shares(number) * limit).astype(np.int64)
