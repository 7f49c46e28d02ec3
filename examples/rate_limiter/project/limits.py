"""How many requests a client may make."""

from __future__ import annotations

from collections.abc import Callable


def limiter(capacity: int, rate: float, clock: Callable[[], float]) -> Callable[[str], bool]:
    """A token bucket per client: `allow(client)` says whether one more request is allowed now.

    A bucket holds `capacity` tokens when it is new, and gets `rate` tokens a second; `clock` tells the seconds.
    """
    raise NotImplementedError
