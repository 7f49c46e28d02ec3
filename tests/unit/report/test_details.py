from __future__ import annotations

import pytest

from pytest_parex.endings import Cause
from pytest_parex.model import FileChange
from pytest_parex.report import details
from pytest_parex.report.material import Material


def material(told):
    return Material(told.plan, told.comparison, told.results, told.directory, {})


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_failures_with_the_same_cause_and_message_are_told_once(story):
    told = story()
    told.ended("a", Cause.CHECK_FAILED, "tests failed")
    told.ended("b", Cause.CHECK_FAILED, "tests failed")
    told.ended("c", Cause.CHECK_FAILED, "lint failed")
    told.ended("d", Cause.NETWORK, "no route")
    told.ended("e")

    groups = details.failures(material(told))

    assert [(group.cause, group.trials) for group in groups] == [(Cause.CHECK_FAILED, 3), (Cause.NETWORK, 1)]
    assert [(each.message, [trial.id for trial in each.trials]) for each in groups[0].failures] == [
        ("tests failed", ["a", "b"]),
        ("lint failed", ["c"]),
    ]
    assert "not counted" in groups[1].meaning


def test_many_different_messages_are_counted_and_not_all_told(story):
    told = story()
    for repeat in range(1, 6):
        told.ended("a", Cause.RUNNER_FAILED, f"exit code {repeat}", repeat=repeat)

    (group,) = details.failures(material(told), most=2)

    assert (group.trials, len(group.failures), group.left_out) == (5, 2, 3)


@pytest.mark.parametrize(
    ("cause", "checks", "source"),
    [
        (Cause.CHECK_FAILED, {"lint": True, "tests": False}, "checks/tests.log"),
        (Cause.RUNNER_FAILED, {}, "run.log"),
        (Cause.TIME_LIMIT, {}, "run.log"),
        (Cause.SETUP_FAILED, {}, "setup.log"),
        (Cause.CRASHED, {}, "traceback.txt"),
        (Cause.THRESHOLD_MISSED, {}, ""),
    ],
)
def test_the_lines_come_from_the_log_that_says_most(story, cause, checks, source):
    told = story()
    logs = ("run.log", "setup.log", "traceback.txt", "checks/tests.log", "checks/lint.log")
    told.ended("a", cause, checks=checks, files={name: f"this is {name}\n" for name in logs})

    (failure,) = details.failures(material(told))[0].failures

    assert failure.source == (f"trials/a/attempt-1/{source}" if source else "")
    assert failure.lines == ((f"this is {source}",) if source else ())


def test_lines_that_name_errors_are_preferred_to_the_last_lines():
    log = "\n".join(["E   assert 1 == 2", *["noise"] * 50, "FAILED tests/x.py", "fatal: no", *["noise"] * 50])

    assert details.lines_that_matter(log, 12) == ("E   assert 1 == 2", "FAILED tests/x.py", "fatal: no")


def test_without_named_errors_the_last_lines_are_shown():
    assert details.lines_that_matter("one\n\ntwo\nthree\n", 2) == ("two", "three")


def test_changes_are_means_with_the_most_touched_paths(story):
    told = story()
    for repeat, lines in ((1, 10), (2, 20)):
        told.ended(
            "a",
            repeat=repeat,
            changed=[
                FileChange(path="api.py", status="modified", lines_added=lines, lines_removed=1),
                *([FileChange(path="new.bin", status="added")] if repeat == 2 else []),
            ],
            protected=("tests/test_x.py",) if repeat == 2 else (),
        )

    table = details.changes(material(told))

    assert texts(table) == [["a", "1.5", "+15", "-1", "api.py, new.bin (1×)", "tests/test_x.py (1×)"]]


def test_the_trial_table_has_a_row_per_trial_that_was_asked_for(story):
    told = story(compare={"rank": ["time"]}, metrics={"time": {"command": "x", "unit": "ms", "better": "lower"}})
    told.ended("a", metrics={"time": 1.25}, checks={"tests": True, "lint": False})
    told.ended("b", Cause.RATE_LIMITED, "429, later")
    told.not_selected.add(told.planned("c").id)
    told.planned("d")

    table = details.trials(material(told))

    assert [column.title for column in table.columns] == ["trial", "outcome", "cause", "checks", "time", "message"]
    assert texts(table) == [
        ["a", "passed", "", "1/2", "1.25 ms", ""],
        ["b", "missing", "rate limited", "–", "–", "429, later"],
        ["d", "missing", "", "–", "–", "no finished attempt is stored"],
    ]
    assert texts(details.missing(material(told))) == [
        ["b", "rate limited", "429, later"],
        ["d", "not finished", "no finished attempt is stored"],
    ]
