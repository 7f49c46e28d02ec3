from __future__ import annotations

import pytest

from pytest_parex.endings import Cause


def test_the_first_criterion_that_differs_decides(ranked):
    told = ranked("success_rate", "coverage", "time")
    told.ended("slow", coverage=90.0, time=9.0)
    told.ended("fast", coverage=90.0, time=2.0)
    told.ended("poor", coverage=50.0, time=1.0)

    assert told.order() == ["fast", "slow", "poor"]


def test_more_is_better_or_worse_as_the_metric_says(ranked):
    told = ranked("time")
    told.ended("slow", time=9.0)
    told.ended("fast", time=2.0)

    assert told.order() == ["fast", "slow"]
    assert told.compared().leader == "fast"


@pytest.mark.parametrize(("margin", "first"), [(0.0, "a"), (1.9, "a"), (2.0, "b")])
def test_only_a_declared_margin_makes_a_tie(ranked, margin, first):
    told = ranked("coverage", "time", coverage=margin)
    told.ended("a", coverage=92.0, time=9.0)
    told.ended("b", coverage=90.0, time=2.0)

    assert told.order()[0] == first


def test_a_margin_holds_at_its_very_end_in_spite_of_binary_fractions(ranked):
    told = ranked("success_rate", "time", success_rate=0.05)
    for number in range(20):
        told.ended("a", time=9.0)
        told.ended("b", Cause.PASSED if number else Cause.CHECK_FAILED, time=2.0)

    assert 1.0 - 0.95 > 0.05
    assert told.order() == ["b", "a"]


def test_margins_do_not_add_up_along_a_chain(ranked):
    told = ranked("coverage", "time", coverage=1)
    told.ended("best", coverage=92.0, time=3.0)
    told.ended("near", coverage=91.0, time=2.0)
    told.ended("far", coverage=90.0, time=1.0)

    assert told.order() == ["near", "best", "far"]


def test_variants_that_nothing_tells_apart_have_no_leader_and_keep_the_order_of_the_spec(ranked):
    told = ranked("success_rate", "coverage")
    told.ended("b", coverage=90.0)
    told.ended("a", coverage=90.0)
    told.ended("c", coverage=10.0)

    comparison = told.compared()

    assert comparison.leader is None
    assert [row.name for row in comparison.variants] == ["b", "a", "c"]
    assert "`b` and `a` are equal in `success_rate` and `coverage`" in comparison.reasons[0]


def test_a_failure_without_a_number_is_worse_than_any_number(ranked):
    """Otherwise the survivor of four broken trials would lead with its one good number."""
    told = ranked("coverage")
    told.ended("survivor", coverage=99.0)
    for _ in range(4):
        told.ended("survivor", Cause.TIME_LIMIT)
    told.passes("steady", "coverage", [60.0] * 5)

    comparison = told.compared()

    assert comparison.leader == "steady"
    assert comparison.variants[1].metrics["coverage"].mean == 99.0
    assert "0 % of its trials against 80 % of its trials failed without a number" in comparison.reasons[0]


def test_a_number_that_is_missing_because_the_trial_is_missing_does_no_harm(ranked):
    told = ranked("coverage")
    told.ended("unlucky", coverage=99.0)
    told.ended("unlucky", Cause.OVERLOADED)
    told.passes("steady", "coverage", [60.0, 60.0])

    assert told.order() == ["unlucky", "steady"]


def test_variants_that_are_not_acceptable_come_last_and_those_that_never_counted_after_them(ranked):
    told = ranked("time")
    told.ended("never", Cause.SETUP_FAILED, time=0.1)
    told.ended("broken", Cause.CHECK_FAILED, time=0.1)
    told.ended("slow", time=9.0)

    comparison = told.compared()

    assert [(row.name, row.acceptable) for row in comparison.variants] == [
        ("slow", True),
        ("broken", False),
        ("never", False),
    ]
    assert comparison.leader == "slow"


@pytest.mark.parametrize(
    ("metric", "sentence"), [("unknown", "no trial has it"), ("weight", "its direction is not known")]
)
def test_a_criterion_that_cannot_rank_is_left_out_and_said(ranked, metric, sentence):
    told = ranked(metric, "time")
    told.ended("slow", time=9.0, weight=1.0)
    told.ended("fast", time=2.0, weight=9.0)

    comparison = told.compared()

    assert comparison.rank == ("time",)
    assert comparison.leader == "fast"
    assert any(f"`{metric}` cannot rank" in reason and sentence in reason for reason in comparison.reasons)


def test_the_order_of_two_variants_does_not_depend_on_their_order_in_the_spec(ranked):
    told = ranked("success_rate", "time")
    for name, time in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        told.ended(name, time=time)
    forward = told.order()
    told.trials.reverse()

    assert told.order() == forward == ["b", "c", "a"]
