"""Points of a matrix: the semantics of GitHub Actions, and exclusion for one variant or case."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_parex.model import Matrix
from pytest_parex.spec import is_excluded, points


def matrix(**given: Any) -> Matrix:
    return Matrix.model_validate(given)


def test_without_a_matrix_there_is_one_point_without_values() -> None:
    assert points(matrix()) == [{}]


def test_every_value_meets_every_other_and_the_last_axis_changes_first() -> None:
    assert points(matrix(os=["a", "b"], version=[1, 2])) == [
        {"os": "a", "version": 1},
        {"os": "a", "version": 2},
        {"os": "b", "version": 1},
        {"os": "b", "version": 2},
    ]


def test_include_extends_points_or_adds_one() -> None:
    """The example of GitHub's documentation, with its result."""
    found = points(
        matrix(
            fruit=["apple", "pear"],
            animal=["cat", "dog"],
            include=[
                {"color": "green"},
                {"color": "pink", "animal": "cat"},
                {"fruit": "apple", "shape": "circle"},
                {"fruit": "banana"},
                {"fruit": "banana", "animal": "cat"},
            ],
        )
    )

    assert found == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_include_alone_makes_a_point_per_entry() -> None:
    assert points(matrix(include=[{"site": "a", "n": 1}, {"site": "b"}])) == [{"site": "a", "n": 1}, {"site": "b"}]


def test_exclude_takes_away_whatever_agrees_with_it() -> None:
    found = points(matrix(os=["a", "b"], version=[1, 2], exclude=[{"os": "a", "version": 1}, {"os": "b"}]))

    assert found == [{"os": "a", "version": 2}]


def test_include_comes_after_exclude_and_can_bring_points_back() -> None:
    found = points(matrix(os=["a", "b"], exclude=[{"os": "a"}], include=[{"os": "a", "note": "back"}]))

    assert found == [{"os": "b"}, {"os": "a", "note": "back"}]


def test_a_point_is_made_once() -> None:
    assert points(matrix(os=["a"], include=[{"os": "b"}, {"os": "b"}])) == [{"os": "a"}, {"os": "b"}]


@pytest.mark.parametrize(("value", "other"), [(1, True), (0, False), ("1", 1), ("true", True), (None, "null")])
def test_values_of_different_types_are_different(value: Any, other: Any) -> None:
    assert points(matrix(n=[value, other], exclude=[{"n": other}])) == [{"n": value}]


def test_exclude_may_speak_of_one_variant_or_case() -> None:
    some = matrix(n=[1, 2], exclude=[{"variant": "a", "n": 1}, {"case": "c"}, {"variant": "b"}], include=[{"n": 3}])

    assert points(some) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert is_excluded(some, "a", "d", {"n": 1})
    assert not is_excluded(some, "a", "d", {"n": 2})
    assert is_excluded(some, "a", "c", {"n": 2})
    assert is_excluded(some, "b", None, {"n": 3})


def test_variants_that_are_named_like_numbers_can_be_excluded() -> None:
    assert is_excluded(matrix(exclude=[{"variant": 2}]), "2", None, {})
