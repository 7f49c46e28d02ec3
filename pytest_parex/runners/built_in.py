"""The runners that a spec can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_parex.errors import ParexError
from pytest_parex.model import Demanding, Experiment, Runner
from pytest_parex.runners.claude import ClaudeRunner
from pytest_parex.runners.none import NoRunner
from pytest_parex.runners.python import PythonRunner
from pytest_parex.runners.shell import ShellRunner


def built_in(rehearsals: Mapping[str, str] = {}) -> dict[str, Runner]:
    """The runners of parex itself, by the names that a spec uses for them.

    `rehearsals` has the URLs of scripted models by experiment: agents talk to those.
    """
    return {"claude": ClaudeRunner(rehearsals), "shell": ShellRunner(), "python": PythonRunner(), "none": NoRunner()}


def lacking(runners: Mapping[str, Runner], experiment: Experiment, environ: Mapping[str, str]) -> list[str]:
    """What this machine lacks for an experiment, as its runners say it; `environ` is the caller's environment."""
    found: list[str] = []
    for name, runner in runners.items():
        used = [variant for variant in experiment.variants if experiment.runner_of(variant).name == name]
        if used and isinstance(runner, Demanding):
            choices = [(experiment.runner_of(one).options, {**environ, **experiment.env_of(one)}) for one in used]
            found += runner.lacks(experiment.experiment, choices)
    return found


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
