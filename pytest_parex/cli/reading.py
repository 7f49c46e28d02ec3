"""A spec file, as verbs read it: with the options of its runners checked, as far as that is possible without pytest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_parex import runners, spec
from pytest_parex.errors import RunnerError
from pytest_parex.model import Execution, Task
from pytest_parex.spec import Spec


class _OfPlugin:
    """A runner that a plugin may add; pytest would know."""

    def faults(self, options: Any) -> list[str]:
        return []

    def execute(self, task: Task) -> Execution:
        raise RunnerError("verbs execute nothing")


def read_spec(file: Path, overrides: Sequence[str]) -> tuple[Spec, list[str]]:
    """The spec, and what could not be checked; SpecError with all faults."""
    read = spec.read(file, overrides)
    own = runners.built_in()
    named = {read.experiment.runner_of(variant).name for variant in read.experiment.variants}
    others = sorted(named - set(own))
    read.check_support({**own, **dict.fromkeys(others, _OfPlugin())})
    return read, [f"the runner `{name}` is not one of parex's own: a plugin has to add it" for name in others]
