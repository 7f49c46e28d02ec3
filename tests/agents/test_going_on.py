"""A session that ended through no fault of its variant goes on where it stopped, with its work, and is priced once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pytest_parex.endings import Cause

from .stories import Story, bash, claude, session, write

ANSWER = (100 * 2 + 50 * 10) / 1e6
"""US dollars that an answer costs which the script gives no usage: 100 tokens in, 50 out, of claude-sonnet-5."""
OVERLOADED = {"kind": "http", "status": 529, "type": "overloaded_error", "message": "Overloaded", "times": 1}
A_MOMENT = "python3 -c 'import time; time.sleep(1)'"


@pytest.fixture(scope="module")
def gone_on(told: Callable[..., Story]) -> Story:
    killed = [{"calls": [write("first")]}, {"calls": [bash(f"{A_MOMENT}; kill -9 $CLAUDE_PID")]}]
    driver = "kill -9 $(ps -o ppid= -p $CLAUDE_PID)"
    sessions = [
        session("overloaded", [
            {"calls": [write("first")]}, {"calls": [write("second")], "fail": OVERLOADED}, "both are there",
        ]),
        session("killed", [*killed, {"calls": [write("second")]}, "both are there"]),
        session("driver-killed", [
            {"calls": [write("first")]}, {"calls": [bash(f"{A_MOMENT}; {driver}")]}, {"calls": [write("second")]},
            "both",
        ]),
        session("in-the-second-step", [
            {"calls": [bash("echo once >> first")]}, "one",
            {"calls": [write("second")], "fail": OVERLOADED}, "two",
        ]),
        session("at-once", [{"calls": [write("first"), write("second")], "fail": OVERLOADED}, "done"]),
        session("never", [{"calls": [write("first")]}, {"text": "x", "fail": {**OVERLOADED, "times": 99}}]),
    ]  # fmt: skip
    variants = {one["when"]["variant"]: {"prompt": "go"} for one in sessions}
    variants["in-the-second-step"] = {"runner": claude(steps=["begin", "and on"])}
    spec = {"variants": variants, "retries": 1, "checks": {"both": "test -e first && test -e second"}}
    return told("going-on", spec, {"sessions": sessions}, "-n5")


@pytest.mark.parametrize(
    ("trial", "cause"),
    [
        ("overloaded", Cause.OVERLOADED),
        ("killed", Cause.AGENT_FAILED),
        ("driver-killed", Cause.AGENT_FAILED),
        ("in-the-second-step", Cause.OVERLOADED),
        ("at-once", Cause.OVERLOADED),
    ],
)
def test_the_next_attempt_goes_on_with_the_work_of_the_first(gone_on: Story, trial: str, cause: Cause) -> None:
    first = json.loads(gone_on.text(trial, "result.json", number=1))
    result = gone_on.result(trial)

    assert first["cause"] == cause.value
    assert (result.attempt, result.cause) == (2, Cause.PASSED), result.message
    assert gone_on.changed(trial) == {"first", "second"}


def test_the_session_is_the_same_and_remembers(gone_on: Story) -> None:
    sessions = [event.data["id"] for number in (1, 2) for event in gone_on.events("overloaded", "session", number)]

    assert len(set(sessions)) == 1
    assert "interrupted by a fault that was not yours" in gone_on.text("overloaded", "transcript.md", number=2)


@pytest.mark.parametrize(
    ("trial", "answers"),
    [("overloaded", 3), ("killed", 4), ("driver-killed", 4), ("in-the-second-step", 4), ("at-once", 2)],
)
def test_every_answer_is_paid_once_whoever_was_killed(gone_on: Story, trial: str, answers: int) -> None:
    assert gone_on.metric(trial, "cost_usd") == pytest.approx(answers * ANSWER)
    assert gone_on.metric(trial, "tokens_output") == 50 * answers


def test_steps_that_were_done_are_not_done_again(gone_on: Story) -> None:
    assert gone_on.metric("in-the-second-step", "step.1.cost_usd") == pytest.approx(2 * ANSWER)
    assert gone_on.metric("in-the-second-step", "step.2.cost_usd") == pytest.approx(2 * ANSWER)
    assert "once\n+once" not in gone_on.text("in-the-second-step", "changes.patch", number=2)


def test_the_transcript_of_the_last_attempt_tells_the_whole(gone_on: Story) -> None:
    whole = gone_on.text("overloaded", "transcript.md", number=2)

    assert whole.startswith(gone_on.text("overloaded", "transcript.md", number=1))
    assert "both are there" in whole


def test_a_provider_that_never_answers_leaves_the_trial_missing_and_its_work_kept(gone_on: Story) -> None:
    result = gone_on.result("never")

    assert (result.attempt, result.cause) == (2, Cause.OVERLOADED)
    assert gone_on.changed("never") == {"first"}
    assert result.metrics["cost_usd"].value == pytest.approx(ANSWER)


def test_after_an_overload_the_next_starts_wait(gone_on: Story) -> None:
    assert gone_on.events("never", "cooling-down", number=2)
