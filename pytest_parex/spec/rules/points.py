"""The matrix: its axes can be told apart, its entries refer to something, and trials are left."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import product

from pytest_parex.errors import Fault
from pytest_parex.model import Experiment, Scalar
from pytest_parex.spec.document import Keys
from pytest_parex.spec.matrix import OF_TRIALS, is_excluded, points, same
from pytest_parex.spec.nearest import listed, meant
from pytest_parex.spec.rules.subject import Subject
from pytest_parex.spec.wording import path_text, shown

MOST_POINTS = 10_000
MOST_TRIALS = 100_000
RESERVED = ("experiment", "variant", "case", "repeat", "trial", "matrix", "run", "attempt")

_AXIS = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def matrix_makes_sense(subject: Subject) -> Iterator[Fault]:
    """Axes, `include`, `exclude` and the number of trials."""
    if "matrix" not in subject.lost:
        faults = [*_axes(subject), *_included(subject), *_excluded(subject)]
        yield from faults
        if not faults and not subject.lost & {"variants", "cases"}:
            yield from _number(subject)


def _axes(subject: Subject) -> Iterator[Fault]:
    matrix, document = subject.experiment.matrix, subject.document
    seen: dict[str, str] = {}
    for axis, values in matrix.axes.items():
        path: Keys = ("matrix", axis)
        if why := _why_no_axis(axis):
            yield document.at_key(path, why)
        variable = axis.upper().replace("-", "_")
        if variable in seen:
            message = f"`matrix`: `{axis}` and `{seen[variable]}` would be the same variable PAREX_MATRIX_{variable}"
            yield document.at_key(path, message)
        seen.setdefault(variable, axis)
        for index, value in enumerate(values):
            if any(same(value, other) for other in values[:index]):
                yield document.at((*path, index), f"`matrix.{axis}[{index}]`: {shown(value)} is given twice")


def _included(subject: Subject) -> Iterator[Fault]:
    matrix, document = subject.experiment.matrix, subject.document
    for index, entry in enumerate(matrix.include):
        path: Keys = ("matrix", "include", index)
        if not entry:
            yield document.at(path, f"`{path_text(path)}`: found nothing; allowed: axes with their values")
        for key in entry:
            if key not in matrix.axes and (why := _why_no_axis(key)):
                yield document.at_key((*path, key), why)


def _excluded(subject: Subject) -> Iterator[Fault]:
    experiment, document = subject.experiment, subject.document
    for index, entry in enumerate(experiment.matrix.exclude):
        path: Keys = ("matrix", "exclude", index)
        where = f"`{path_text(path)}`"
        if not entry:
            yield document.at(path, f"{where}: found nothing; allowed: axes with their values, `variant`, `case`")
        known = _values(experiment, special=any(key in OF_TRIALS for key in entry))
        for key, value in entry.items():
            if key not in known:
                message = f"{where}: there is no axis `{key}`; known here: {listed(known)}{meant(key, known)}"
                yield document.at_key((*path, key), message)
            elif {"variant": "variants", "case": "cases"}.get(key) in subject.lost:
                continue
            elif not any(same(str(value) if key in OF_TRIALS else value, each) for each in known[key]):
                every = listed(f"{each}" for each in known[key]) or "none"
                yield document.at((*path, key), f"{where}: {shown(value)} is no value of `{key}`; known here: {every}")


def _values(experiment: Experiment, *, special: bool) -> dict[str, list[Scalar]]:
    """What an exclude entry may name. One that names a variant or case may name what `include` adds, too."""
    known: dict[str, list[Scalar]] = {key: list(values) for key, values in experiment.matrix.axes.items()}
    if special:
        for entry in experiment.matrix.include:
            for key, value in entry.items():
                known.setdefault(key, []).append(value)
    return {**known, "variant": list(experiment.variants), "case": list(experiment.cases)}


def _number(subject: Subject) -> Iterator[Fault]:
    experiment, document = subject.experiment, subject.document
    matrix = experiment.matrix
    place: Keys = ("matrix",) if "matrix" in document.data else ("repeats",)
    size = math.prod(len(values) for values in matrix.axes.values()) + len(matrix.include)
    if size > MOST_POINTS:
        yield document.at(place, f"`matrix`: found {size:,} points; allowed: {MOST_POINTS:,}")
        return
    every = points(matrix)
    cases: list[str | None] = [*experiment.cases] or [None]
    count = len(every) * len(experiment.variants) * len(cases) * experiment.repeats.max
    if count > MOST_TRIALS:
        yield document.at(place, f"variants, matrix, cases and repeats make {count:,} trials; allowed: {MOST_TRIALS:,}")
        return
    all_trials = product(experiment.variants, cases, every)
    if all(is_excluded(matrix, variant, case, point) for variant, case, point in all_trials):
        yield document.at(("matrix", "exclude"), "`matrix.exclude`: nothing is left; no trial would be run")


def _why_no_axis(name: str) -> str | None:
    if name in RESERVED:
        return f"`matrix`: `{name}` is reserved; give the axis another name"
    if not _AXIS.match(name):
        return f"`matrix`: the axis {shown(name)} cannot be used; allowed: letters, digits, '_' and '-', no digit first"
    return None
