"""Ids of gates: what a gate says, as slugs joined by `--`; unique and stable.

An id depends on the gate alone, not on its place in the list; only of gates that say the same the later ones are
numbered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pytest_parex.model import Gate


def gate_ids(gates: Sequence[Gate]) -> list[str]:
    """`coverage--oop--vs-functional--at-least-minus-1`, in the order of the gates."""
    seen: Counter[str] = Counter()
    ids = []
    for gate in gates:
        name = "--".join(_parts(gate))
        seen[name.casefold()] += 1
        ids.append(name if seen[name.casefold()] == 1 else f"{name}--{seen[name.casefold()]}")
    return ids


def _parts(gate: Gate) -> Iterator[str]:
    yield _slug(gate.metric)
    if gate.variant is not None:
        yield gate.variant
    if gate.vs is not None:
        yield f"vs-{gate.vs}"
    if gate.baseline:
        yield "vs-baseline"
    percent = "-percent" if gate.relative else ""
    for word, limit in (("at-least", gate.at_least), ("at-most", gate.at_most)):
        if limit is not None:
            yield f"{word}-{_number(limit)}{percent}"
    if gate.tolerance:
        yield f"tolerance-{_number(gate.tolerance)}{percent}"
    if gate.confidence is not None:
        yield f"confidence-{_number(gate.confidence)}"


def _number(value: float) -> str:
    return f"{'minus-' if value < 0 else ''}{abs(value):.12g}".replace("+", "")


def _slug(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in text)
