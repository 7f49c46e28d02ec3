"""What tokens cost, for those parts of a session that the program could not price itself because it was killed.

US dollars per million tokens, as in the price list that comes with Claude Code 2.1.329. A model that is not listed is
priced like the dearest family, as Claude Code does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Tokens:
    """Numbers of tokens by kind."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    """Kept for five minutes."""
    cache_write_1h: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(*(getattr(self, kind.name) + getattr(other, kind.name) for kind in fields(self)))

    def beyond(self, other: Tokens) -> Tokens:
        """What is here and not in the other, kind by kind; never less than nothing."""
        return Tokens(*(max(0, getattr(self, kind.name) - getattr(other, kind.name)) for kind in fields(self)))


PRICES: Mapping[str, tuple[float, float, float, float, float]] = {
    "claude-opus": (4.0, 20.0, 0.2, 5.0, 8.0),
    "claude-sonnet": (2.0, 10.0, 0.2, 2.5, 4.0),
    "claude-haiku": (1.0, 5.0, 0.1, 1.25, 2.0),
}
"""Family → price of input, output, cache read, cache write (5 minutes), cache write (1 hour)."""
DEAREST = "claude-opus"


def family(model: str) -> str:
    """The family of a model, by which it is priced: `claude-sonnet-5` is a `claude-sonnet`."""
    return next((name for name in PRICES if model.startswith(name)), DEAREST)


def price(model_family: str, tokens: Tokens) -> float:
    """US dollars."""
    prices = PRICES[model_family]
    counts = (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.cache_write_1h)
    return sum(count * each for count, each in zip(counts, prices, strict=True)) / 1e6
