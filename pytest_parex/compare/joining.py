"""Several runs as the plan and the results of one, so that everything that compares and reports one run takes them too.

Which variants are the same in several runs is said in `columns`, what differs besides in `mismatches`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_parex.compare.columns import Column, Part, Taken, columns_of, names_of, taken_by
from pytest_parex.compare.comparing import compare, difference
from pytest_parex.compare.mismatches import mismatches
from pytest_parex.model import (
    Base,
    Comparison,
    Difference,
    Evidence,
    Experiment,
    Plan,
    Result,
    Setup,
    Variant,
)
from pytest_parex.store.layout import TRIALS

_SHOWN = 12
"""Characters of a commit."""


@dataclass(frozen=True)
class Joined:
    """Several runs as the plan and the results of one."""

    plan: Plan
    results: tuple[Result, ...]
    not_selected: frozenset[str]
    warnings: tuple[str, ...]
    """What differs between the runs besides the variants, in sentences."""
    pairs: tuple[tuple[str, str], ...]
    """Each variant that is told apart by run, and the same one in the baseline run."""
    bases: Mapping[str, str]
    """Variant → the commit that it started from."""

    def compared(self) -> Comparison:
        """The comparison. Warnings stand behind the first of its reasons, since they qualify whatever is established;
        differences of a variant from itself come first.
        """
        found = compare(self.plan, self.results, self.not_selected)
        settings = {"base": dict(self.bases)} if len(set(self.bases.values())) > 1 else {}
        return found.model_copy(
            update={
                "reasons": (*found.reasons[:1], *self.warnings, *found.reasons[1:]),
                "evidence": (*found.evidence[:1], *(Evidence() for _ in self.warnings), *found.evidence[1:]),
                "differences": _own_first(found, self.pairs),
                "settings": {**settings, **found.settings},
            }
        )


def join(parts: Sequence[Part], baseline: int | None = None) -> Joined:
    """Join two or more runs; `baseline` is the place of the one that the others are compared with, else the first is.

    Raises ParexError where a run is given twice, since its trials would count twice.
    """
    labels = names_of([part.plan for part in parts])
    columns = columns_of(parts, labels, baseline)
    taken = list(taken_by(parts, labels, columns))
    joined = {(each.part, each.own.id): each.joined for each in taken}
    main = _baseline_column(parts, columns, baseline)
    return Joined(
        plan=_plan(parts, labels, columns, taken, main.name if main else None),
        results=tuple(
            result.model_copy(update={"trial": joined[place, result.trial.id]})
            for place, part in enumerate(parts)
            for result in part.results
            if (place, result.trial.id) in joined
        ),
        not_selected=frozenset(each.joined.id for each in taken if each.own.id in parts[each.part].not_selected),
        warnings=mismatches(parts, labels, columns),
        pairs=tuple(_pairs(columns, baseline or 0)),
        bases=_starts(parts, columns),
    )


def _plan(
    parts: Sequence[Part],
    labels: Sequence[str],
    columns: Sequence[Column],
    taken: Sequence[Taken],
    baseline: str | None,
) -> Plan:
    """The plan of the newest run, with the trials and variants of all of them."""
    oldest_first = sorted((part.plan for part in parts), key=lambda plan: plan.created)
    newest = oldest_first[-1]
    experiments = [plan.experiment for plan in oldest_first]
    top = Path(os.path.commonpath([part.directory.absolute() for part in parts]))
    experiment = newest.experiment.model_copy(
        update={
            "experiment": " + ".join(dict.fromkeys(part.plan.experiment.experiment for part in parts)),
            "variants": {each.name: _resolved(parts[each.parts[0]].plan.experiment, each.variant) for each in columns},
            "cases": {name: case for each in experiments for name, case in each.cases.items()},
            "checks": {name: check for each in experiments for name, check in each.checks.items()},
            "metrics": {name: reader for each in experiments for name, reader in each.metrics.items()},
            "compare": newest.experiment.compare.model_copy(update={"baseline": baseline}),
            "env": {},
            "setup": Setup(),
            "runner": None,
            "gates": (),
        }
    )
    return newest.model_copy(
        update={
            "experiment": experiment,
            "run": " + ".join(part.plan.run for part in parts),
            "directory": str(top),
            "bases": {
                name: base
                for label, part in zip(labels, parts, strict=True)
                for name, base in _named_bases(part.plan, label, parts).items()
            },
            "trials": tuple(each.joined for each in taken),
            "joined": {
                each.joined.id: (parts[each.part].directory.absolute() / TRIALS / each.own.id)
                .relative_to(top)
                .as_posix()
                for each in taken
            },
            "rehearsal": newest.rehearsal if all(plan.rehearsal for plan in oldest_first) else None,
            "versions": {
                name: version
                for name, version in newest.versions.items()
                if all(plan.versions.get(name) == version for plan in oldest_first)
            },
            "notices": tuple(dict.fromkeys(notice for plan in oldest_first for notice in plan.notices)),
        }
    )


def _named_bases(plan: Plan, label: str, parts: Sequence[Part]) -> dict[str, Base]:
    """The bases of a run, called by the run where another run has another commit."""
    return {
        name
        if all(part.plan.bases.get(name, base).commit == base.commit for part in parts)
        else f"{name or 'the experiment'} in {label}": base
        for name, base in plan.bases.items()
    }


def _resolved(experiment: Experiment, name: str) -> Variant:
    """The variant with everything that it takes from its experiment."""
    return experiment.variants[name].model_copy(
        update={
            "env": experiment.env_of(name),
            "runner": experiment.runner_of(name),
            "setup": experiment.setup_of(name),
            "timeout": experiment.timeout_of(name),
        }
    )


def _baseline_column(parts: Sequence[Part], columns: Sequence[Column], baseline: int | None) -> Column | None:
    """The spec's baseline variant in the baseline run, or elsewhere; or the only variant of the run that was named."""
    wanted = max((part.plan for part in parts), key=lambda plan: plan.created).experiment.compare.baseline
    in_run = [column for column in columns if (baseline or 0) in column.parts]
    found = [column for column in (*in_run, *columns) if column.variant == wanted]
    alone = in_run if baseline is not None and len(in_run) == 1 else []
    return next(iter([*found, *alone]), None)


def _pairs(columns: Sequence[Column], baseline: int) -> Iterator[tuple[str, str]]:
    for column in columns:
        for base in columns:
            if base is not column and base.variant == column.variant and baseline in base.parts:
                yield column.name, base.name


def _starts(parts: Sequence[Part], columns: Sequence[Column]) -> dict[str, str]:
    found = {}
    for column in columns:
        plan = parts[column.parts[0]].plan
        variant = plan.experiment.variants[column.variant]
        source = variant.source or ""
        if base := plan.bases.get(f"{source}@{variant.ref}" if variant.ref else source):
            found[column.name] = f"{base.commit[:_SHOWN]} ({base.chosen})"
    return found


def _own_first(comparison: Comparison, pairs: Sequence[tuple[str, str]]) -> tuple[Difference, ...]:
    """The differences, with those between one variant's own runs in front, of the later run minus the baseline."""
    counted = {row.name for row in comparison.variants if row.counted}
    corrected = {(each.metric, frozenset((each.a, each.b))): each.p_adjusted for each in comparison.differences}
    own = [
        difference(comparison, metric, a, b).model_copy(
            update={"p_adjusted": corrected.get((metric, frozenset((a, b))))}
        )
        for a, b in pairs
        for metric in comparison.rank
        if {a, b} <= counted
    ]
    said = {(each.metric, frozenset((each.a, each.b))) for each in own}
    others = (each for each in comparison.differences if (each.metric, frozenset((each.a, each.b))) not in said)
    return (*own, *others)
