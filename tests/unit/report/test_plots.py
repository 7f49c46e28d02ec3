from __future__ import annotations

import itertools
import math

from hypothesis import assume, given
from hypothesis import strategies as any_

from pytest_parex.endings import Cause
from pytest_parex.report.material import Material
from pytest_parex.report.plots import as_text, clock_step, plots, ticks

FLOATS = any_.floats(-1e300, 1e300)


@given(FLOATS, FLOATS)
def test_ticks_rise_and_enclose_the_values(one, other):
    low, high = sorted((one, other))
    marks = ticks(low, high)

    assume(abs(high - low) > 1e-9 * max(abs(low), abs(high)))
    slack = (marks[-1] - marks[0]) * 1e-6
    assert all(a < b for a, b in itertools.pairwise(marks))
    assert marks[0] - slack <= low
    assert high <= marks[-1] + slack
    assert len(marks) <= 12


def test_the_axis_starts_at_zero_unless_the_values_are_far_from_it():
    assert ticks(3.0, 9.0) == (0.0, 2.5, 5.0, 7.5, 10.0)
    assert ticks(84.0, 91.0) == (84.0, 86.0, 88.0, 90.0, 92.0)


def test_durations_are_divided_by_the_clock():
    assert ticks(10.0, 170.0, clock_step) == (0.0, 60.0, 120.0, 180.0)


def test_short_and_very_long_durations_are_divided_decimally():
    assert clock_step(0.3) == 0.5
    assert clock_step(1e6) == 1e6


def made(story, **values):
    told = story(compare={"rank": ["time"]}, metrics={"time": {"command": "x", "unit": "ms", "better": "lower"}})
    for variant, numbers in values.items():
        for repeat, number in enumerate(numbers, 1):
            cause = Cause.PASSED if number is not None else Cause.CHECK_FAILED
            told.ended(variant, cause, repeat=repeat, metrics={} if number is None else {"time": number})
    return plots(Material(told.plan, told.comparison, told.results, told.directory, {}))


def test_every_counted_trial_is_a_dot_and_those_without_a_number_are_counted(story):
    (plot,) = made(story, fast=[10.0, 20.0], slow=[100.0, None])

    fast, slow = plot.strips
    assert ([dot.at for dot in fast.dots], fast.mean, fast.without) == ([0.1, 0.2], 0.15, 0)
    assert ([dot.at for dot in slow.dots], slow.mean, slow.without) == ([1.0], 1.0, 1)
    assert [label for _, label in plot.ticks if label] == ["0 ms", "50 ms", "100 ms"]


def test_equal_values_and_zeros_still_make_a_plot(story):
    (plot,) = made(story, a=[0.0], b=[0.0])

    assert [dot.at for strip in plot.strips for dot in strip.dots] == [0.0, 0.0]
    assert all(math.isfinite(at) for at, _ in plot.ticks)


def test_a_metric_without_a_number_makes_no_plot(story):
    assert made(story, a=[None]) == ()


def test_the_text_plot_has_a_line_per_variant_of_equal_width_and_the_ends_of_the_axis(story):
    (plot,) = made(story, fast=[10.0, 10.0, 20.0], slow=[100.0])

    lines = as_text(plot, width=20)

    assert lines == [
        "fast  │  ●┃•                │  13 ms",
        "slow  │                    •│  100 ms",
        "       0 ms           100 ms",
    ]
