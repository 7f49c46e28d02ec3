"""Which variants of several runs are the same, and what the others are called; their trials by case and matrix point.

A variant that several runs have is the same in two of them if nothing that it was made from or graded by differs: the
runs have trials in common (case, matrix point, repeat), all of these have equal digests of their inputs, which include
the base, and the digests of the grading are equal. Then the trials of both are repeats of one variant. Otherwise the
variant is told apart by run, `v2 @ 20261120`, and compared with itself. The baseline run that somebody names is always
told apart: it is there to be compared with.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_parex.errors import ParexError
from pytest_parex.model import Plan, Result, Trial

_NAMED = 2
"""Of a variant that is the same in more runs, the first run is named, which is no other row's."""
Digests = Mapping[str, str]
"""Case, matrix point and repeat → digest of the trial's inputs."""


@dataclass(frozen=True)
class Part:
    """A stored run that takes part. `not_selected`: ids of trials that nobody asked for; `directory`: where it is."""

    plan: Plan
    results: Sequence[Result]
    not_selected: frozenset[str] = frozenset()
    directory: Path = Path()

    def trials_of(self, variant: str) -> list[Trial]:
        """Its planned trials of a variant, if somebody asked for one of them or has executed one; else none."""
        own = self._by_variant.get(variant, [])
        return own if any(trial.id in self._executed or trial.id not in self.not_selected for trial in own) else []

    @cached_property
    def _by_variant(self) -> dict[str, list[Trial]]:
        found: dict[str, list[Trial]] = {}
        for trial in self.plan.trials:
            found.setdefault(trial.variant, []).append(trial)
        return found

    @cached_property
    def _executed(self) -> set[str]:
        return {result.trial.id for result in self.results}


@dataclass
class Column:
    """One row of the joined comparison: a variant, in the runs in which it is the same."""

    variant: str
    parts: list[int] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class Taken:
    """A trial of one of the runs, and what it is in the joined plan."""

    part: int
    own: Trial
    joined: Trial


def names_of(plans: Sequence[Plan]) -> tuple[str, ...]:
    """What runs are called beside each other: as much of their ids as tells them apart, date first.

    Raises ParexError if two of them are the same run.
    """
    several = len({plan.experiment.experiment for plan in plans}) > 1
    full = [(f"{plan.experiment.experiment}@" if several else "", plan.run.split("-")) for plan in plans]
    lengths = range(1, max(len(parts) for _, parts in full) + 1)
    for names in (tuple(f"{lead}{'-'.join(parts[:length])}" for lead, parts in full) for length in lengths):
        if len(set(names)) == len(names):
            return names
    twice = [plan.run for place, plan in enumerate(plans) if full[place] in full[:place]]
    raise ParexError(f"{twice[0]} is given twice: its trials would count twice")


def digests_of(trials: Sequence[Trial]) -> dict[str, str]:
    """The digest of each trial's inputs, by case, matrix point and repeat."""
    return {json.dumps([each.case, each.matrix, each.repeat], sort_keys=True): each.inputs for each in trials}


def agree(first: Digests, second: Digests) -> bool:
    """Whether the runs have trials in common, and all of these were made from the same."""
    shared = first.keys() & second.keys()
    return bool(shared) and all(first[key] and first[key] == second[key] for key in shared)


def columns_of(parts: Sequence[Part], labels: Sequence[str], baseline: int | None) -> list[Column]:
    """The rows of the joined comparison, in the order in which the runs have their variants."""
    by_variant: dict[str, list[Column]] = {}
    for place, part in enumerate(parts):
        for variant in part.plan.experiment.variants:
            if not (trials := part.trials_of(variant)):
                continue
            columns = by_variant.setdefault(variant, [])
            digests = digests_of(trials)
            same = next((each for each in columns if _is_same(each, parts, place, digests, baseline)), None)
            if same is None:
                columns.append(same := Column(variant))
            same.parts.append(place)
            same.digests.update(digests)
    for variant, columns in by_variant.items():
        for column in columns:
            runs = [labels[place] for place in column.parts]
            called = " + ".join(runs) if len(runs) <= _NAMED else f"{len(runs)} runs from {runs[0]}"
            column.name = f"{variant} @ {called}" if len(columns) > 1 else variant
    return [column for columns in by_variant.values() for column in columns]


def _is_same(column: Column, parts: Sequence[Part], place: int, digests: Digests, baseline: int | None) -> bool:
    if baseline is not None and baseline in (place, *column.parts):
        return False
    grading = parts[column.parts[0]].plan.grading
    return grading == parts[place].plan.grading and agree(column.digests, digests)


def taken_by(parts: Sequence[Part], labels: Sequence[str], columns: Sequence[Column]) -> Iterator[Taken]:
    """The trials of all columns; those of a variant that is the same in several runs are counted on as repeats."""
    for column in columns:
        repeats: Counter[str] = Counter()
        for place in column.parts:
            for own in parts[place].trials_of(column.variant):
                cell = json.dumps([own.case, own.matrix], sort_keys=True)
                repeats[cell] += 1
                update = {"id": f"{own.id} @ {labels[place]}", "variant": column.name, "repeat": repeats[cell]}
                yield Taken(place, own, own.model_copy(update=update))
