from __future__ import annotations

from pytest_parex.endings import Cause


def test_the_reasons_say_who_leads_by_how_much_and_why_that_is_not_established(ranked):
    told = ranked("success_rate", "time")
    told.passes("fast", "time", [1.0, 1.2], case="x")
    told.passes("slow", "time", [3.0, 3.4, 3.2], case="x")

    lead, doubt, least, *_ = told.compared().reasons

    assert lead == (
        "`fast` leads `slow`, the next, in `time`: 1.1 (mean of 2 trials) against 3.2 (mean of 3 trials); "
        "in `success_rate` they are equal."
    )
    assert doubt == (
        "No difference is established in `success_rate`, which comes first: with 2 to 3 repeats no p-value can be "
        "below 0.2."
    )
    assert least == (
        "Before any test can tell, it takes 4 repeats of each variant on this case, or 6 cases. "
        "More repeats would show whether it holds on this case, more cases whether it holds beyond."
    )


def test_one_trial_each_cannot_tell_a_difference_from_chance(ranked):
    told = ranked("time")
    told.ended("fast", time=1.0)
    told.ended("slow", time=3.0)

    assert (
        told.compared()
        .reasons[1]
        .startswith("No difference is established: one trial of each variant cannot tell a difference from chance.")
    )


def test_a_margin_that_made_a_tie_is_named(ranked):
    told = ranked("success_rate", "time", success_rate=0.5)
    told.ended("fast", time=1.0)
    told.ended("fast", Cause.CHECK_FAILED, time=1.0)
    told.ended("slow", time=3.0)

    assert "in `success_rate` (margin 50 points) they are equal" in told.compared().reasons[0]


def test_nobody_is_acceptable_when_no_trial_passed(ranked):
    told = ranked("time")
    told.ended("a", Cause.CHECK_FAILED, time=1.0)
    told.ended("a", Cause.TIME_LIMIT, time=1.0)
    told.ended("b", Cause.THRESHOLD_MISSED, time=2.0)

    comparison = told.compared()

    assert (comparison.verdict, comparison.winner, comparison.leader) == ("no acceptable variant", None, None)
    assert comparison.reasons[0] == "No variant has a passed trial: 0 of 3 counted trials passed."
    assert comparison.reasons[1] == (
        "Not acceptable, because no trial passed: `a` (0 of 2 passed: check failed 1, time limit 1) "
        "and `b` (0 of 1 passed: threshold missed 1)."
    )


def test_when_nothing_counts_that_is_said_instead_of_failure(ranked):
    told = ranked("time")
    told.ended("a", Cause.SETUP_FAILED)
    told.planned("b")

    comparison = told.compared()

    assert comparison.verdict == "no acceptable variant"
    assert comparison.reasons[0] == "No trial counts: none of 2 trials has a result that does."
    assert (
        "Missing trials speak neither for nor against a variant: "
        "`a` 1 of 1 (setup failed 1) and `b` 1 of 1 (not finished 1)." in comparison.reasons
    )


def test_the_only_variant_with_a_passed_trial_leads_without_a_deciding_criterion(ranked):
    told = ranked("time")
    told.ended("broken", Cause.CHECK_FAILED, time=0.1)
    told.ended("works", time=5.0)

    assert told.compared().reasons[0] == "`works` leads: it is the only variant with a passed trial (1 of 1 passed)."


def test_a_single_variant_is_not_compared_with_anything(told):
    told.ended("alone")

    assert told.compared().reasons == ("`alone` is the only variant: there is nothing to compare it with.",)


def test_contaminated_and_not_selected_trials_are_named(told):
    told.ended("a", contaminated=("the source's HEAD moved",))
    told.ended("b")
    left = told.planned("b")

    reasons = told.compared(not_selected=[left.id]).reasons

    assert any("Marked contaminated" in reason and "`a--r1`" in reason for reason in reasons)
    assert "1 of 3 planned trials was not selected and not compared." in reasons


def test_long_lists_of_names_are_cut(told):
    told.ended("works")
    for number in range(30):
        told.ended(f"broken-{number}", Cause.CHECK_FAILED)

    sentence = next(reason for reason in told.compared().reasons if reason.startswith("Not acceptable"))

    assert sentence.endswith(" and 22 more.")


def test_a_passed_trial_without_a_number_is_said_to_have_none(ranked):
    told = ranked("time")
    told.ended("silent")
    told.ended("loud", time=3.0)

    assert told.compared().reasons[0] == "`loud` leads `silent`, the next, in `time`: 3 against no number in 1 trial."


def test_without_a_usable_criterion_nobody_leads(ranked):
    told = ranked("unknown")
    told.ended("a")
    told.ended("b")

    assert told.compared().reasons[0] == "No variant leads: nothing ranks `a` and `b`."
