"""What is not the same in runs that are compared with each other, in sentences that name it.

Contents of files are known by digests only. So where a digest differs and nothing that the plan holds does, the
contents of a file must be what differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_parex.compare.columns import Column, Part, agree
from pytest_parex.model import Base, Experiment, Plan
from pytest_parex.spec.nearest import listed

_SHOWN = 10
"""Characters of a commit."""
_OF_THE_SPEC = ("experiment", "task", "task_file", "instructions", "workspace")


def mismatches(parts: Sequence[Part], labels: Sequence[str], columns: Sequence[Column]) -> tuple[str, ...]:
    """Why variants are told apart by run, and what makes numbers of these runs differ besides the variants."""
    plans = {label: part.plan for label, part in zip(labels, parts, strict=True)}
    return (
        *_told_apart(parts, columns),
        *_days(columns),
        *_experiments(plans),
        *_bases(plans),
        *_grading(plans),
        *_cases(plans, _changed_cases(columns)),
        *_rehearsals(plans),
        *_criteria(plans),
    )


def _told_apart(parts: Sequence[Part], columns: Sequence[Column]) -> Iterator[str]:
    """Which variants are shown by run, and why; those with the same reasons together."""
    reasons: dict[str, dict[str, None]] = {}
    for column in columns:
        first = next(each for each in columns if each.variant == column.variant)
        if first is not column:
            reasons.setdefault(_why(parts, first, column), {})[column.variant] = None
    for why, names in reasons.items():
        verb = "is" if len(names) == 1 else "are"
        yield f"{listed(f'`{name}`' for name in names)} {verb} told apart by run: {why}."


def _why(parts: Sequence[Part], first: Column, column: Column) -> str:
    plans = [parts[each.parts[0]].plan for each in (first, column)]
    known = _what_differs(plans[0], plans[1], column.variant)
    if known:
        return f"there are differences in {listed(known)}"
    if agree(first.digests, column.digests):
        return "one of the runs is the baseline"
    if not first.digests.keys() & column.digests.keys():
        return "the runs have no trial in common that could show that it is the same"
    return "there are differences in the contents of a file that the spec names"


def _changed_cases(columns: Sequence[Column]) -> list[str]:
    """The cases whose trials have other inputs in another run, while other cases of the variant have the same."""
    found: dict[str, None] = {}
    for column in columns:
        for other in columns:
            if other is column or other.variant != column.variant:
                continue
            shared = column.digests.keys() & other.digests.keys()
            different = [key for key in sorted(shared) if column.digests[key] != other.digests[key]]
            if len(different) < len(shared):
                found.update(dict.fromkeys(case for key in different if (case := json.loads(key)[0]) is not None))
    return list(found)


def _what_differs(plan: Plan, other: Plan, variant: str) -> tuple[str, ...]:
    """What a variant was made from, and graded by, differently in two runs."""
    first, second = (_made_from(each, variant) for each in (plan, other))
    found = [name for name in first if first[name] != second[name]]
    if plan.grading != other.grading:
        found.append("the grading")
    return tuple(found)


def _made_from(plan: Plan, name: str) -> dict[str, Any]:
    experiment = plan.experiment
    variant = experiment.variants[name]
    common = experiment.model_dump(mode="json", include=set(_OF_THE_SPEC))
    return {
        "the base": [base.commit for base in _bases_of(plan, name)],
        "the name of the experiment": common["experiment"],
        "the task": [common["task"], common["task_file"]],
        "the instructions": common["instructions"],
        "the workspace": {key: value for key, value in common["workspace"].items() if key not in ("root", "keep")},
        "the prompt": variant.prompt,
        "the environment": experiment.env_of(name),
        "the files": variant.files,
        "the patch": variant.patch,
        "the runner": experiment.runner_of(name).model_dump(mode="json"),
        "the setup": experiment.setup_of(name).model_dump(mode="json"),
        "the time limit": experiment.timeout_of(name),
        "the rehearsal": plan.rehearsal is None,
    }


def _bases_of(plan: Plan, name: str) -> list[Base]:
    variant = plan.experiment.variants[name]
    source = variant.source or ""
    keys = [source, *([f"{source}@{variant.ref}"] if variant.ref else [])]
    return [plan.bases[key] for key in keys if key in plan.bases]


def _days(columns: Sequence[Column]) -> Iterator[str]:
    if any(not set(each.parts) & set(other.parts) for each in columns for other in columns):
        yield (
            "Not all variants were run side by side: what else changed from run to run (a model behind its name, the "
            "machine, a service) looks like a difference between variants."
        )


def _experiments(plans: Mapping[str, Plan]) -> Iterator[str]:
    names = list(dict.fromkeys(plan.experiment.experiment for plan in plans.values()))
    if len(names) > 1:
        yield (
            f"The runs are of different experiments, {listed(f'`{name}`' for name in names)}: their variants, cases "
            "and metrics are joined by name."
        )


def _bases(plans: Mapping[str, Plan]) -> Iterator[str]:
    for key in dict.fromkeys(key for plan in plans.values() for key in plan.bases):
        commits = {label: plan.bases[key].commit[:_SHOWN] for label, plan in plans.items() if key in plan.bases}
        if len(set(commits.values())) > 1:
            source, _, ref = key.rpartition("@")
            what = f"`{ref}`" if source or "@" in key else f"The base of `{key}`" if key else "The base"
            yield f"{what} differs: {_by_run(commits)}. A difference between the runs may come from there."


def _grading(plans: Mapping[str, Plan]) -> Iterator[str]:
    if len({plan.grading for plan in plans.values()}) == 1:
        return
    experiments = {label: plan.experiment for label, plan in plans.items()}
    found = [
        *_named_parts("check", {label: _dumped(each, "checks") for label, each in experiments.items()}),
        *_named_parts("metric", {label: _dumped(each, "metrics") for label, each in experiments.items()}),
        *(name for name in ("protect", "holdout") if len({repr(getattr(e, name)) for e in experiments.values()}) > 1),
    ]
    yield (
        f"The grading differs: {listed(found or ['the contents of the holdout'])}. What passes in one run might not "
        "in another."
    )


def _dumped(experiment: Experiment, section: str) -> dict[str, Any]:
    known: dict[str, Any] = experiment.model_dump(mode="json", include={section})[section]
    return known


def _named_parts(noun: str, known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name in dict.fromkeys(name for parts in known.values() for name in parts):
        having = [label for label, parts in known.items() if name in parts]
        if len(having) < len(known):
            yield f"{noun} `{name}` is only in {listed(having)}"
        elif len({repr(parts[name]) for parts in known.values()}) > 1:
            yield f"{noun} `{name}`"


def _cases(plans: Mapping[str, Plan], changed: Iterable[str]) -> Iterator[str]:
    facts: dict[str, set[str]] = {}
    for plan in plans.values():
        for name, case in plan.experiment.cases.items():
            facts.setdefault(name, set()).add(repr(case.facts))
    named = dict.fromkeys([*(name for name, known in facts.items() if len(known) > 1), *changed])
    if named:
        yield (
            f"Not the same case in all runs, and yet compared by name: {listed(f'`{name}`' for name in named)}. Which "
            "variants met which contents is seen in the single runs."
        )


def _rehearsals(plans: Mapping[str, Plan]) -> Iterator[str]:
    played = [label for label, plan in plans.items() if plan.rehearsal]
    if played and len(played) < len(plans):
        yield f"In {listed(played)} agents played a script; that tells nothing about a real model."


def _criteria(plans: Mapping[str, Plan]) -> Iterator[str]:
    settings = {label: plan.experiment.compare for label, plan in plans.items()}
    if len({repr((each.rank, sorted(each.margin.items()))) for each in settings.values()}) > 1:
        newest = max(plans, key=lambda label: plans[label].created)
        yield f"The runs rank by different criteria or margins; those of {newest}, the newest, are used."


def _by_run(values: Mapping[str, str]) -> str:
    """`1a2b3c4d5e` in one run, `…` in others."""
    runs: dict[str, list[str]] = {}
    for label, value in values.items():
        runs.setdefault(value, []).append(label)
    return ", ".join(f"`{value}` in {listed(labels)}" for value, labels in runs.items())
