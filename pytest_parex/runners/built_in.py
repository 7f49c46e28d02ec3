"""The runners that a spec can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_parex.errors import ParexError
from pytest_parex.model import Runner
from pytest_parex.runners.none import NoRunner
from pytest_parex.runners.python import PythonRunner
from pytest_parex.runners.shell import ShellRunner


def built_in() -> dict[str, Runner]:
    """The runners of parex itself, by the names that a spec uses for them."""
    return {"shell": ShellRunner(), "python": PythonRunner(), "none": NoRunner()}


def known(found: Sequence[Mapping[str, Runner]]) -> dict[str, Runner]:
    """All runners that plugins name, as the hook returns them: of two with one name, the one named first.

    Raises ParexError if something is no runner.
    """
    runners = {name: runner for named in reversed(found) for name, runner in named.items()}
    for name, runner in runners.items():
        missing = [method for method in ("faults", "execute") if not callable(getattr(runner, method, None))]
        if missing or isinstance(runner, type):
            raise ParexError(
                f"a plugin names a runner `{name}` that is no runner but {runner!r}: "
                "give an object with the methods `faults(options)` and `execute(task)`"
            )
    return runners
