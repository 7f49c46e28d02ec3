from __future__ import annotations

from pytest_parex.endings import Cause
from pytest_parex.model import CheckResult
from pytest_parex.report import overview
from pytest_parex.report.material import Material


def material(told):
    return Material(told.plan, told.comparison, told.results, told.directory, {})


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_variant_table_has_the_best_first_with_means_and_how_many_trials_they_are_over(story):
    told = story(
        compare={"rank": ["success_rate", "coverage"]}, variants={"a": {"description": "with | pipes"}, "b": {}}
    )
    told.experiment["metrics"] = {"coverage": {"json": "c.json", "path": "x", "unit": "%", "better": "higher"}}
    told.ended("a", metrics={"coverage": 80.0})
    told.ended("a", Cause.CHECK_FAILED, repeat=2)
    told.ended("b", metrics={"coverage": 70.5, "duration_s": 61.0})
    told.planned("b", repeat=2)

    table = overview.variants(material(told), strip=10)

    assert [column.title for column in table.columns] == [
        "variant",
        "passed",
        "trials",
        "missing",
        "coverage ↑",
        "duration_s ↓",
        "description",
    ]
    assert texts(table) == [
        ["b", "1/1 (100 %)", "✓–", "1", "70.5 %", "1 min 1 s", ""],
        ["a", "1/2 (50 %, 3 % to 97 %)", "✓✗", "0", "80.0 % (1 of 2)", "–", "with | pipes"],
    ]
    assert [row.best for row in table.rows] == [True, False]


def test_many_trials_are_not_shown_one_by_one_in_the_variant_table(story):
    told = story()
    for repeat in range(1, 6):
        told.ended("a", repeat=repeat)

    assert "trials" not in [column.title for column in overview.variants(material(told), strip=4).columns]


def test_outcomes_are_laid_out_by_case_and_matrix_point(story):
    told = story()
    for variant in ("a", "b"):
        for case in ("one", "two"):
            told.ended(variant, Cause.PASSED if case == "one" else Cause.REFUSED, case=case, matrix={"model": "m"})

    table = overview.outcomes(material(told))

    assert texts(table) == [["one · model=m", "✓", "✓"], ["two · model=m", "✗", "✗"]]


def test_a_single_case_needs_no_outcome_table_and_a_single_point_no_point_table(story):
    told = story()
    told.ended("a", case="one", matrix={"model": "m"})
    told.ended("b", case="one", matrix={"model": "m"})

    assert not overview.outcomes(material(told))
    assert not overview.points(material(told))


def test_matrix_points_are_summarised_per_variant(story):
    told = story(compare={"rank": ["time"]}, metrics={"time": {"command": "x", "better": "lower"}})
    for variant in ("a", "b"):
        for model, time in (("small", 1.0), ("large", 3.0)):
            told.ended(variant, matrix={"model": model}, metrics={"time": time})

    assert texts(overview.points(material(told))) == [
        ["a", "model=small", "1/1 (100 %)", "1"],
        ["a", "model=large", "1/1 (100 %)", "3"],
        ["b", "model=small", "1/1 (100 %)", "1"],
        ["b", "model=large", "1/1 (100 %)", "3"],
    ]


def test_the_check_matrix_is_in_the_order_of_the_spec_and_counts_counted_trials_only(story):
    told = story(checks={"tests": "pytest", "lint": {"command": "ruff", "required": False}})
    told.ended("a", checks={"lint": False, "tests": True})
    told.ended("a", Cause.GRADING_FAILED, repeat=2, checks={"tests": False})
    told.ended("b", Cause.CHECK_FAILED, checks={"tests": False})
    own = told.results[0]
    told.results[0] = own.model_copy(
        update={
            "checks": (
                *(check.model_copy(update={"required": check.name != "lint"}) for check in own.checks),
                CheckResult(name="api", passed=True),
            )
        }
    )

    table = overview.checks(material(told))

    assert [column.title for column in table.columns] == ["variant", "tests", "lint (optional)", "api"]
    assert texts(table) == [["a", "1/1", "0/1", "1/1"], ["b", "0/1", "–", "–"]]


def test_the_metric_table_has_ranked_metrics_first_and_none_that_nobody_counted_has(story):
    told = story(compare={"rank": ["time"]}, metrics={"time": {"command": "x", "better": "lower"}})
    told.ended("a", metrics={"apples": 3.0, "time": 1.5})
    told.ended("b", Cause.NETWORK, metrics={"never": 1.0})

    assert texts(overview.metrics(material(told))) == [["time ↓", "1.5", "–"], ["apples", "3", "–"]]
