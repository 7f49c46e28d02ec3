"""How a trial's sessions ended, from their record: the cause, a sentence for people, and when the provider may be asked
again.

The rows of Claude Code's failures were measured with the real program; what a result calls `success` may be a failure
of the provider (`is_error` with an API status).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_parex.endings import Cause
from pytest_parex.runners.claude.record import Row

BY_STATUS = {401: Cause.CREDENTIALS, 403: Cause.CREDENTIALS, 404: Cause.SETUP_FAILED, 429: Cause.RATE_LIMITED}
BY_KIND = {
    "authentication_failed": Cause.CREDENTIALS,
    "billing_error": Cause.CREDENTIALS,
    "rate_limit": Cause.RATE_LIMITED,
    "overloaded": Cause.OVERLOADED,
    "model_not_found": Cause.SETUP_FAILED,
    "invalid_request": Cause.RUNNER_FAILED,
    "max_output_tokens": Cause.RUNNER_FAILED,
}
LIMITS = {
    "time limit": Cause.TIME_LIMIT,
    "money limit": Cause.MONEY_LIMIT,
    "interrupted": Cause.INTERRUPTED,
    "error_max_turns": Cause.TURN_LIMIT,
    "error_max_budget_usd": Cause.MONEY_LIMIT,
}
SHOWN = 600


@dataclass(frozen=True)
class Outcome:
    """How it ended."""

    cause: Cause
    message: str = ""
    wait_s: float | None = None
    """Seconds until the provider may be asked again, if it said so."""


def outcome(rows: Iterable[Row]) -> Outcome | None:
    """The outcome that a record tells; None if the process that wrote it died before it could."""
    last = next((row for row in reversed(list(rows)) if row["is"] in ("result", "broken")), None)
    if last is None:
        return None
    return _of_result(last) if last["is"] == "result" else _of_breakage(last)


def _of_result(row: Row) -> Outcome:
    for how in (row["stopped"], row["subtype"]):
        if how in LIMITS:
            return Outcome(LIMITS[how], _limit_text(row))
    if row["stop_reason"] == "refusal":
        return Outcome(Cause.REFUSED, f"the model declined to go on{_said(row['text'])}")
    if not row["is_error"]:
        return Outcome(Cause.PASSED)
    if row["reason"] == "api_error" or row["status"] or row["provider"].get("kind"):
        return _of_provider(row)
    said = _said("; ".join(row["errors"] or []) or row["text"])
    if "sandbox" in said.lower():
        return Outcome(Cause.SETUP_FAILED, f"the sandbox cannot be used{said}; install bubblewrap and socat")
    return Outcome(Cause.RUNNER_FAILED, f"the session ended with an error{said}")


def _of_provider(row: Row) -> Outcome:
    provider, status = row["provider"], row["status"]
    kind = provider.get("kind") or ""
    cause = BY_KIND.get(kind)
    if cause is None and status is not None:
        overloaded = status >= 500 or provider.get("error") == "overloaded"
        cause = BY_STATUS.get(status, Cause.OVERLOADED if overloaded else Cause.RUNNER_FAILED)
    cause = cause or Cause.NETWORK
    shown = f" ({status})" if status else ""
    text = row["text"] or "; ".join(row["errors"] or [])
    return Outcome(cause, f"{_PROVIDER.get(cause, 'the provider refused the request')}{shown}{_said(text)}", _wait(row))


def _of_breakage(row: Row) -> Outcome:
    if row["kind"] == "command":
        return Outcome(Cause.SETUP_FAILED, row["text"])
    if row["stopped"] in LIMITS:
        return Outcome(LIMITS[row["stopped"]], _limit_text(row))
    text = row["text"].partition("\nError output:")[0]  # what follows is no output but advice to look for it
    return Outcome(Cause.AGENT_FAILED, f"Claude Code failed{_said(text)} (see run.log)")


def _limit_text(row: Row) -> str:
    if row["stopped"]:
        return (
            f"stopped at its {row['stopped']}" if row["stopped"] != "interrupted" else "stopped while it was under way"
        )
    return "; ".join(row["errors"] or []) or row["subtype"]


def _wait(row: Row) -> float | None:
    provider = row["provider"]
    if resets_at := provider.get("resets_at"):
        return max(0.0, float(resets_at) - time.time())
    return provider.get("wait_s") or None if provider.get("status") == 429 else None


def _said(text: Any) -> str:
    line = " ".join(str(text or "").split())
    return f": {line[:SHOWN]}" if line else ""


_PROVIDER = {
    Cause.CREDENTIALS: "the provider refused the credentials",
    Cause.RATE_LIMITED: "the provider limited the rate of requests",
    Cause.OVERLOADED: "the provider failed or was overloaded",
    Cause.NETWORK: "the provider could not be reached, or its answer broke off",
    Cause.SETUP_FAILED: "the provider does not know the model",
}
