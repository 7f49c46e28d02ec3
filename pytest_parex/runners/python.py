"""The runner `python`: a function of the user's, called with the trial."""

from __future__ import annotations

import numbers
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from pytest_parex.endings import Cause
from pytest_parex.model import Execution, Metric, Model, Task
from pytest_parex.model.stages import PYTHON_REFERENCE
from pytest_parex.runners.child import call_in_child


class PythonOptions(Model):
    """`module:function`; what else is given goes to the function as arguments of these names."""

    model_config = ConfigDict(extra="allow")

    call: Annotated[str, Field(pattern=PYTHON_REFERENCE)]


class PythonRunner:
    """Calls a function in a child process. It returns None, or a mapping of names to numbers: metrics."""

    def faults(self, options: Any) -> list[str]:
        """The options are `module:function`, or `{call: module:function, …}` with arguments."""
        try:
            self._read(options)
        except ValidationError:
            usage = "`python: mymodule:run` or `python: {call: mymodule:run, level: 3}`"
            return [f"give a function, as in {usage}; other keys are arguments of the function"]
        return []

    def execute(self, task: Task) -> Execution:
        """Call it, contained, until it returns or its time is over."""
        options = self._read(task.options)
        answer = call_in_child(
            options.call, task, timeout=task.timeout, log=task.log, arguments=options.model_extra or {}
        )
        cause, message = Cause.PASSED, ""
        metrics = dict(answer.metrics)
        if answer.finished.timed_out:
            cause, message = Cause.TIME_LIMIT, f"stopped at its time limit of {task.timeout:g} s"
        elif answer.error:
            cause, message = Cause.RUNNER_FAILED, answer.error
        elif not _is_numbers(answer.returned):
            cause = Cause.RUNNER_FAILED
            message = f"`{options.call}` returned {answer.returned!r:.200}; it may return None, or names with numbers"
        else:
            metrics |= {name: Metric(value=value) for name, value in (answer.returned or {}).items()}
        return Execution(cause, message, answer.finished.exit_code, metrics, answer.finished.containment)

    @staticmethod
    def _read(options: Any) -> PythonOptions:
        return PythonOptions.model_validate({"call": options} if isinstance(options, str) else options)


def _is_numbers(returned: Any) -> bool:
    if returned is None:
        return True
    return isinstance(returned, dict) and all(
        isinstance(value, numbers.Real) and not isinstance(value, bool) for value in returned.values()
    )
