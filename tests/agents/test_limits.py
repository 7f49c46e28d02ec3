"""An agent is told its limits, warned before they are reached, and stopped when they are; its work is graded anyway."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.endings import Cause

from .stories import SLEEP, Story, bash, claude, session, write

DEAR = {"input_tokens": 100_000, "output_tokens": 10_000}
"""Costs 0.30 USD with claude-sonnet-5."""


@pytest.fixture(scope="module")
def stopped(told: Callable[..., Story]) -> Story:
    sessions = [
        session("in-a-command", [{"calls": [write("part.txt")]}, {"calls": [bash(SLEEP)]}]),
        session("in-silence", [{"calls": [write("part.txt")]}, {"text": "x", "delay_s": 300}]),
        session("for-ever", [], after={"calls": [bash("date >> part.txt")]}),
        session("turns", [], after={"calls": [bash("date >> part.txt")]}),
        session("money", [], after={"calls": [bash("date >> part.txt")], "usage": DEAR}),
        session("second-step", [{"calls": [bash("date >> part.txt")]}, "one", {"calls": [bash(SLEEP)]}]),
    ]
    in_env = claude(env={"API_TIMEOUT_MS": "600000"})
    variants = {
        "in-a-command": {"timeout": "15s"},
        "in-silence": {"timeout": "15s", "runner": in_env},
        "for-ever": {"timeout": "20s", "runner": claude(max_turns=10_000)},
        "turns": {"runner": claude(max_turns=5)},
        "money": {"runner": claude(max_turns=1000, max_budget_usd=2)},
        "second-step": {"timeout": "15s", "runner": claude(steps=["{{ prompt }}", "and on"])},
    }
    spec = {"variants": variants, "retries": 0, "checks": {"partly": "test -s part.txt"}}
    return told("limits", spec, {"sessions": sessions}, "-n4")


@pytest.mark.parametrize(
    ("trial", "cause"),
    [
        ("in-a-command", Cause.TIME_LIMIT),
        ("in-silence", Cause.TIME_LIMIT),
        ("for-ever", Cause.TIME_LIMIT),
        ("second-step", Cause.TIME_LIMIT),
        ("turns", Cause.TURN_LIMIT),
        ("money", Cause.MONEY_LIMIT),
    ],
)
def test_a_limit_ends_the_session_and_what_is_there_is_graded(stopped: Story, trial: str, cause: Cause) -> None:
    result = stopped.result(trial)

    assert result.cause is cause, result.message
    assert stopped.changed(trial) == {"part.txt"}
    assert [check.passed for check in result.checks] == [True]
    assert result.metrics["cost_usd"].value > 0


def test_money_is_never_overdrawn(stopped: Story) -> None:
    assert stopped.metric("money", "cost_usd") == pytest.approx(1.8)


@pytest.mark.parametrize("trial", ["for-ever", "turns", "money"])
def test_an_agent_is_told_once_before_its_limit(stopped: Story, trial: str) -> None:
    (notice,) = stopped.events(trial, "notice")

    assert "save your work now" in notice.data["text"]


def test_the_steps_that_were_done_before_the_limit_are_known(stopped: Story) -> None:
    assert stopped.metric("second-step", "step.1.cost_usd") == pytest.approx(2 * (100 * 2 + 50 * 10) / 1e6)
