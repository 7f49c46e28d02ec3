from __future__ import annotations

import pytest

from pytest_parex.compare import difference
from pytest_parex.endings import Cause


def test_the_leader_is_compared_with_every_other_in_every_criterion_and_then_the_others(ranked):
    told = ranked("success_rate", "time")
    for name, time in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        told.ended(name, time=time)

    found = told.compared().differences

    assert [(each.metric, each.a, each.b, each.value) for each in found] == [
        ("success_rate", "b", "c", 0.0),
        ("success_rate", "b", "a", 0.0),
        ("time", "b", "c", -1.0),
        ("time", "b", "a", -2.0),
        ("success_rate", "c", "a", 0.0),
        ("time", "c", "a", -1.0),
    ]


def test_differences_from_the_baseline_come_first(told):
    told.experiment = {"compare": {"rank": ["time"], "baseline": "a"}}
    for name, time in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        told.ended(name, time=time)

    found = told.compared().differences

    assert [(each.a, each.b, each.value) for each in found] == [("b", "a", -2.0), ("c", "a", -1.0), ("b", "c", -1.0)]


def test_a_difference_that_no_test_could_establish_is_not_tested_and_says_why(ranked):
    told = ranked("time")
    told.passes("a", "time", [1.0, 1.1, 1.2])
    told.passes("b", "time", [2.0, 2.1, 2.2])

    (found,) = told.compared().differences

    assert (found.p, found.low, found.high, found.method) == (None, None, None, "not tested")
    assert found.withheld == "with 3 repeats no p-value can be below 0.1"


def test_a_difference_between_repeats_on_the_same_case_has_an_exact_p_value_and_an_interval(ranked):
    told = ranked("time")
    told.passes("a", "time", [1.0, 1.1, 1.2, 1.3])
    told.passes("b", "time", [2.0, 2.1, 2.2, 2.3])

    (found,) = told.compared().differences

    assert found.p == pytest.approx(2 / 70)
    assert found.low < -1.0 < found.high < 0
    assert (found.method, found.question) == ("exact permutation within cases", "these cases")
    assert (found.superiority, found.withheld) == (1.0, "")


def test_p_values_of_all_pairs_are_corrected_together(ranked):
    told = ranked("time")
    for name, start in (("a", 1.0), ("b", 2.0), ("c", 2.05)):
        told.passes(name, "time", [start + step / 10 for step in range(5)])

    found = {(each.a, each.b): (each.p, each.p_adjusted) for each in told.compared().differences}

    assert found["a", "b"] == pytest.approx((2 / 252, 6 / 252))
    assert found["a", "c"] == pytest.approx((2 / 252, 6 / 252))
    assert found["b", "c"][0] == found["b", "c"][1] > 0.05


def test_of_many_variants_only_pairs_with_the_first_and_the_baseline_are_listed(ranked):
    told = ranked("time")
    told.experiment["compare"]["baseline"] = "v3"
    for number in range(15):
        told.ended(f"v{number}", time=float(number))

    found = told.compared().differences

    assert {(each.a, each.b) for each in found} == {
        *((f"v{number}", "v3") for number in range(15) if number != 3),
        *(("v0", f"v{number}") for number in range(1, 15) if number != 3),
    }


def test_only_cases_that_both_have_are_paired_each_with_the_same_weight(told):
    told.passes("a", "time", [10.0, 20.0], case="easy")
    told.passes("b", "time", [1.0], case="easy")
    told.passes("a", "time", [100.0], case="hard")
    told.ended("b", Cause.RATE_LIMITED, case="hard")

    found = difference(told.compared(), "time", "a", "b")

    assert (found.value, found.pairs) == (14.0, 1)


def test_matrix_points_are_pairs_of_their_own(told):
    for model, a, b in (("small", 10.0, 8.0), ("large", 20.0, 14.0)):
        told.passes("a", "time", [a], matrix={"model": model})
        told.passes("b", "time", [b], matrix={"model": model})

    found = difference(told.compared(), "time", "a", "b")

    assert (found.value, found.pairs) == (4.0, 2)


def test_without_a_shared_case_there_is_no_value(told):
    told.passes("a", "time", [1.0], case="x")
    told.passes("b", "time", [1.0], case="y")

    found = difference(told.compared(), "time", "a", "b")

    assert (found.value, found.pairs) == (None, 0)


@pytest.mark.parametrize("metric", ["success_rate", "coverage"])
def test_any_pair_can_be_asked_for_in_either_direction(told, metric):
    told.ended("a", coverage=3.0)
    told.ended("b", Cause.CHECK_FAILED, coverage=2.0)

    comparison = told.compared()

    assert difference(comparison, metric, "a", "b").value == 1.0
    assert difference(comparison, metric, "b", "a").value == -1.0


def test_a_lead_that_shared_cases_contradict_is_said(ranked):
    told = ranked("time")
    told.passes("a", "time", [10.0], case="easy")
    told.passes("a", "time", [1.0], case="trivial")
    told.passes("b", "time", [9.0], case="easy")
    told.ended("b", Cause.NETWORK, case="trivial")

    comparison = told.compared()

    assert comparison.leader == "a"
    assert any("points the other way" in reason for reason in comparison.reasons)
