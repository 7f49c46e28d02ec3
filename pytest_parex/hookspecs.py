"""The hooks of pytest-parex, one per stage of a run. What parex does itself comes through the same hooks.

*Controller*: the process that the user started. *Worker*: the process that executes the trial; without pytest-xdist it
is the same one. Implement them in a plugin, in the conftest.py under rootdir, or in a conftest.py beside the spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the hooks are known to every pytest run; the models are loaded only with --parex
    from pytest_parex.model import (
        CheckResult,
        Comparison,
        Event,
        Experiment,
        Metric,
        Place,
        Plan,
        Result,
        Runner,
        Variant,
        Work,
    )


def pytest_parex_generate_variants(experiment: Experiment) -> Mapping[str, Variant | str] | None:
    """Controller, once, before planning: more variants, by name; a text is the variant's prompt."""


def pytest_parex_modify_plan(plan: Plan) -> Plan | None:
    """Controller, once, before the run is created: a changed plan (`plan.model_copy(update=…)`), or None."""


def pytest_parex_runners() -> Mapping[str, Runner] | None:
    """Controller and worker, once each: runners, by the name that a spec uses for them."""


def pytest_parex_setup_workspace(place: Place) -> None:
    """Worker, per attempt, before the work: finish the workspace; `place.env` may be changed.

    Built in: the spec's setup steps, run before other implementations. Raise SetupError to end the attempt.
    """


def pytest_parex_checks(work: Work) -> Iterable[CheckResult] | None:
    """Worker, per attempt, on captured work: check results. Built in: the spec's `checks`, in order."""


def pytest_parex_collect_metrics(work: Work) -> Mapping[str, Metric] | None:
    """Worker, per attempt, after the checks: metrics, by name. Built in: the spec's `metrics` and those of parex."""


def pytest_parex_event(event: Event) -> None:
    """Controller, while trials run: something happened. Read only; an exception is said at the end."""


def pytest_parex_aggregate(comparison: Comparison, results: list[Result]) -> Mapping[str, str] | None:
    """Controller, once, after all trials: extra sections of the report, title → markdown, labelled as additions."""


@pytest.hookspec(firstresult=True)
def pytest_parex_report(
    plan: Plan, comparison: Comparison, results: list[Result], sections: Mapping[str, str], file: Path
) -> bool | None:
    """Controller, per report file: write it if its suffix is yours, and return True. Built in: .json .md .html .csv

    `sections` are those of `pytest_parex_aggregate`. Raise ParexError where the file cannot be written.
    """
