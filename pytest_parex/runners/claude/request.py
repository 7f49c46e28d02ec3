"""What the runner asks of the process that drives a trial's sessions."""

from __future__ import annotations

from pathlib import Path

from pytest_parex.model import Model
from pytest_parex.runners.claude.options import ClaudeOptions


class Prompt(Model):
    """A step, ready to be sent."""

    name: str
    text: str
    new_session: bool


class Request(Model):
    """Everything that the driver needs to know, besides its environment, which is that of the sessions."""

    workspace: Path
    directory: Path
    """The attempt's."""
    config: Path
    """The folder in which Claude Code keeps its sessions."""
    locks: Path
    """The run directory, where sessions wait for each other to start."""
    options: ClaudeOptions
    prompts: tuple[Prompt, ...]
    timeout: float
    """Seconds from the moment at which the first session can begin."""
    money: float | None
    """US dollars that all sessions of the trial may cost."""
    first: int = 0
    """Index of the prompt to begin with; those before it were done by an earlier attempt."""
    resume: str | None = None
    """The session that goes on with the first prompt; None: a new one begins."""
    rehearsal: dict[str, str] = {}
    """Variables that lead to the scripted model; empty if the model is real."""
    writable: tuple[Path, ...] = ()
    """Folders besides the workspace that may be written to."""
    denied: tuple[Path, ...] = ()
    """Folders that must never be written to."""
