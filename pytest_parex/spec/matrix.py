"""The points of a matrix, as GitHub Actions makes them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from pytest_parex.model import Matrix, Scalar

Point = dict[str, Scalar]

OF_TRIALS = ("variant", "case")
"""What an exclude entry may name besides axes."""


def points(matrix: Matrix) -> list[Point]:
    """Every point, before entries of `exclude` that name a variant or case; one empty point without a matrix.

    The product of the axes, less what `exclude` matches. Then each `include` entry extends all points whose axis values
    it does not contradict (it may replace what other entries added), or is a point of its own if there are none.
    """
    axes = matrix.axes
    if not axes and not matrix.include:
        return [{}]
    of_axes = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    of_axes = [point for point in of_axes if not any(_matches(entry, point) for entry in _general(matrix))]
    extended = [dict(point) for point in of_axes]
    added: list[Point] = []
    for entry in matrix.include:
        fixed = {axis: value for axis, value in entry.items() if axis in axes}
        extends = [index for index, point in enumerate(of_axes) if _matches(fixed, point)]
        for index in extends:
            extended[index].update(entry)
        if not extends:
            added.append(dict(entry))
    order = list(dict.fromkeys([*axes, *(key for entry in matrix.include for key in entry)]))
    return _distinct([{key: point[key] for key in order if key in point} for point in (*extended, *added)])


def is_excluded(matrix: Matrix, variant: str, case: str | None, point: Mapping[str, Scalar]) -> bool:
    """Whether an `exclude` entry that names a variant or case removes this point for them."""
    facts = {**point, "variant": variant, "case": case}
    return any(_matches(_as_names(entry), facts) for entry in matrix.exclude if _is_special(entry))


def same(one: Scalar, other: Scalar) -> bool:
    """Whether two values are equal; true and 1 are not."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _general(matrix: Matrix) -> list[Point]:
    return [entry for entry in matrix.exclude if not _is_special(entry)]


def _is_special(entry: Mapping[str, Scalar]) -> bool:
    return any(name in entry for name in OF_TRIALS)


def _as_names(entry: Mapping[str, Scalar]) -> Point:
    return {key: str(value) if key in OF_TRIALS and value is not None else value for key, value in entry.items()}


def _matches(entry: Mapping[str, Scalar], point: Mapping[str, Scalar]) -> bool:
    return all(key in point and same(value, point[key]) for key, value in entry.items())


def _distinct(every: list[Point]) -> list[Point]:
    return list({repr([(key, type(value), value) for key, value in point.items()]): point for point in every}.values())
