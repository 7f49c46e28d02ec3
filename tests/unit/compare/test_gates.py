"""Judging a finished comparison: limits, intervals, differences, baselines, and what may not be judged."""

from __future__ import annotations

import pytest

from pytest_parex.compare import judge
from pytest_parex.endings import Cause
from pytest_parex.model import Gate


def gate(**keys):
    return Gate.model_validate({"metric": "coverage", **keys})


def held(comparison, then=None, **keys):
    return {one.variant: one.holds for one in judge(gate(**keys), comparison, then)}


def said(comparison, then=None, **keys):
    (one,) = judge(gate(variant="a", **keys), comparison, then)
    assert not one.holds
    return one.text


def test_every_variant_has_to_keep_the_limits_unless_one_is_named(told):
    told.passes("a", "coverage", [70, 90])
    told.passes("b", "coverage", [60, 80])
    found = told.compared()

    assert held(found, at_least=75) == {"a": True, "b": False}
    assert held(found, at_least=75, variant="a") == {"a": True}
    assert held(found, at_least=60, at_most=75) == {"a": False, "b": True}
    assert held(found, vs="b", at_least=10) == {"a": True}


def test_a_limit_is_kept_by_what_is_equal_to_it_whatever_rounding_has_lost(told):
    told.ended("a", coverage=0.3)
    told.ended("b", coverage=0.1)
    found = told.compared()
    (judgement,) = judge(gate(variant="a", vs="b", at_least=0.2), found)
    assert judgement.value != 0.2

    assert held(found, variant="a", vs="b", at_least=0.2, at_most=0.2) == {"a": True}
    assert held(found, variant="a", vs="b", at_least=0.2 + 1e-6) == {"a": False}


def test_a_tolerance_widens_both_limits(told):
    told.passes("a", "coverage", [78])
    found = told.compared()

    assert held(found, at_least=80, tolerance=2) == {"a": True}
    assert held(found, at_least=80, tolerance=1) == {"a": False}
    assert held(found, at_most=76, tolerance=2) == {"a": True}


def test_a_success_rate_is_a_share_of_one(told):
    told.ended("a")
    told.ended("a", Cause.CHECK_FAILED)
    found = told.compared()

    assert held(found, metric="success_rate", at_least=0.5) == {"a": True}
    assert held(found, metric="success_rate", at_least=0.51) == {"a": False}
    assert "`success_rate` of a: 0.5 (n = 2" in said(found, metric="success_rate", at_least=0.51)
    assert "a--r1 1, a--r2 0" in said(found, metric="success_rate", at_least=0.51)


def test_with_confidence_the_end_of_the_interval_that_matters_is_judged(told):
    told.passes("a", "coverage", [80, 82, 84, 86, 88, 90])
    found = told.compared()
    (row,) = found.variants
    low, high = row.metrics["coverage"].low, row.metrics["coverage"].high
    assert low is not None
    assert high is not None
    assert low < 84 < 86 < high

    assert held(found, at_least=84) == {"a": True}
    assert held(found, at_least=84, confidence=0.95) == {"a": False}
    assert held(found, at_least=low, confidence=0.95) == {"a": True}
    assert held(found, at_most=86) == {"a": True}
    assert held(found, at_most=86, confidence=0.95) == {"a": False}
    assert held(found, at_most=high, confidence=0.95) == {"a": True}
    assert "for the whole 95 % interval" in said(found, at_least=84, confidence=0.95)
    assert "95 % interval " in said(found, at_least=84, confidence=0.95)


def test_the_interval_of_a_difference_is_judged_too(told):
    told.passes("a", "coverage", [80, 81, 82, 83])
    told.passes("b", "coverage", [70, 71, 72, 73])
    found = told.compared()

    assert held(found, variant="a", vs="b", at_least=9.9) == {"a": True}
    assert held(found, variant="a", vs="b", at_least=9.9, confidence=0.95) == {"a": False}
    assert held(found, variant="a", vs="b", at_least=0, confidence=0.95) == {"a": True}


def test_a_withheld_interval_does_not_hold_and_says_why(told):
    told.passes("a", "coverage", [80, 81])
    told.passes("b", "coverage", [70, 71])
    found = told.compared()

    assert "there is no interval: fewer than 5" in said(found, at_least=1, confidence=0.95)
    assert "there is no interval: with 2 repeats" in said(found, vs="b", at_least=1, confidence=0.95)


def test_a_relative_limit_is_percent_of_the_other_mean(told):
    told.passes("a", "coverage", [44])
    told.passes("b", "coverage", [40])
    told.passes("zero", "coverage", [0])
    found = told.compared()

    assert held(found, variant="a", vs="b", relative=True, at_least=10, at_most=10) == {"a": True}
    assert "`coverage` of a against b: +10 % (" in said(found, vs="b", relative=True, at_least=11)
    assert "the mean of zero is not positive" in said(found, vs="zero", relative=True, at_least=1)


def test_the_mean_over_the_others_is_not_judged_where_a_counted_trial_has_no_number(told):
    told.passes("a", "coverage", [90, 95])
    told.ended("a", Cause.TIME_LIMIT)
    told.passes("b", "coverage", [50])
    found = told.compared()

    assert "missing in 1 of 3 counted trials of a in this run (a--r3)" in said(found, at_least=1)
    assert held(found, variant="b", vs="a", at_least=-1000) == {"b": False}


def test_missing_trials_are_no_numbers_and_are_counted_out_loud(told):
    told.passes("a", "coverage", [90])
    told.ended("a", Cause.SETUP_FAILED)
    told.ended("b", Cause.SETUP_FAILED)
    found = told.compared()

    assert held(found, variant="a", at_least=90) == {"a": True}
    assert "(n = 1, 1 missing" in said(found, at_least=91)
    assert "a--r1 90, a--r2 missing" in said(found, at_least=91)
    assert "no trial of b counts in this run: b--r1 missing" in said(found, vs="b", at_least=0)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"metric": "beauty"}, "`beauty` is missing: no trial of a in this run has it; measured are coverage"),
        ({"variant": "nobody"}, "this run has no trial of nobody; it has those of a, b"),
        ({"vs": "b"}, "a and b have no case in common"),
        ({"baseline": True}, "give one with --parex-baseline"),
    ],
)
def test_what_cannot_be_judged_does_not_hold(told, keys, text):
    told.ended("a", case="one", coverage=1)
    told.ended("b", case="two", coverage=1)

    (found,) = judge(
        Gate.model_validate({"metric": "coverage", "variant": "a", "at_least": -9, **keys}), told.compared()
    )

    assert not found.holds
    assert text in found.text
    assert "demanded: at least -9" in found.text


def test_a_baseline_is_joined_by_variant_case_and_matrix_point(told):
    for case, value in (("one", 10.0), ("two", 30.0)):
        told.ended("a", case=case, coverage=value)
        told.ended("b", case=case, coverage=value)
    then = told.compared()
    told.trials, told.results = [], []
    told.ended("a", case="two", coverage=31)
    told.ended("a", case="three", coverage=500)
    told.ended("new", case="two", coverage=31)
    now = told.compared()

    assert held(now, then, baseline=True, at_least=1, at_most=1) == {"a": True, "new": False}
    (_, new) = judge(gate(baseline=True, at_least=1), now, then)
    assert "the baseline has no trial of new; it has those of a, b" in new.text
    assert "over 1 case that both have" in said(now, then, baseline=True, at_least=2)


def test_a_long_list_of_trials_is_cut(told):
    told.passes("a", "coverage", list(range(1000, 1040)))

    text = said(told.compared(), at_least=5000)

    assert "a--r12 1011 and 28 more" in text
    assert "a--r13" not in text
