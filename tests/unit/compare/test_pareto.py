from __future__ import annotations

import pytest

from pytest_parex.compare import front
from pytest_parex.endings import Cause


def test_a_variant_that_another_beats_in_everything_is_not_on_the_front(ranked):
    told = ranked("coverage", "time")
    told.ended("thorough", coverage=90.0, time=9.0)
    told.ended("quick", coverage=80.0, time=1.0)
    told.ended("neither", coverage=79.0, time=5.0)

    found = told.compared().front

    assert (found.metrics, found.variants) == (("coverage", "time"), ("thorough", "quick"))
    assert found.dominated == {"neither": "quick"}


def test_equal_variants_are_both_on_the_front(ranked):
    told = ranked("coverage", "time")
    told.ended("a", coverage=90.0, time=1.0)
    told.ended("b", coverage=90.0, time=1.0)

    assert told.compared().front.variants == ("a", "b")


@pytest.mark.parametrize(
    ("rank", "metrics"),
    [
        (["success_rate"], ("success_rate", "cost_usd")),
        (["success_rate", "coverage"], ("success_rate", "coverage", "cost_usd")),
        (["success_rate", "coverage", "time"], ("success_rate", "coverage", "cost_usd")),
        (["cost_usd", "duration_s", "coverage"], ("cost_usd", "duration_s", "coverage")),
    ],
)
def test_by_default_it_is_over_the_first_criteria_and_the_cost(ranked, rank, metrics):
    told = ranked(*rank)
    for name in "ab":
        told.ended(name, coverage=90.0, time=1.0, cost_usd=0.5, duration_s=3.0)

    assert told.compared().front.metrics == metrics


def test_a_single_metric_has_no_front(ranked):
    told = ranked("coverage")
    told.ended("a", coverage=90.0)

    assert told.compared().front is None


def test_any_metrics_can_be_asked_for(ranked):
    told = ranked("coverage")
    told.ended("a", coverage=90.0, time=5.0, cost_usd=1.0)
    told.ended("b", coverage=80.0, time=4.0, cost_usd=2.0)

    comparison = told.compared()

    assert front(comparison, ["time", "cost_usd"]).variants == ("a", "b")
    assert front(comparison, ["coverage", "cost_usd"]).dominated == {"b": "a"}
    with pytest.raises(ValueError, match="`weight` has no known direction"):
        front(comparison, ["coverage", "weight"])


def test_who_is_not_acceptable_or_has_no_number_is_not_placed(ranked):
    told = ranked("coverage", "time")
    told.ended("a", coverage=90.0, time=5.0)
    told.ended("silent", coverage=95.0)
    told.ended("broken", Cause.CHECK_FAILED, coverage=99.0, time=0.1)

    found = told.compared().front

    assert (found.variants, found.dominated, found.unknown) == (("a",), {}, ("silent",))


def test_survivors_do_not_dominate_by_failing_before_the_measurement(ranked):
    told = ranked("coverage", "time")
    told.passes("steady", "coverage", [80.0, 80.0], time=2.0)
    told.ended("fragile", coverage=99.0, time=1.0)
    told.ended("fragile", Cause.TIME_LIMIT)

    assert told.compared().front.dominated == {"fragile": "steady"}
