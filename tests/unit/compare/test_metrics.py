from __future__ import annotations

import pytest

from pytest_parex.compare import measures_of, summarise
from pytest_parex.endings import Cause
from pytest_parex.model import Metric


def test_the_spec_says_unit_and_direction_before_the_result_does(told):
    told.experiment["metrics"] = {"size": {"json": "size.json", "path": "size", "unit": "KiB", "better": "lower"}}
    told.ended("oop")
    told.results[0] = told.results[0].model_copy(update={"metrics": {"size": Metric(value=3, unit="B")}})

    (row,) = told.compared().variants

    assert (row.metrics["size"].unit, row.metrics["size"].better) == ("KiB", "lower")


def test_metrics_of_parex_have_a_direction_without_being_told(told):
    told.ended("oop", duration_s=3.0, checks_passed=2.0, lines_changed=10.0)

    (row,) = told.compared().variants

    assert {name: metric.better for name, metric in row.metrics.items()} == {
        "checks_passed": "higher",
        "duration_s": "lower",
        "lines_changed": "lower",
    }


def test_a_metric_that_one_variant_lacks_is_there_without_a_value(told):
    told.ended("oop", coverage=80.0)
    told.ended("functional", Cause.CHECK_FAILED)

    rows = {row.name: row for row in told.compared().variants}

    assert rows["functional"].metrics["coverage"].mean is None
    assert rows["functional"].metrics["coverage"].n == 0


def test_means_are_exact_and_do_not_overflow(told):
    told.passes("oop", "coverage", [1e308, 1e308, 1e308])
    told.passes("functional", "coverage", [0.1] * 10)

    rows = {row.name: row for row in told.compared().variants}

    assert rows["oop"].metrics["coverage"].mean == 1e308
    assert rows["functional"].metrics["coverage"].mean == 0.1


def test_an_interval_that_cannot_keep_its_level_is_withheld_with_the_reason(told):
    told.passes("oop", "coverage", [1.0, 2.0, 3.0])

    (row,) = told.compared().variants

    assert (row.metrics["coverage"].low, row.metrics["coverage"].high) == (None, None)
    assert row.withheld == {"coverage": "fewer than 5 cases, or 5 trials on a single one"}


def test_a_single_trial_has_no_interval_at_all(told):
    told.ended("oop", coverage=1.0)

    (row,) = told.compared().variants

    assert (row.success_rate.low, row.success_rate.high) == (None, None)
    assert row.withheld["success_rate"] == "one trial tells next to nothing about a rate"


def test_five_repeats_of_one_case_give_an_interval(told):
    told.passes("oop", "coverage", [80.0, 82.0, 81.0, 79.0, 78.0])

    (row,) = told.compared().variants

    assert row.metrics["coverage"].low < 78.5 < 81.5 < row.metrics["coverage"].high
    assert (row.success_rate.low, row.success_rate.high) == (pytest.approx(0.4629, abs=1e-4), 1.0)
    assert row.withheld == {}


@pytest.mark.parametrize(
    ("tell", "reason"),
    [
        (lambda told: told.ended("oop", Cause.TIME_LIMIT), "1 trial failed without a number"),
        (lambda told: told.ended("oop", Cause.NETWORK), None),
    ],
)
def test_survivors_get_no_interval_but_missing_trials_do_no_harm(ranked, tell, reason):
    told = ranked("coverage")
    told.passes("oop", "coverage", [80.0, 82.0, 81.0, 79.0, 78.0])
    tell(told)

    (row,) = told.compared().variants

    assert row.withheld.get("coverage") == reason


def test_equal_numbers_have_no_interval_since_their_spread_is_not_known(told):
    told.passes("oop", "coverage", [80.0] * 6)

    (row,) = told.compared().variants

    assert row.withheld["coverage"] == "all numbers are equal"


def test_a_part_of_the_trials_can_be_summarised_from_the_comparison_alone(told):
    told.passes("oop", "coverage", [90.0, 80.0], matrix={"model": "a"})
    told.passes("oop", "coverage", [10.0], matrix={"model": "b"})
    comparison = told.compared()

    part = summarise(
        "oop", [trial for trial in comparison.trials if trial.matrix == {"model": "a"}], measures_of(comparison)
    )

    assert (part.counted, part.metrics["coverage"].mean, part.metrics["coverage"].better) == (2, 85.0, "higher")


def test_variants_with_a_matrix_stay_one_row_each(told):
    for variant in ("oop", "functional"):
        for model in ("a", "b"):
            told.ended(variant, matrix={"model": model})

    assert [(row.name, row.counted) for row in told.compared().variants] == [("oop", 2), ("functional", 2)]
