"""What `--parex` switches on: in the controller a new run per spec, in a worker the runs that the controller sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_parex.model import Comparison, Plan
from pytest_parex.plugin.built_in import BuiltIn
from pytest_parex.plugin.collection import Collection, parse_only
from pytest_parex.plugin.live import Live
from pytest_parex.plugin.reports import Reports
from pytest_parex.plugin.session import SESSION, Loaded, Session, is_worker, workerinput
from pytest_parex.plugin.start import load_baseline, load_specs, start_runs
from pytest_parex.store import Run


def activate(config: pytest.Config) -> None:
    """Register everything that a session with experiments needs."""
    manager = config.pluginmanager
    built_in = _register_built_in(config)
    if is_worker(config):
        loaded = _received(config)
        built_in.rehearsals.update(workerinput(config)["parex_rehearsals"])
        sent = workerinput(config)["parex_baseline"]
        baseline = Comparison.model_validate_json(sent) if sent else None
    else:
        if config.getoption("parex_report_only") and config.getoption("parex_rehearse") is not None:
            raise pytest.UsageError("--parex-report-only executes nothing: leave --parex-rehearse out")
        loaded = load_specs(config)
        _check_report_files(config, loaded)
        parse_only(config.getoption("parex_only"), Session(loaded))
        baseline = load_baseline(config, loaded)
        if _may_create(config):
            if config.getoption("parex_rehearse") is not None:
                from pytest_parex.plugin.rehearsing import rehearse

                loaded, urls = rehearse(config, loaded)
                built_in.rehearsals.update(urls)
            loaded = start_runs(config, loaded)
    session = Session(loaded, baseline=baseline)
    config.stash[SESSION] = session
    collection = Collection(session, config.getoption("parex_only"))
    _collect_specs(config, session)
    manager.register(collection, "parex-collection")
    manager.register(Reports(session), "parex-reports")
    manager.register(Live(config, session), "parex-live")
    if not is_worker(config) and _may_create(config):
        from pytest_parex.plugin.controller import Controller
        from pytest_parex.plugin.progress import Progress

        manager.register(Controller(config, session), "parex-controller")
        if not config.getoption("parex_report_only"):
            manager.register(Progress(session), "parex-progress")  # after it: to see what it has ended
    if manager.hasplugin("xdist"):
        from pytest_parex.plugin import xdist

        xdist.register(config, session, built_in.rehearsals)


def trials_at_once(config: pytest.Config) -> int:
    """How many trials of all experiments may run at the same time on this machine."""
    _register_built_in(config)
    return sum(loaded.at_once() for loaded in load_specs(config))


def _may_create(config: pytest.Config) -> bool:
    """Whether anything will be run; else the session only shows something and must leave nothing behind."""
    shown = ("collectonly", "help", "markers", "showfixtures", "show_fixtures_per_test", "cacheshow")
    return not any(config.getoption(name, None) for name in shown)


def _register_built_in(config: pytest.Config) -> BuiltIn:
    built_in: BuiltIn | None = config.pluginmanager.get_plugin("parex-built-in")
    if built_in is None:
        built_in = BuiltIn()
        config.pluginmanager.register(built_in, "parex-built-in")
    return built_in


def _received(config: pytest.Config) -> list[Loaded]:
    received = []
    for sent in json.loads(workerinput(config)["parex"]):
        plan = Plan.model_validate_json(sent["plan"])
        run = Run(plan, Path(sent["directory"]))
        received.append(
            Loaded(
                Path(sent["spec"]),
                plan.experiment,
                plan.trials,
                run,
                begun_before=sent["begun_before"],
                left_out=sent["left_out"],
            )
        )
    return received


def _check_report_files(config: pytest.Config, loaded: list[Loaded]) -> None:
    """Refuse before anything runs what could not be written at the end."""
    from pytest_parex.report import SUFFIXES  # workers report nothing

    wanted = config.getoption("parex_out")
    if wanted and len(loaded) > 1:
        raise pytest.UsageError("--parex-out holds one comparison: run the specs one by one, or without it")
    formats_of_plugins = len(config.hook.pytest_parex_report.get_hookimpls()) > 1
    for file in wanted:
        if Path(file).suffix not in SUFFIXES and not formats_of_plugins:
            raise pytest.UsageError(f"--parex-out {file}: expected a file that ends in {', '.join(SUFFIXES)}")


def _collect_specs(config: pytest.Config, session: Session) -> None:
    """Collect the specs: instead of the default paths, and besides paths that the user gave."""
    base = config.invocation_params.dir
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(loaded.spec) for loaded in session.loaded]
        return
    given = {(base / arg.split("::")[0]).resolve() for arg in config.args}
    config.args = [*config.args, *(str(loaded.spec) for loaded in session.loaded if loaded.spec not in given)]
