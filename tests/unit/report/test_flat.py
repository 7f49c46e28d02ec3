from __future__ import annotations

import csv
import io

from pytest_parex import report
from pytest_parex.endings import Cause


def rows(told):
    text = report.csv(told.plan, told.comparison, told.results)
    return list(csv.DictReader(io.StringIO(text)))


def test_there_is_one_row_per_planned_trial_with_exact_numbers(story):
    told = story()
    told.ended(
        "a", case="one", matrix={"model": "m"}, metrics={"time": 0.1}, checks={"tests": True}, phases={"execute": 1.5}
    )
    told.ended("a", Cause.NETWORK, "no route, again", case="two", matrix={"model": "m"})
    told.planned("b")

    assert rows(told) == [
        {
            "trial": "a--one--m",
            "variant": "a",
            "case": "one",
            "repeat": "1",
            "attempt": "1",
            "outcome": "passed",
            "cause": "passed",
            "contaminated": "false",
            "message": "",
            "matrix.model": "m",
            "check.tests": "true",
            "metric.time": "0.1",
            "phase_s.execute": "1.5",
        },
        {**dict.fromkeys(rows(told)[0], ""), "trial": "a--two--m", "variant": "a", "case": "two", "repeat": "1"}
        | {"attempt": "1", "outcome": "missing", "cause": "network failed", "contaminated": "false"}
        | {"message": "no route, again", "matrix.model": "m"},
        {**dict.fromkeys(rows(told)[0], ""), "trial": "b", "variant": "b", "repeat": "1", "outcome": "missing"}
        | {"contaminated": "false", "message": "no finished attempt is stored"},
    ]


def test_text_is_no_formula_no_second_line_and_no_escape(story):
    told = story()
    told.ended("a", Cause.RUNNER_FAILED, '=HYPERLINK("http://evil")\n\x1b[31m@SUM', metrics={"time": -1.5, "+x": 2.0})

    (row,) = rows(told)

    assert row["message"] == '\'=HYPERLINK("http://evil") ⏎ @SUM'
    assert row["metric.time"] == "-1.5"
    assert row["metric.+x"] == "2.0"
