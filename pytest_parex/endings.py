"""How an attempt can end: one table that decides what counts and what is tried again.

Retrying and comparing ask this table and nothing else, so the two can never disagree. An ending *counts* when it says
something about the variant; one that does not count leaves the trial *missing*, which is never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why an attempt ended as it did; the word that result files and reports show."""

    PASSED = "passed"
    CHECK_FAILED = "check failed"
    THRESHOLD_MISSED = "threshold missed"
    RUNNER_FAILED = "runner failed"
    TIME_LIMIT = "time limit"
    TURN_LIMIT = "turn limit"
    MONEY_LIMIT = "money limit"
    REFUSED = "refused"
    SETUP_FAILED = "setup failed"
    RATE_LIMITED = "rate limited"
    OVERLOADED = "overloaded"
    NETWORK = "network failed"
    CREDENTIALS = "credentials refused"
    AGENT_FAILED = "agent failed"
    BUDGET_SPENT = "budget spent"
    WORKSPACE_FAILED = "workspace failed"
    CONTAINER_FAILED = "container failed"
    GRADING_FAILED = "grading failed"
    INTERRUPTED = "interrupted"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Ending:
    """One row: does this ending say something about the variant, may it be tried again, and in which words."""

    counted: bool
    retried: bool
    meaning: str
    goes_on: bool = False
    """Whether a next attempt goes on in the same workspace, with the work that is there, instead of starting afresh."""
    holds_back: bool = False
    """Whether the provider needs a rest: the next starts of all trials of the run wait."""
    stops_run: bool = False
    """Whether every other trial would end like this too, so that none is begun any more."""


ENDINGS: dict[Cause, Ending] = {
    Cause.PASSED: Ending(True, False, "the work was done and every required check and threshold holds"),
    Cause.CHECK_FAILED: Ending(True, False, "a required check failed on the captured work"),
    Cause.THRESHOLD_MISSED: Ending(True, False, "a metric is outside the limits that the spec sets"),
    Cause.RUNNER_FAILED: Ending(True, False, "the variant's own command or function failed"),
    Cause.TIME_LIMIT: Ending(True, False, "the work was stopped at its time limit"),
    Cause.TURN_LIMIT: Ending(True, False, "the agent used up its turns"),
    Cause.MONEY_LIMIT: Ending(True, False, "the agent used up its money"),
    Cause.REFUSED: Ending(True, False, "the agent declined the task"),
    Cause.SETUP_FAILED: Ending(False, False, "a setup step failed before the variant could begin"),
    Cause.RATE_LIMITED: Ending(False, True, "the provider limited the rate of requests", goes_on=True, holds_back=True),
    Cause.OVERLOADED: Ending(False, True, "the provider was overloaded", goes_on=True, holds_back=True),
    Cause.NETWORK: Ending(False, True, "the provider could not be reached", goes_on=True, holds_back=True),
    Cause.CREDENTIALS: Ending(False, False, "the provider refused the credentials", stops_run=True),
    Cause.AGENT_FAILED: Ending(False, True, "the agent's own program failed, or was killed", goes_on=True),
    Cause.BUDGET_SPENT: Ending(False, False, "the run's budget was spent before this trial could start"),
    Cause.WORKSPACE_FAILED: Ending(False, True, "the workspace could not be made or captured"),
    Cause.CONTAINER_FAILED: Ending(False, True, "the container engine failed"),
    Cause.GRADING_FAILED: Ending(False, True, "the grading itself failed, not the work"),
    Cause.INTERRUPTED: Ending(False, False, "the run was stopped while this trial was under way", goes_on=True),
    Cause.CRASHED: Ending(
        False, False, "parex or a plugin failed, or the process that executed the trial died", goes_on=True
    ),
}


def counts(cause: Cause) -> bool:
    """Whether an attempt with this ending is a measurement of its variant."""
    return ENDINGS[cause].counted


def may_retry(cause: Cause) -> bool:
    """Whether another attempt may be made, because the ending is not the variant's doing and could pass."""
    return ENDINGS[cause].retried


def goes_on(cause: Cause) -> bool:
    """Whether an attempt after this one goes on in its workspace, rather than start afresh in a new one."""
    return ENDINGS[cause].goes_on


def holds_back(cause: Cause) -> bool:
    """Whether the provider needs a rest after this ending."""
    return ENDINGS[cause].holds_back


def stops_run(cause: Cause) -> bool:
    """Whether no further trial of the run is to begin after this ending."""
    return ENDINGS[cause].stops_run
