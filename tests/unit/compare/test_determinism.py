from __future__ import annotations

import random

from pytest_parex.compare import compare
from pytest_parex.endings import Cause
from pytest_parex.model import Comparison


def _tell(told):
    told.experiment["compare"] = {"rank": ["success_rate", "coverage", "time"], "margin": {"success_rate": 0.1}}
    chance = random.Random(7)
    for variant in ("functional", "oop", "simple"):
        for case in ("one", "two"):
            for _ in range(3):
                cause = chance.choice([Cause.PASSED, Cause.PASSED, Cause.CHECK_FAILED, Cause.NETWORK])
                told.ended(
                    variant,
                    cause,
                    case=case,
                    checks={"tests": cause is Cause.PASSED, "lint": True},
                    coverage=chance.random() * 100,
                    time=chance.random(),
                )
    return told


def test_the_same_results_give_the_same_bytes_in_whatever_order_they_come(told):
    _tell(told)
    expected = told.compared().model_dump_json()
    chance = random.Random(1)

    for _ in range(20):
        shuffled = [
            result.model_copy(
                update={
                    "metrics": dict(chance.sample(list(result.metrics.items()), len(result.metrics))),
                    "checks": tuple(chance.sample(result.checks, len(result.checks))),
                }
            )
            for result in chance.sample(told.results, len(told.results))
        ]
        assert compare(told.plan, shuffled).model_dump_json() == expected


def test_which_repeat_had_which_number_does_not_matter(ranked):
    told = ranked("time")
    chance = random.Random(3)
    for variant in ("a", "b"):
        for case in "uvwxyz":
            told.passes(variant, "time", [chance.random() for _ in range(3)], case=case)
    expected = told.compared()
    swapped = []
    for start in range(0, len(told.results), 3):
        own = told.results[start : start + 3]
        values = chance.sample([result.metrics for result in own], 3)
        swapped += [result.model_copy(update={"metrics": new}) for result, new in zip(own, values, strict=True)]

    found = compare(told.plan, swapped)

    assert found.differences == expected.differences
    assert (found.reasons, found.settling) == (expected.reasons, expected.settling)


def test_the_comparison_survives_being_stored(told):
    comparison = _tell(told).compared()

    assert Comparison.model_validate_json(comparison.model_dump_json()) == comparison


def test_nothing_that_was_given_is_changed(told):
    _tell(told)
    before = told.plan.model_dump_json(), [result.model_dump_json() for result in told.results]

    told.compared()

    assert (told.plan.model_dump_json(), [result.model_dump_json() for result in told.results]) == before
