from __future__ import annotations

import pytest

from pytest_parex import report
from pytest_parex.endings import Cause


@pytest.fixture
def told(story):
    told = story(
        compare={"rank": ["success_rate", "coverage", "p99"]},
        metrics={
            "coverage": {"json": "c", "path": "x", "unit": "%", "better": "higher"},
            "p99": {"command": "x", "unit": "ms", "better": "lower"},
        },
    )
    told.ended("functional", metrics={"coverage": 92.5, "p99": 12.0, "duration_s": 75.0})
    told.ended("oop", metrics={"coverage": 80.0, "p99": 9.0, "duration_s": 3.0})
    told.ended("oop", Cause.NETWORK, repeat=2)
    return told


def test_the_table_shows_what_decides_and_marks_the_leader(told):
    assert report.terminal_table(told.comparison, 100) == [
        "  variant     passed  missing  coverage    p99  duration_s",
        "* functional     1/1        0    92.5 %  12 ms  1 min 15 s",
        "  oop            1/1        1    80.0 %   9 ms         3 s",
        "",
        "leader only: 'functional' leads 'oop', the next, in 'coverage': 92.5 % against 80.0 %; in",
        "'success_rate' they are equal.",
    ]


@pytest.mark.parametrize("width", [20, 30, 40, 55, 80, 200])
def test_no_line_is_wider_than_the_terminal(told, width):
    told.ended("a-variant-with-a-name-that-is-longer-than-any-terminal-should-have-to-show", metrics={"coverage": 1.0})
    comparison = told.comparison

    lines = report.terminal_table(comparison, width) + report.terminal_reasons(comparison, width)

    assert [line for line in lines if len(line) > width] == []


def test_columns_that_do_not_fit_are_left_out_and_said(told):
    lines = report.terminal_table(told.comparison, 40)

    assert lines[0].split() == ["variant", "passed", "missing", "coverage"]
    assert "(2 more columns in the report)" in lines


def test_the_other_reasons_are_for_those_who_ask(told):
    reasons = report.terminal_reasons(told.comparison, 60)

    assert reasons[0].startswith("- No difference is established")
    assert any("Missing trials" in line for line in reasons)
    assert not any("leads" in line for line in reasons)


def test_hostile_names_cannot_act_on_the_terminal(story):
    told = story(variants={"evil\x1b[2J\u202e\nname": "x"})
    told.ended("evil\x1b[2J\u202e\nname")

    lines = report.terminal_table(told.comparison, 100)

    assert lines[1].startswith("* evil⟨U+202E⟩ ⏎ name")
    assert "\x1b" not in "".join(lines)
    assert not any("\n" in line for line in lines)


def test_without_any_result_there_is_still_a_table(story):
    told = story()
    told.planned("a")

    assert report.terminal_table(told.comparison, 80) == [
        "  variant  passed  missing",
        "  a           0/0        1",
        "",
        "no acceptable variant: No trial counts: none of 1 trial has a result that does.",
    ]
