"""Experiments whose trials are real agent sessions, against a scripted model, and what they have left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_parex.model import Event, Result
from pytest_parex.store import Run
from pytest_parex.store.attempt import EVENTS
from pytest_parex.store.journal import read
from pytest_parex.testing import Finished, Project

LEAN = ("-p", "no:randomly", "-p", "no:timeout", "-p", "no:rerunfailures", "-p", "no:cov")
QUICK = {"CLAUDE_CODE_MAX_RETRIES": "0", "API_TIMEOUT_MS": "4000", "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "10000"}
"""A session's environment in which a provider that does not answer is given up soon."""


class Story(Finished):
    """A finished run, and what its attempts have left."""

    def attempt(self, trial: str, number: int = 1) -> Path:
        """The directory of an attempt."""
        return self.stored.attempt_directory(trial, number)

    @property
    def stored(self) -> Run:
        """The run."""
        return self.run()

    def result(self, trial: str) -> Result:
        """The trial's last result."""
        return self.results[trial]

    def metric(self, trial: str, name: str) -> float:
        """A number of the trial's last result."""
        return self.result(trial).metrics[name].value

    def events(self, trial: str, name: str, number: int = 1) -> list[Event]:
        """What an attempt has journalled under this name."""
        return [one for one in read(self.attempt(trial, number) / EVENTS, trial, number) if one.name == name]

    def text(self, trial: str, file: str, number: int = 1) -> str:
        """A file of an attempt."""
        return (self.attempt(trial, number) / file).read_text()

    def changed(self, trial: str) -> set[str]:
        """The paths that the trial's captured work changes."""
        changes = self.result(trial).changes
        return {change.path for change in changes.files} if changes else set()


def rehearsable(project: Project, spec: Mapping[str, Any], script: Mapping[str, Any]) -> Project:
    """The project with a spec and a script beside it."""
    project.write({"rehearsal.yaml": json.dumps(script)})
    project.spec({"task": "Do it.", "timeout": "120s", "runner": claude(), **spec})
    project.commit()
    return project


def claude(**options: Any) -> dict[str, Any]:
    """The runner, with a model, few turns, and little patience with the provider."""
    return {"claude": {"model": "claude-sonnet-5", "max_turns": 20, "env": QUICK, **options}}


def session(variant: str, turns: Sequence[Any], **more: Any) -> dict[str, Any]:
    """What the model answers to this variant."""
    return {"when": {"variant": variant}, "turns": list(turns), **more}


def bash(command: str, **more: Any) -> dict[str, Any]:
    """A call of the shell."""
    return {"Bash": {"command": command, "description": "as scripted", **more}}


def write(path: str, content: str = "x\n") -> dict[str, Any]:
    """A call that writes a file; a relative path is in the workspace."""
    return {
        "Write": {
            "file_path": path if path.startswith(("/", "~")) else f"{{{{ workspace }}}}/{path}",
            "content": content,
        }
    }


SLEEP = "python3 -c 'import time; time.sleep(600)'"
"""Sleeps for ten minutes; the shell tool refuses `sleep` itself."""
