"""Ids of trials: slugs joined by `--`, unique and stable.

An id depends on what the trial is and on the values of its own axes, never on the order of a spec. A short hash is
added only where two values would look the same, where nothing of a value is left, or where an id gets too long for a
file name.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_parex.model import Experiment, Scalar
from pytest_parex.spec import slug

LONGEST = 100
"""Characters of an id, before `--rN`."""


@dataclass(frozen=True)
class Combination:
    """What the repeats of a trial have in common."""

    variant: str
    case: str | None
    point: Mapping[str, Scalar]

    @property
    def identity(self) -> str:
        """The same text for the same combination, in whatever order its axes are written."""
        return json.dumps([self.variant, self.case, self.point], sort_keys=True)


def stems(experiment: Experiment, combinations: Sequence[Combination]) -> list[str]:
    """An id for every combination, without the repeat."""
    variants = _parts(experiment.variants)
    cases = _parts(experiment.cases)
    values: dict[str, list[Scalar]] = {}
    for combination in combinations:
        for axis, value in combination.point.items():
            values.setdefault(axis, []).append(value)
    axes = {axis: _parts(found) for axis, found in values.items()}
    joined = [
        "--".join(
            [
                variants[json.dumps(combination.variant)],
                *([cases[json.dumps(combination.case)]] if combination.case is not None else []),
                *(axes[axis][json.dumps(value)] for axis, value in combination.point.items()),
            ]
        )
        for combination in combinations
    ]
    times = Counter(stem.casefold() for stem in joined)
    return [
        stem if times[stem.casefold()] == 1 and len(stem) <= LONGEST else _hashed(stem, combination.identity)
        for stem, combination in zip(joined, combinations, strict=True)
    ]


def _parts(values: Iterable[Scalar]) -> dict[str, str]:
    """Value, as JSON → its part of an id."""
    slugs = {json.dumps(value): slug(_text(value)) for value in values}
    times = Counter(part.casefold() for part in slugs.values())
    exact = Counter(part.casefold() for value, part in slugs.items() if value == json.dumps(part))
    return {
        value: part
        if part and (times[part.casefold()] == 1 or (value == json.dumps(part) and exact[part.casefold()] == 1))
        else _hashed(part, value)
        for value, part in slugs.items()
    }


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _hashed(part: str, identity: str) -> str:
    short = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"{part[: LONGEST - len(short) - 1].rstrip('-._')}-{short}" if part else short
