"""The runner `shell`: a command in the workspace."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from pytest_parex import processes
from pytest_parex.endings import Cause
from pytest_parex.model import Execution, Model, Task
from pytest_parex.model.base import Text
from pytest_parex.runners.waiting import every_few_seconds
from pytest_parex.workspace import secrets

LAST_LINES = 8
LONGEST_COMMAND = 80


class ShellOptions(Model):
    """A command for `sh -c`; it gets the facts of its trial as `PAREX_*` variables."""

    command: Text


class ShellRunner:
    """Runs a command, whose exit code 0 means that the work is done."""

    def faults(self, options: Any) -> list[str]:
        """The options are a command, or `{command: …}`."""
        try:
            self._read(options)
        except ValidationError:
            return ["give a command, as in `shell: ./solve.sh` or `shell: {command: ./solve.sh}`, and nothing else"]
        return []

    def execute(self, task: Task) -> Execution:
        """Run it, contained, until it ends or its time is over."""
        command = self._read(task.options).command
        finished = processes.run(
            command,
            cwd=task.workspace,
            env=task.env,
            timeout=task.timeout,
            log=task.log,
            secrets=secrets(task.env),
            waiting=every_few_seconds(task.emit),
        )
        if finished.log_error:
            task.emit("note", text=f"run.log: {finished.log_error}")
        cause, message = Cause.PASSED, ""
        if finished.timed_out:
            cause, message = Cause.TIME_LIMIT, f"stopped at its time limit of {task.timeout:g} s"
        elif finished.exit_code:
            cause = Cause.RUNNER_FAILED
            message = f"`{_shortened(command)}` ended with exit code {finished.exit_code}"
            if printed := processes.last_lines(task.log, LAST_LINES):
                message += f"; it printed last:\n{printed}"
        return Execution(cause, message, finished.exit_code, containment=finished.containment)

    @staticmethod
    def _read(options: Any) -> ShellOptions:
        return ShellOptions.model_validate({"command": options} if isinstance(options, str) else options)


def _shortened(command: str) -> str:
    line = " ".join(command.split())
    return line if len(line) <= LONGEST_COMMAND else f"{line[: LONGEST_COMMAND - 1]}…"
