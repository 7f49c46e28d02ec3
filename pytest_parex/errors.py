"""Faults that are shown to people as one message, without a traceback.

They are raised where they are found and worded where they are shown. Which ending a fault means for a trial is said by
`cause`, so that `trial.py` needs no list of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_parex.endings import Cause


class ParexError(Exception):
    """A fault with a message for people: where it is, what is wrong, what to do."""

    cause: Cause = Cause.WORKSPACE_FAILED


class WorkspaceError(ParexError):
    """The source, a workspace or a capture could not be made. Nothing of the user's was touched."""


class GitError(WorkspaceError):
    """A git command failed; the message holds its last line."""


class SetupError(ParexError):
    """A setup step failed, or the project would not be imported from the workspace."""

    cause = Cause.SETUP_FAILED


class RunnerError(ParexError):
    """A runner could not do its work; `cause` says whether that is the variant's doing."""

    def __init__(self, message: str, cause: Cause = Cause.RUNNER_FAILED) -> None:
        super().__init__(message)
        self.cause = cause


class BudgetError(ParexError):
    """There is no money left for a trial."""

    cause = Cause.BUDGET_SPENT


class GradingError(ParexError):
    """The grading could not be done (not: the work is bad)."""

    cause = Cause.GRADING_FAILED


class StoreError(ParexError):
    """A stored run is missing, incomplete or of another format."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong with a spec file; lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class SpecError(ParexError):
    """Everything that is wrong with a spec, at once."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))
