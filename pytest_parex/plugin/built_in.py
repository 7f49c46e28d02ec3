"""What parex does itself, registered through the same hooks that plugins use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_parex import grading, runners, workspace
from pytest_parex.model import CheckResult, Comparison, Metric, Place, Plan, Result, Runner, Work


class BuiltIn:
    """The runners, setup steps, checks, metrics and report formats of parex."""

    def __init__(self) -> None:
        self.rehearsals: dict[str, str] = {}
        """Experiment → URL of the scripted model that its agents talk to."""

    @pytest.hookimpl
    def pytest_parex_runners(self) -> Mapping[str, Runner]:
        """`claude`, `shell`, `python` and `none`."""
        return runners.built_in(self.rehearsals)

    @pytest.hookimpl(tryfirst=True)
    def pytest_parex_setup_workspace(self, place: Place) -> None:
        """The spec's setup steps, before those of plugins."""
        workspace.setup(place)

    @pytest.hookimpl(tryfirst=True)
    def pytest_parex_checks(self, work: Work) -> list[CheckResult]:
        """The spec's checks."""
        return grading.run_checks(work)

    @pytest.hookimpl(tryfirst=True)
    def pytest_parex_collect_metrics(self, work: Work) -> dict[str, Metric]:
        """The spec's metrics, and those that every trial has."""
        return {**grading.own_metrics(work), **grading.read_metrics(work)}

    @pytest.hookimpl(trylast=True)
    def pytest_parex_report(
        self, plan: Plan, comparison: Comparison, results: list[Result], sections: Mapping[str, str], file: Path
    ) -> bool:
        """Files ending in .json, .md, .html or .csv."""
        from pytest_parex import report  # workers report nothing

        report.write(plan, comparison, results, file, sections)
        return True
