from __future__ import annotations

import pytest

from pytest_parex.compare.settling import least_cases, least_repeats
from pytest_parex.endings import Cause


@pytest.mark.parametrize(("cells", "repeats"), [(1, 4), (2, 3), (3, 2), (5, 2), (6, 1)])
def test_the_least_repeats_are_those_that_any_test_needs(cells, repeats):
    assert least_repeats(cells) == repeats


def test_six_cases_are_the_least_for_cases_like_these():
    assert least_cases() == 6


def test_a_clear_difference_takes_few_more_repeats_and_a_small_one_many(ranked):
    def more(difference):
        told = ranked("time")
        told.trials.clear()
        told.results.clear()
        for case in "uvw":
            told.passes("a", "time", [10.0, 11.0], case=case)
            told.passes("b", "time", [10.0 + difference, 11.0 + difference], case=case)
        (found,) = told.compared().settling
        assert (found.more, found.question) == ("repeats", "these cases")
        return found

    clear, small, none = more(0.9), more(0.3), more(0.01)

    assert clear.half <= clear.nearly_all <= 6
    assert clear.nearly_all < small.half <= (small.nearly_all or 100)
    assert (none.half, none.nearly_all, none.most) == (None, None, 40)


def test_more_cases_are_simulated_from_four_on(ranked):
    told = ranked("time")
    for number, case in enumerate("stuv"):
        told.ended("a", case=case, time=1.0 + number)
        told.ended("b", case=case, time=2.1 + number)

    (found,) = told.compared().settling

    assert (found.more, found.question) == ("cases", "cases like these")
    assert (found.half, found.nearly_all) == (2, 2), "six cases with the same sign"


def test_one_trial_each_tells_nothing_to_simulate_from(ranked):
    told = ranked("time")
    told.ended("a", time=1.0)
    told.ended("b", time=2.0)

    comparison = told.compared()

    assert comparison.settling == ()
    assert "it takes 4 repeats of each variant on this job, or 6 cases" in comparison.reasons[2]


def test_a_winner_has_nothing_to_settle(ranked):
    told = ranked("time")
    told.passes("a", "time", [1.0, 1.1, 1.2, 1.3])
    told.passes("b", "time", [2.0, 2.1, 2.2, 2.3])

    comparison = told.compared()

    assert (comparison.verdict, comparison.settling) == ("winner", ())


def test_equality_within_a_margin_can_be_settled_too(ranked):
    told = ranked("coverage", "time", coverage=0.2)
    for case in "uvw":
        told.passes("a", "coverage", [80.0, 80.4], case=case, time=1.0)
        told.passes("b", "coverage", [80.4, 80.0], case=case, time=2.0)

    (found,) = told.compared().settling

    assert found.half is not None
    assert found.half <= found.nearly_all


def test_how_many_more_passes_it_takes_is_the_same_every_time(ranked):
    told = ranked("success_rate")
    for number in range(6):
        told.ended("a", Cause.PASSED if number else Cause.CHECK_FAILED)
        told.ended("b", Cause.PASSED if number > 2 else Cause.CHECK_FAILED)

    first = told.compared()

    assert first.settling[0].half is not None
    assert told.compared().settling == first.settling
    assert "more repeats on this job" in next(reason for reason in first.reasons if "as large as they look" in reason)


def test_failures_without_a_number_are_simulated_by_their_ranks(ranked):
    told = ranked("coverage")
    for case in "uvw":
        told.passes("a", "coverage", [80.0, 81.0], case=case)
        told.ended("b", coverage=79.0, case=case)
        told.ended(
            "b",
            Cause.TIME_LIMIT if case == "u" else Cause.PASSED,
            case=case,
            **({} if case == "u" else {"coverage": 82.0}),
        )

    (found,) = told.compared().settling

    assert found.half is not None
