from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from pytest_parex.compare import numbers


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ms", "–"),
        (0, None, "0"),
        (1234567, "lines", "1,234,567 lines"),
        (92.46, "%", "92.5 %"),
        (0.012345, None, "0.0123"),
        (1.5, None, "1.5"),
        (2.0, None, "2"),
        (0.1234, "USD", "$0.12"),
        (0.0042, "usd", "$0.0042"),
        (-1.5, "USD", "-$1.50"),
        (0, "USD", "$0.00"),
        (1e300, None, "1e+300"),
        (0.0123, "s", "12 ms"),
        (1.234, "s", "1.2 s"),
        (59.4, "seconds", "59 s"),
        (184, "s", "3 min 4 s"),
        (120, "s", "2 min"),
        (7500, "s", "2 h 5 min"),
        (7200, "s", "2 h"),
        (3599.7, "s", "1 h"),
        (59.7, "s", "1 min"),
        (-1.2, "s", "-1.2 s"),
        (0, "s", "0 ms"),
        (math.inf, None, "inf"),
    ],
)
def test_a_number_is_written_with_sensible_digits_and_its_unit(value, unit, text):
    assert numbers.number(value, unit) == text


def test_numbers_beside_each_other_have_the_same_places():
    values = [1.0, 2.25, 10.125]

    assert [numbers.number(value, "ms", values) for value in values] == ["1.0 ms", "2.2 ms", "10.1 ms"]


def test_numbers_that_differ_little_get_the_places_that_show_it():
    values = [88.31, 88.34]

    assert [numbers.number(value, "%", values) for value in values] == ["88.31 %", "88.34 %"]


def test_a_number_that_is_small_beside_the_others_keeps_two_digits():
    values = [0.7233, 7.345, 93.4, 424.2]

    assert [numbers.number(value, "ms", values) for value in values] == ["0.72 ms", "7.3 ms", "93 ms", "424 ms"]


def test_durations_beside_longer_ones_are_not_in_milliseconds():
    assert numbers.number(0, "s", [300.0]) == "0 s"
    assert numbers.number(0.5, "s", [1.5]) == "0.5 s"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0 %"), (1.0, "100 %"), (2 / 3, "67 %"), (0.9999, "99.9 %"), (0.0001, "0.1 %")],
)
def test_a_rate_is_never_rounded_to_all_or_nothing(value, text):
    assert numbers.rate(value) == text


@pytest.mark.parametrize(
    ("metric", "value", "unit", "text"),
    [
        ("success_rate", 0.25, None, "+25 points"),
        ("coverage", -1.5, "%", "-1.5 points"),
        ("time", 0.0, "ms", "±0 ms"),
        ("duration_s", -90.0, None, "-1 min 30 s"),
        ("cost_usd", 0.5, None, "+$0.50"),
        ("x", None, None, "–"),
    ],
)
def test_a_difference_has_a_sign_and_percentages_differ_by_points(metric, value, unit, text):
    assert numbers.signed(metric, value, unit) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ("+1 points", "+3 points", "+1 to +3 points"),
        ("-0.5", "+0.5", "-0.5 to +0.5"),
        ("-$1.50", "+$0.20", "-$1.50 to +$0.20"),
        ("+900 ms", "+1.2 s", "+900 ms to +1.2 s"),
        ("+1 min 5 s", "+2 min 5 s", "+1 min 5 s to +2 min 5 s"),
    ],
)
def test_the_ends_of_an_interval_share_their_unit(low, high, text):
    assert numbers.span(low, high) == text


@given(any_.floats(), any_.lists(any_.floats(), max_size=5), any_.sampled_from([None, "s", "USD", "%", "B"]))
def test_every_float_can_be_written(value, among, unit):
    assert numbers.number(value, unit, among)
