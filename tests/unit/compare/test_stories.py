"""Verdicts on runs told trial by trial: what was established, what was not, and what the reader is told."""

from __future__ import annotations

import pytest

from pytest_parex.endings import Cause
from pytest_parex.model import Evidence

SEVEN = [f"plan-{number}" for number in range(1, 8)]


def said(comparison, beginning):
    return next(sentence for sentence in (*comparison.reasons, *comparison.would_change) if beginning in sentence)


def test_v2_passes_all_seven_plans_and_v1_only_one(ranked):
    told = ranked("success_rate")
    for plan in SEVEN:
        told.ended("v1", Cause.PASSED if plan == "plan-1" else Cause.CHECK_FAILED, case=plan)
        told.ended("v2", case=plan)

    comparison = told.compared()

    assert (comparison.verdict, comparison.winner, comparison.leader) == ("winner", "v2", "v2")
    assert comparison.question == "cases like these"
    first, established, question = comparison.reasons
    assert first == (
        "`v2` is better than `v1`, the next, in `success_rate`: 100 % (7 of 7 passed) against 14 % (1 of 7 passed)."
    )
    assert established == (
        "Established at 5 %: better than `v1` in `success_rate`, +85.7 points (95 % interval +19.9 to +97.4 points, "
        "p = 0.031)."
    )
    assert question == "This speaks of cases like these: the tests go over 7 cases."
    assert comparison.would_change[-1] == (
        "Without `plan-2`, `plan-3`, `plan-4`, `plan-5`, `plan-6` or `plan-7` it would not be established."
    )


def test_five_plans_can_never_tell_however_clear_it_looks(ranked):
    told = ranked("success_rate")
    for plan in SEVEN[:5]:
        told.ended("v1", Cause.CHECK_FAILED, case=plan)
        told.ended("v2", case=plan)

    comparison = told.compared()

    assert (comparison.verdict, comparison.winner, comparison.question) == ("leader only", None, None)
    assert comparison.reasons[1] == (
        "No difference is established: with 5 cases and 1 repeat no p-value can be below 0.062."
    )
    assert comparison.reasons[2] == (
        "Before any test can tell, it takes 2 repeats of each variant on these 5 cases, or 6 cases. "
        "More repeats would show whether it holds on these 5 cases, more cases whether it holds beyond."
    )
    assert [(each.more, each.half, each.nearly_all) for each in comparison.settling] == [
        ("repeats", 1, 1),
        ("cases", 1, 1),
    ]
    assert "would be settled by 1 more repeat on these 5 cases or 1 more case for" in said(comparison, "as large as")


def test_three_plans_twice_each_answer_for_these_plans_only(ranked):
    told = ranked("coverage")
    for plan, easy in zip(SEVEN[:3], (10.0, 0.0, 5.0), strict=True):
        told.passes("v1", "coverage", [70.0 + easy, 71.0 + easy], case=plan)
        told.passes("v2", "coverage", [80.0 + easy, 82.0 + easy], case=plan)

    comparison = told.compared()

    assert (comparison.winner, comparison.question) == ("v2", "these cases")
    assert "cases like these cannot be tested with fewer than 6 cases" in said(
        comparison, "This speaks of these 3 cases"
    )
    assert "It takes all 3 cases" in said(comparison, "It takes all")


def test_seven_plans_three_times_each_answer_for_plans_to_come_as_well(ranked):
    told = ranked("coverage")
    for number, plan in enumerate(SEVEN):
        told.passes("v1", "coverage", [70.0 + number, 71.0, 70.5], case=plan)
        told.passes("v2", "coverage", [80.0 + number, 82.0, 81.5], case=plan)

    comparison = told.compared()

    assert (comparison.winner, comparison.question) == ("v2", "cases like these")
    assert comparison.differences[0].question == "these cases"
    assert comparison.differences[0].p_cases == 2 / 128


def test_a_difference_that_only_one_plan_shows_does_not_hold_beyond(ranked):
    told = ranked("coverage")
    for number, plan in enumerate(SEVEN):
        far = (-0.2) ** number * 40.0
        told.passes("v1", "coverage", [70.0, 70.2, 70.4, 70.6], case=plan)
        told.passes("v2", "coverage", [each + far for each in (70.0, 70.2, 70.4, 70.6)], case=plan)

    comparison = told.compared()

    assert (comparison.winner, comparison.question) == ("v2", "these cases")
    assert comparison.differences[0].p_cases > 0.05
    assert "cases like these is not established" in said(comparison, "This speaks of these 7 cases")


def test_no_difference_in_success_is_no_tie_so_cost_does_not_decide(ranked):
    told = ranked("success_rate", "time")
    for plan in SEVEN[:3]:
        told.passes("cheap", "time", [1.0, 1.1], case=plan)
        told.passes("dear", "time", [9.0, 9.1], case=plan)

    comparison = told.compared()

    assert (comparison.verdict, comparison.leader) == ("leader only", "cheap")
    assert "equal as measured, but no margin says what counts as equal" in said(comparison, "Not established")
    assert "A margin for `success_rate`" in said(comparison, "would let the next criterion decide")


def test_a_margin_that_six_trials_cannot_fill_is_no_tie_either(ranked):
    told = ranked("success_rate", "time", success_rate=0.05)
    for plan in SEVEN[:3]:
        told.passes("cheap", "time", [1.0, 1.1], case=plan)
        told.passes("dear", "time", [9.0, 9.1], case=plan)

    comparison = told.compared()

    assert comparison.verdict == "leader only"
    assert "the interval is not within the margin of 5 points" in said(comparison, "Not established")


def test_coverage_that_is_shown_to_be_equal_lets_time_decide(ranked):
    told = ranked("coverage", "time", coverage=1)
    for number, plan in enumerate(SEVEN[:3]):
        for variant, time in (("quick", 2.0), ("slow", 5.0)):
            for repeat in range(3):
                told.ended(variant, case=plan, coverage=80.0 + number + repeat / 10, time=time + repeat / 7)

    comparison = told.compared()

    assert comparison.winner == "quick"
    assert "in `coverage` (margin 1) they are equal" in comparison.reasons[0]


def test_a_difference_that_may_be_smaller_than_the_margin_is_not_enough(ranked):
    told = ranked("coverage", coverage=5)
    for plan in SEVEN[:3]:
        told.passes("a", "coverage", [76.0, 77.0, 75.0], case=plan)
        told.passes("b", "coverage", [70.0, 71.0, 70.5], case=plan)

    comparison = told.compared()

    assert (comparison.verdict, comparison.leader) == ("leader only", "a")
    assert "but not surely by more than the margin of 5, within which both count as equal" in comparison.reasons[1]


def test_the_winner_has_to_beat_every_other_and_not_only_the_next(ranked):
    told = ranked("time")
    for number, plan in enumerate(SEVEN):
        told.ended("fast", time=1.0 + number / 10, case=plan)
        told.ended("slow", time=2.0 + number / 7, case=plan)
        told.ended("wild", time=9.0 if number % 2 else 0.1, case=plan)

    comparison = told.compared()

    assert (comparison.verdict, comparison.leader) == ("leader only", "fast")
    assert said(comparison, "Not established against `wild`")
    assert said(comparison, "Established at 5 %: better than `slow`")


def test_a_variant_without_a_counted_trial_cannot_be_beaten(ranked):
    told = ranked("time")
    for number, plan in enumerate(SEVEN):
        told.ended("fast", time=1.0 + number / 10, case=plan)
        told.ended("slow", time=2.0 + number / 7, case=plan)
        told.ended("broken", Cause.SETUP_FAILED, case=plan)

    comparison = told.compared()

    assert (comparison.verdict, comparison.leader) == ("leader only", "fast")
    assert "`broken` has no counted trial, so that nothing is known about it." in comparison.reasons


def test_a_variant_that_nobody_selected_does_not_stand_in_the_way(ranked):
    told = ranked("time")
    left_out = []
    for number, plan in enumerate(SEVEN):
        told.ended("fast", time=1.0 + number / 10, case=plan)
        told.ended("slow", time=2.0 + number / 7, case=plan)
        left_out.append(told.planned("other", plan).id)

    assert told.compared(not_selected=left_out).winner == "fast"


def test_a_variant_that_never_passes_is_beaten_by_its_success_rate(ranked):
    told = ranked("time")
    for number, plan in enumerate(SEVEN):
        told.ended("slow", time=9.0 + number, case=plan)
        told.ended("broken", Cause.CHECK_FAILED, time=0.1, case=plan)

    comparison = told.compared()

    assert comparison.winner == "slow"
    assert said(comparison, "better than `broken` in `success_rate`")


def test_one_failed_trial_does_not_beat_a_variant(ranked):
    told = ranked("success_rate")
    told.ended("good")
    told.ended("bad", Cause.CHECK_FAILED)

    comparison = told.compared()

    assert (comparison.verdict, comparison.winner, comparison.leader) == ("leader only", None, "good")


def test_failing_before_the_measurement_never_pays(ranked):
    """The survivors of `fragile` are better, and yet it cannot win: its failures rank worst."""
    told = ranked("coverage")
    for plan in SEVEN:
        told.passes("steady", "coverage", [60.0, 61.0], case=plan)
        told.ended("fragile", case=plan, coverage=99.0)
        told.ended("fragile", Cause.CHECK_FAILED, case=plan)
        told.ended("fragile", Cause.TIME_LIMIT, case=plan)

    comparison = told.compared()
    (difference,) = comparison.differences

    assert comparison.leader == "steady"
    assert (difference.value, difference.low) == (-38.5, None)
    assert "14 trials failed without a number" in difference.withheld
    assert difference.superiority == pytest.approx(2 / 3)


def test_the_same_failures_do_no_harm_when_they_are_not_the_variants_doing(ranked):
    told = ranked("coverage")
    for plan in SEVEN:
        told.passes("steady", "coverage", [60.0, 61.0], case=plan)
        told.passes("unlucky", "coverage", [99.0, 98.0], case=plan)
        told.ended("unlucky", Cause.OVERLOADED, case=plan)

    assert told.compared().winner == "unlucky"


def test_missing_trials_that_could_turn_the_lead_are_said(ranked):
    told = ranked("success_rate")
    for plan in SEVEN:
        told.ended("a", case=plan)
        told.ended("b", Cause.NETWORK if plan in SEVEN[:3] else Cause.CHECK_FAILED, case=plan)
    told.ended("a", Cause.CHECK_FAILED, case="plan-7")
    told.ended("b", case="plan-7")

    comparison = told.compared()

    assert not any("could still turn" in sentence for sentence in comparison.would_change)

    for plan in SEVEN:
        told.ended("b", Cause.NETWORK, case=plan)
        told.ended("a", Cause.NETWORK, case=plan)

    assert said(told.compared(), "17 missing trials could still turn the lead in `success_rate` over `b`.")


def test_who_would_lead_by_another_criterion_is_said(ranked):
    told = ranked("coverage", "time")
    told.ended("thorough", coverage=90.0, time=9.0)
    told.ended("quick", coverage=80.0, time=1.0)

    assert told.compared().would_change == ("If `time` came first, `quick` would lead.",)


def test_flaky_cases_are_marked_and_named(told):
    for cause in (Cause.PASSED, Cause.CHECK_FAILED, Cause.NETWORK):
        told.ended("a", cause, case="plan-1")
        told.ended("b", Cause.PASSED, case="plan-1")

    comparison = told.compared()

    (flaky,) = comparison.flaky
    assert (flaky.variant, flaky.case, flaky.passed, flaky.failed) == ("a", "plan-1", 1, 1)
    assert flaky.trials == ("a--plan-1--r1", "a--plan-1--r2")
    assert "Flaky, passed and failed on the same case: `a` on `plan-1` (1 of 2 passed)." in comparison.reasons


def test_the_same_case_at_two_matrix_points_is_not_flaky(told):
    told.ended("a", case="plan-1", matrix={"model": "small"})
    told.ended("a", Cause.CHECK_FAILED, case="plan-1", matrix={"model": "large"})

    assert told.compared().flaky == ()


def test_every_reason_has_its_evidence(ranked):
    told = ranked("success_rate", "time")
    for plan in SEVEN:
        told.ended("a", case=plan, time=1.0)
        told.ended("b", Cause.NETWORK if plan == "plan-1" else Cause.CHECK_FAILED, case=plan, time=2.0)

    comparison = told.compared()

    assert len(comparison.evidence) == len(comparison.reasons)
    assert comparison.evidence[0] == Evidence(metrics=("success_rate",))
    place = next(at for at, reason in enumerate(comparison.reasons) if reason.startswith("Missing trials"))
    assert comparison.evidence[place].trials == ("b--plan-1--r1",)


def test_four_versions_seven_plans_three_repeats_with_everything_that_goes_wrong(ranked):
    """84 trials: some missing, one crashed, one flaky case; every count is right."""
    told = ranked("success_rate", "coverage")
    for version, base in (("v1", 60.0), ("v2.1", 65.0), ("v2.2", 66.0), ("v2", 80.0)):
        for number, plan in enumerate(SEVEN):
            for repeat in range(3):
                cause = Cause.PASSED
                if version == "v1":
                    cause = Cause.CHECK_FAILED
                elif version == "v2.1" and plan == "plan-2":
                    cause = (Cause.PASSED, Cause.CHECK_FAILED, Cause.PASSED)[repeat]
                elif version == "v2.2" and plan == "plan-3" and repeat == 0:
                    cause = Cause.CRASHED
                if version == "v2" and plan == "plan-7" and repeat == 2:
                    told.planned(version, plan)
                    continue
                told.ended(version, cause, case=plan, coverage=base + number + repeat / 10)

    comparison = told.compared()
    rows = {row.name: row for row in comparison.variants}

    assert len(comparison.trials) == 84
    assert {name: (row.trials, row.counted, row.missing, row.passed) for name, row in rows.items()} == {
        "v1": (21, 21, 0, 0),
        "v2.1": (21, 21, 0, 20),
        "v2.2": (21, 20, 1, 20),
        "v2": (21, 20, 1, 20),
    }
    assert [(each.variant, each.case) for each in comparison.flaky] == [("v2.1", "plan-2")]
    assert comparison.leader == "v2"
    assert comparison.verdict == "leader only", "that v2 and v2.2 pass equally often is not established"
    assert rows["v2.1"].pass_at[2] == 1.0
    assert rows["v2.1"].pass_all[3] == pytest.approx(6 / 7)
    assert rows["v2"].pass_all == {1: 1.0, 2: 1.0}
