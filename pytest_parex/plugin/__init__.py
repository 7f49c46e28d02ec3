"""The pytest side of parex: options, fixtures, hooks; the rest is loaded when `--parex` is given.

This module is the entry point of every pytest run on a machine that has parex installed, so it imports nothing but the
standard library and pytest, and without `--parex` it does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_parex.plugin.execution import Execution
    from pytest_parex.plugin.finished import FinishedTrial
    from pytest_parex.plugin.finished_comparison import FinishedComparison
    from pytest_parex.plugin.gates import GateItem

ASKED_DIST = pytest.StashKey[str]()
"""What the user said for `--dist`, before pytest-xdist turns "no" into "load" for `-n`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; see docs/pytest.md."""
    group = parser.getgroup("parex", "compare variants (pytest-parex)")
    group.addoption(
        "--parex",
        action="append",
        default=[],
        metavar="SPEC",
        dest="parex",
        help="Run the experiment of this spec file (YAML or JSON). Can be given several times.",
    )
    group.addoption(
        "--parex-only",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="parex_only",
        help="Run only the trials with exactly this variant, case, repeat or matrix value. Can be given several times: "
        "values of one key are alternatives, different keys must all match.",
    )
    group.addoption(
        "--parex-set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="parex_set",
        help="Override a value of the spec, for example repeats=3 or runner.shell=./other.sh.",
    )
    group.addoption(
        "--parex-run",
        default=None,
        metavar="RUN",
        dest="parex_run",
        help="Fill this run instead of starting a new one: an experiment (its latest run), experiment@run-id, or a "
        "run directory. Trials that it holds already are not executed again.",
    )
    group.addoption(
        "--parex-report-only",
        action="store_true",
        dest="parex_report_only",
        help="Execute nothing: the comparison, gates and tests again, from the stored results of the latest run, or of "
        "the one that --parex-run names.",
    )
    group.addoption(
        "--parex-baseline",
        default=None,
        metavar="FILE",
        dest="parex_baseline",
        help="What gates with `baseline: true` judge against: the comparison.json of an earlier run, or the run itself "
        "(as for --parex-run).",
    )
    group.addoption(
        "--parex-out",
        action="append",
        default=[],
        metavar="FILE",
        dest="parex_out",
        help="Also write the comparison to this file; the suffix says how: .md .html .json .csv.",
    )
    group.addoption(
        "--parex-dir",
        default=None,
        metavar="DIR",
        dest="parex_dir",
        help="Where runs are stored; default: .parex under the rootdir.",
    )
    group.addoption(
        "--parex-rehearse",
        nargs="?",
        default=None,
        const="",
        metavar="SCRIPT",
        dest="parex_rehearse",
        help="Let agents talk to a scripted model on this machine: the real agent program, no account, no cost. "
        "Default: SPEC.rehearsal.yaml or rehearsal.yaml beside the spec.",
    )
    parser.addini("parex_dir", "Where parex stores its runs (default: .parex under the rootdir).", default=".parex")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks known, so that a conftest.py which implements them is valid in every run."""
    from pytest_parex import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Remember whether the user chose a distribution mode."""
    early_config.stash[ASKED_DIST] = getattr(early_config.known_args_namespace, "dist", "no")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; with `--parex`, everything else."""
    config.addinivalue_line(
        "markers",
        "parex(experiment, variant, case, repeat, **matrix): the trial that a test is about; on a test with "
        "`parex_trial` it narrows the trials that the test is run for, on one with `parex_comparison` the experiments.",
    )
    if config.getoption("parex"):
        from pytest_parex.plugin.activation import activate

        activate(config)
    else:
        needing = ("only", "set", "run", "report-only", "baseline", "out")
        alone = [name for name in needing if config.getoption(f"parex_{name.replace('-', '_')}")]
        alone += ["rehearse"] if config.getoption("parex_rehearse") is not None else []
        if alone:
            raise pytest.UsageError(f"--parex-{alone[0]} needs --parex SPEC")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """With `-n auto`: as many workers as trials may run at once."""
    if not config.getoption("parex"):
        return None
    from pytest_parex.plugin.activation import trials_at_once

    return trials_at_once(config)


pytest_xdist_auto_num_workers = pytest.hookimpl(tryfirst=True, optionalhook=True)(pytest_xdist_auto_num_workers)


@pytest.fixture(name="_parex_execution")
def parex_execution(request: pytest.FixtureRequest) -> Iterator[Execution]:
    """The work of one trial, claimed and made ready; for parex's own items."""
    from pytest_parex.plugin.execution import executing

    with executing(request) as execution:
        execution.make_ready()
        yield execution


@pytest.fixture(name="_parex_gate")
def parex_gate(request: pytest.FixtureRequest) -> GateItem:
    """A gate of a spec; for parex's own items."""
    from pytest_parex.plugin.gates import GateItem

    return GateItem(request.node, *request.param)


@pytest.fixture
def parex_trial(request: pytest.FixtureRequest) -> FinishedTrial:
    """A finished trial of the experiments given with `--parex`; the test is run once for each of them.

    It has `.variant .case .matrix .repeat .outcome .cause .checks .metrics .diff .log .cost_usd .workspace`, and
    `.record(name, value, unit=…, better=…)` adds a metric to the comparison. Narrow the trials with
    `@pytest.mark.parex(experiment="rate-limiter", variant="oop")`. Without `--parex` the test is skipped.
    """
    from pytest_parex.plugin.finished import finished_trial

    return finished_trial(request)


@pytest.fixture
def parex_workspace(parex_trial: FinishedTrial) -> Path:
    """The workspace of `parex_trial`, as a Path: the variant's files, after its work. Skipped if it is gone."""
    from pytest_parex.plugin.finished import existing_workspace

    return existing_workspace(parex_trial)


@pytest.fixture
def parex_comparison(request: pytest.FixtureRequest) -> FinishedComparison:
    """The finished comparison of an experiment given with `--parex`; the test is run once for each, after all trials.

    It has `.verdict .winner .leader .reasons .variants .trials`, `.variant("oop")` and
    `.difference("oop", "functional", "coverage")`. Narrow the experiments with
    `@pytest.mark.parex(experiment="rate-limiter")`. Skipped without `--parex`, and if trials of the experiment were
    not selected. In a test with `parex_trial` too, it is the comparison that the trial is part of.
    """
    from pytest_parex.plugin.finished_comparison import whole_comparison

    return whole_comparison(request)


def pytest_generate_tests(metafunc: Any) -> None:
    """Run a test with `parex_trial` once per trial, and each trial and gate of a spec as an item of its own."""
    own = {"parex_trial", "parex_comparison", "_parex_execution", "_parex_gate"}
    if own.intersection(metafunc.fixturenames):
        from pytest_parex.plugin.collection import parametrize

        parametrize(metafunc)
