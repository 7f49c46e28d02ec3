"""Every way in which a provider fails ends a trial with the right cause, and says what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_parex.endings import Cause

from .stories import Story, bash, claude, session


def http(status: int, kind: str, message: str, **headers: str) -> dict[str, Any]:
    return {"kind": "http", "status": status, "type": kind, "message": message, "headers": headers}


FAILURES: dict[str, tuple[dict[str, Any], Cause, str]] = {
    "429": (http(429, "rate_limit_error", "slow down"), Cause.RATE_LIMITED, "slow down"),
    "429-for-an-hour": (
        http(429, "rate_limit_error", "slow down", **{"retry-after": "3600"}), Cause.RATE_LIMITED, "(429)",
    ),
    "429-not-to-be-retried": (
        http(429, "rate_limit_error", "no more", **{"x-should-retry": "false"}), Cause.RATE_LIMITED, "no more",
    ),
    "529": (http(529, "overloaded_error", "Overloaded"), Cause.OVERLOADED, "(529)"),
    "500": (http(500, "api_error", "oops"), Cause.OVERLOADED, "oops"),
    "400": (http(400, "invalid_request_error", "bad thing"), Cause.RUNNER_FAILED, "bad thing"),
    "too-long": (
        http(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum"),
        Cause.RUNNER_FAILED, "too long",
    ),
    "404": (http(404, "not_found_error", "model: nope"), Cause.SETUP_FAILED, "does not know the model"),
    "413": (http(413, "request_too_large", "too big"), Cause.RUNNER_FAILED, "too large"),
    "hung-up": ({"kind": "refuse"}, Cause.NETWORK, "ECONNRESET"),
    "cut-in-the-middle": ({"kind": "cut", "after_events": 3}, Cause.NETWORK, "lost"),
    "cut-at-the-start": ({"kind": "cut", "after_events": 1}, Cause.NETWORK, "ended without"),
    "html": ({"kind": "not_sse"}, Cause.NETWORK, "ended without"),
    "malformed": ({"kind": "malformed", "after_events": 2}, Cause.NETWORK, "Parse error"),
    "overloaded-in-the-stream": (
        {"kind": "sse_error", "after_events": 2, "type": "overloaded_error", "message": "Overloaded"},
        Cause.OVERLOADED, "Overloaded",
    ),
    "no-headers": ({"kind": "hang", "after_events": -1, "seconds": 90}, Cause.NETWORK, "timed out"),
    "no-events": ({"kind": "hang", "after_events": 0, "seconds": 90}, Cause.NETWORK, "idle"),
    "silence-in-the-middle": ({"kind": "hang", "after_events": 3, "seconds": 90}, Cause.NETWORK, "idle"),
}  # fmt: skip
OTHERS = {"refusal": Cause.REFUSED, "no-end": Cause.RUNNER_FAILED, "recovers": Cause.PASSED}


@pytest.fixture(scope="module")
def failed(told: Callable[..., Story]) -> Story:
    sessions = [session(name, [{"text": "x", "fail": fail}]) for name, (fail, _, _) in FAILURES.items()]
    sessions += [
        session("refusal", [{"text": "no", "stop_reason": "refusal"}] * 3),
        session("no-end", [{"text": "and so on", "stop_reason": "max_tokens"}] * 6),
        session(
            "recovers", [{"calls": [bash("true")], "fail": {"kind": "cut", "after_events": 3, "times": 1}}, "done"]
        ),
    ]
    recovering = {"runner": claude(env={"CLAUDE_CODE_MAX_RETRIES": "2"})}
    variants = {name: {"prompt": "go"} for name in (*FAILURES, *OTHERS)}
    spec = {"variants": {**variants, "recovers": recovering}, "retries": 0}
    return told("failures", spec, {"sessions": sessions}, "-n4")


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_provider_is_told_from_a_failing_variant(failed: Story, name: str) -> None:
    _, cause, said = FAILURES[name]
    result = failed.result(name)

    assert result.cause is cause, result.message
    assert said in result.message


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_model_does_is_the_variants_own(failed: Story, name: str) -> None:
    assert failed.result(name).cause is OTHERS[name], failed.result(name).message


def test_a_failure_that_passes_is_waited_out_by_the_program(failed: Story) -> None:
    assert failed.result("recovers").cause is Cause.PASSED
    assert failed.metric("recovers", "tool_calls") == 1


def test_failures_of_the_provider_count_for_no_variant(failed: Story) -> None:
    by_name = {variant.name: variant for variant in failed.comparison.variants}

    assert by_name["529"].missing == 1
    assert by_name["no-headers"].missing == 1
    assert by_name["refusal"].counted == 1
