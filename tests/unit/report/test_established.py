from __future__ import annotations

import pytest

from pytest_parex import report
from pytest_parex.endings import Cause
from pytest_parex.report import established, overview
from pytest_parex.report.material import Material
from pytest_parex.report.words import scope


def material(told):
    return Material(told.plan, told.comparison, told.results, told.directory, {})


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


@pytest.fixture
def told(story):
    """`b` fails half of its trials; `a` is quicker on every case."""
    told = story(
        compare={"rank": ["success_rate", "time"]}, metrics={"time": {"command": "x", "better": "lower", "unit": "ms"}}
    )
    for case in "uvw":
        for repeat in (1, 2):
            told.ended("a", case=case, repeat=repeat, metrics={"time": 10.0 + repeat})
            cause = Cause.CHECK_FAILED if repeat == 2 else Cause.PASSED
            told.ended("b", cause, case=case, repeat=repeat, metrics={"time": 20.0 + repeat})
    return told


def test_a_difference_has_its_interval_its_test_and_what_it_speaks_of(told):
    table = established.differences(material(told))
    columns = [column.title for column in table.columns]
    rows = [dict(zip(columns, row, strict=True)) for row in texts(table)]

    assert rows[1] == {
        "metric": "time",
        "of": "a",
        "minus": "b",
        "difference": "-10 ms",
        "95 % interval": "-11.5 to -8.62 ms",
        "p": "0.0093",
        "corrected p": "0.0093",
        "better": "100 %",
        "pairs": "3",
        "what this speaks of, and how it is known": "these cases: exact permutation within cases",
    }
    assert rows[0][columns[-1]] == "these cases: stratified exact conditional; interval by Newcombe"


def test_a_withheld_interval_says_why(story):
    told = story()
    told.ended("a")
    told.ended("b", Cause.CHECK_FAILED)

    (row,) = texts(established.differences(material(told)))

    assert row[3:6] == ["+100 points", "withheld", "–"]
    assert row[-1] == "one trial of each variant cannot tell a difference from chance"


def test_a_difference_over_repeats_on_six_cases_says_whether_it_holds_for_others(story):
    told = story()
    for case in "uvwxyz":
        for repeat in (1, 2):
            told.ended("a", case=case, repeat=repeat)
            told.ended("b", Cause.CHECK_FAILED, case=case, repeat=repeat)

    (row,) = texts(established.differences(material(told)))

    assert row[-1].endswith("; cases like these: p = 0.031")


def test_repeats_are_told_as_chances_with_the_flaky_cases(told):
    assert texts(established.repeats(material(told))) == [
        ["a", "100 %", "100 %", "100 %", "0"],
        ["b", "50 %", "100 %", "0 %", "3"],
    ]


def test_without_repeats_there_is_no_table_of_them(story):
    told = story()
    told.ended("a", case="u")
    told.ended("a", case="v")

    assert not established.repeats(material(told))


def test_the_front_says_who_beats_whom(told):
    table = established.front(material(told))

    assert [column.title for column in table.columns] == [
        "variant",
        "on the front",
        "passed",
        "time ↓",
        "beaten in all by",
    ]
    assert [[row[0], row[1], row[-1]] for row in texts(table)] == [["a", "yes", ""], ["b", "no", "a"]]


def test_flaky_cases_are_marked_where_outcomes_are_shown(told):
    table = overview.outcomes(material(told))

    assert [[cell.note for cell in row.cells] for row in table.rows] == [["", "", "flaky"]] * 3
    assert "| `u` | ✓✓ | ✓✗ flaky |" in report.markdown(told.plan, told.comparison, told.results)


def test_rates_and_means_are_shown_with_their_intervals(story):
    told = story(metrics={"time": {"command": "x", "better": "lower"}}, compare={"rank": ["time"]})
    for repeat in range(1, 8):
        told.ended("a", repeat=repeat, metrics={"time": 10.0 + repeat})

    (row,) = texts(overview.variants(material(told), strip=1))

    assert row[1] == "7/7 (100 %, 56 % to 100 %)"
    assert row[2] == "14.0 (12.0 to 16.2)"


def test_why_intervals_are_withheld_is_said_below_the_metrics(told):
    note = overview.metrics(material(told)).note

    assert "95 % intervals are withheld for time (fewer than 5 cases, or 5 trials on a single one)." in note


def test_the_terminal_says_what_the_verdict_speaks_of_and_what_would_settle_it(told):
    lines = report.terminal_verdict(told.comparison, 200)

    assert lines[0].startswith("leader only: 'a' leads 'b'")
    assert lines[1].startswith("(speaks of these cases; ")
    assert lines[1].endswith(" more repeats would settle it, if differences are as large as they look)")


def test_nothing_is_said_of_the_scope_where_nothing_was_tested(story):
    told = story()
    told.ended("a")

    assert scope(told.comparison) == ""


def test_the_terminal_shows_rates_with_their_interval(told):
    header, *rows = report.terminal_table(told.comparison, 100)

    assert header.split()[:4] == ["variant", "passed", "95", "%"]
    assert "31-100 %" in rows[0]


def test_the_page_leads_from_a_reason_to_its_trials_and_says_what_would_change_it(story):
    told = story(compare={"rank": ["success_rate", "time"]}, metrics={"time": {"command": "x", "better": "lower"}})
    told.ended("a", metrics={"time": 9.0})
    told.ended("a", Cause.PASSED, repeat=2, metrics={"time": 9.0})
    told.ended("b", Cause.PASSED, metrics={"time": 1.0})
    told.ended("b", Cause.CHECK_FAILED, repeat=2, metrics={"time": 1.0})

    page = report.page(told.plan, told.comparison, told.results)

    assert '<a class="soft" href="#t4">b--r2</a>' in page
    assert '<a class="soft" href="#differences">numbers</a>' in page
    assert "<h3>What would change it</h3>" in page
    assert "If <code>time</code> came first, <code>b</code> would lead." in page
