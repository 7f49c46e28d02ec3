"""The runner `none`: the work is there already, as a ref, a patch or files."""

from __future__ import annotations

from typing import Any

from pytest_parex.model import Execution, Task


class NoRunner:
    """Does nothing; what the workspace starts with is what is graded."""

    def faults(self, options: Any) -> list[str]:
        """It has no options."""
        return ["this runner does nothing and has no options"] if options else []

    def execute(self, task: Task) -> Execution:
        """Done already."""
        return Execution()
