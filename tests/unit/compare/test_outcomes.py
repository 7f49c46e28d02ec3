from __future__ import annotations

import math

import pytest

from pytest_parex.endings import ENDINGS, Cause, counts


@pytest.mark.parametrize("cause", list(Cause))
def test_the_endings_table_alone_decides_what_is_counted(told, cause):
    told.ended("oop", cause)

    (trial,) = told.compared().trials

    expected = "missing" if not counts(cause) else "passed" if cause is Cause.PASSED else "failed"
    assert trial.outcome == expected
    assert trial.cause == cause.value
    assert ENDINGS[cause].counted == (told.compared().variants[0].counted == 1)


def test_every_planned_trial_has_a_row_also_without_a_result(told):
    told.ended("oop")
    told.planned("oop")
    told.planned("functional")

    comparison = told.compared()

    assert [(trial.id, trial.outcome) for trial in comparison.trials] == [
        ("oop--r1", "passed"),
        ("oop--r2", "missing"),
        ("functional--r1", "missing"),
    ]


def test_a_missing_trial_is_no_zero_in_rates_and_means(told):
    told.ended("oop", coverage=80.0)
    told.ended("oop", Cause.RATE_LIMITED, coverage=1.0)

    (row,) = told.compared().variants

    assert (row.trials, row.counted, row.missing, row.passed) == (2, 1, 1, 1)
    assert row.success_rate.value == 1.0
    assert (row.metrics["coverage"].mean, row.metrics["coverage"].n) == (80.0, 1)


def test_a_trial_that_nobody_selected_is_neither_counted_nor_missing(told):
    told.ended("oop")
    other = told.planned("oop")

    comparison = told.compared(not_selected=[other.id])

    assert comparison.trials[1].outcome == "not selected"
    assert (comparison.variants[0].trials, comparison.variants[0].missing) == (1, 0)


def test_a_stored_result_counts_also_when_its_trial_was_not_selected_today(told):
    result = told.ended("oop")

    comparison = told.compared(not_selected=[result.trial.id])

    assert comparison.trials[0].outcome == "passed"


def test_the_last_attempt_speaks_for_the_trial(told):
    last = told.ended("oop", Cause.PASSED, attempt=3, coverage=70.0)
    earlier = last.model_copy(update={"attempt": 2, "cause": Cause.OVERLOADED, "metrics": {}})
    told.results = [last, earlier]

    (trial,) = told.compared().trials

    assert (trial.attempt, trial.outcome, trial.metrics) == (3, "passed", {"coverage": 70.0})


def test_a_result_of_a_trial_that_the_plan_does_not_have_is_left_out(told):
    stray = told.ended("oop")
    told.trials.clear()
    told.ended("functional")

    comparison = told.compared()

    assert stray.trial.id not in {trial.id for trial in comparison.trials}
    assert [row.name for row in comparison.variants] == ["functional"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_missing(told, value):
    told.ended("oop", coverage=value)
    told.ended("oop", coverage=50.0)

    comparison = told.compared()

    assert comparison.trials[0].metrics == {}
    assert (comparison.variants[0].metrics["coverage"].mean, comparison.variants[0].metrics["coverage"].n) == (50.0, 1)
