"""Variants × cases × matrix points × repeats → trials, in this order."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_parex.model import Experiment, Trial
from pytest_parex.planning.ids import Combination, stems
from pytest_parex.spec import is_excluded, points


def expand(experiment: Experiment, lines: Mapping[str, int]) -> tuple[Trial, ...]:
    """The trials of an experiment. `lines`: variant → its line in the spec file, counted from 1."""
    every = points(experiment.matrix)
    cases: list[str | None] = [*experiment.cases] or [None]
    combinations = [
        Combination(variant, case, point)
        for variant in experiment.variants
        for case in cases
        for point in every
        if not is_excluded(experiment.matrix, variant, case, point)
    ]
    most = experiment.repeats.max
    return tuple(
        Trial(
            id=f"{stem}--r{repeat}" if most > 1 else stem,
            variant=combination.variant,
            case=combination.case,
            matrix=combination.point,
            repeat=repeat,
            line=lines.get(combination.variant, 1),
        )
        for combination, stem in zip(combinations, stems(experiment, combinations), strict=True)
        for repeat in range(1, most + 1)
    )
