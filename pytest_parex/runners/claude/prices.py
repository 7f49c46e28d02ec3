"""What tokens cost, for those parts of a session that the program could not price itself because it was killed.

US dollars per million tokens, as Claude Code 2.1.329 charges them (measured against its own totals). A model that it
does not know is priced like its default model, here as there. Surcharges for very long prompts are not counted.
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


DEFAULT = "other models"
PRICES: Mapping[str, tuple[float, float, float, float, float]] = {
    "claude-fable-5-2": (8.0, 40.0, 0.2, 10.0, 16.0),
    "claude-fable-5-1": (10.0, 50.0, 0.25, 12.5, 20.0),
    "claude-fable-5": (10.0, 50.0, 1.0, 12.5, 20.0),
    "claude-opus-5-5": (4.0, 20.0, 0.2, 5.0, 8.0),
    "claude-opus-5": (5.0, 25.0, 0.5, 6.25, 10.0),
    "claude-opus-4": (5.0, 25.0, 0.5, 6.25, 10.0),
    "claude-sonnet-5-5": (2.0, 10.0, 0.1, 2.5, 4.0),
    "claude-sonnet-5": (2.0, 10.0, 0.2, 2.5, 4.0),
    "claude-sonnet-4": (3.0, 15.0, 0.3, 3.75, 6.0),
    "claude-haiku-5-5": (0.1, 0.5, 0.01, 0.125, 0.2),
    "claude-haiku-4-5": (1.0, 5.0, 0.1, 1.25, 2.0),
    DEFAULT: (4.0, 20.0, 0.2, 5.0, 8.0),
}
"""Model, or what its name begins with → price of input, output, cache read, cache write (5 minutes), (1 hour)."""


def priced_as(model: str) -> str:
    """The entry of the price list that a model is priced by: `claude-haiku-4-5-20251001` is `claude-haiku-4-5`."""
    return next((name for name in PRICES if model == name or model.startswith(f"{name}-")), DEFAULT)


def price(name: str, tokens: Tokens) -> float:
    """US dollars, by the entry of this name."""
    counts = (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.cache_write_1h)
    return sum(count * each for count, each in zip(counts, PRICES[name], strict=True)) / 1e6
