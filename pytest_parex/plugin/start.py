"""How the controller gets from `--parex SPEC` to runs: load, check, freeze, create. Faults are usage errors, exit 4."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_parex import planning, runners, spec, store
from pytest_parex.errors import ParexError
from pytest_parex.model import Experiment
from pytest_parex.plugin.session import Loaded

LOADED = pytest.StashKey[list[Loaded]]()


def runs_directory(config: pytest.Config) -> Path:
    """Where runs are stored: `--parex-dir`, else the ini value, else `.parex` under rootdir."""
    given = config.getoption("parex_dir")
    if given:
        return Path(config.invocation_params.dir / given).absolute()
    return Path(config.rootpath / config.getini("parex_dir")).absolute()


def load_specs(config: pytest.Config) -> list[Loaded]:
    """The experiments of all `--parex` options, checked; read once per session."""
    if LOADED not in config.stash:
        paths = [Path(config.invocation_params.dir / given) for given in config.getoption("parex")]
        for path in paths:
            _load_conftest(config, path)
        try:
            loaded = [_load(config, path) for path in dict.fromkeys(path.resolve() for path in paths)]
        except ParexError as fault:
            raise pytest.UsageError(str(fault)) from None
        _refuse_equal_names(loaded)
        config.stash[LOADED] = loaded
    return config.stash[LOADED]


def start_runs(config: pytest.Config, loaded: Sequence[Loaded]) -> list[Loaded]:
    """Freeze a plan per experiment and create its run; or open the run that `--parex-run` names."""
    try:
        filled = {one.spec: _run_to_fill(config, one) for one in loaded if config.getoption("parex_run")}
        for one in loaded:
            _refuse_what_cannot_work(config, one)
        return [
            _filled(config, one, filled[one.spec]) if one.spec in filled else _started(config, one) for one in loaded
        ]
    except ParexError as fault:
        raise pytest.UsageError(str(fault)) from None


def _load(config: pytest.Config, path: Path) -> Loaded:
    overrides = config.getoption("parex_set")
    read = spec.read(path, overrides)
    experiment = _with_generated_variants(config, read.experiment)
    read.check_support(runners.known(config.hook.pytest_parex_runners()), experiment)
    return Loaded(path, experiment, planning.expand(experiment, read.lines))


def _with_generated_variants(config: pytest.Config, experiment: Experiment) -> Experiment:
    generated = {}
    for variants in config.hook.pytest_parex_generate_variants(experiment=experiment):
        generated.update(variants)
    if not generated:
        return experiment
    return Experiment.model_validate({**experiment.model_dump(), "variants": {**experiment.variants, **generated}})


def _started(config: pytest.Config, loaded: Loaded) -> Loaded:
    now = datetime.now(UTC)
    run = store.new_run_id(now, secrets.token_hex(2))
    runs = runs_directory(config)
    is_first = not runs.exists()
    store.make_runs_directory(runs)
    try:
        plan = planning.freeze(
            loaded.experiment,
            loaded.trials,
            spec=loaded.spec,
            run=run,
            directory=runs / loaded.experiment.experiment / run,
            created=now.isoformat(timespec="seconds"),
            expected=store.durations(runs, loaded.experiment.experiment),
            rehearsal=loaded.rehearsal,
        )
    except ParexError:
        if is_first:
            store.remove_runs_directory(runs)
        raise
    for changed in config.hook.pytest_parex_modify_plan(plan=plan):
        plan = changed
    return replace(loaded, experiment=plan.experiment, trials=plan.trials, run=store.Run.create(plan))


def _run_to_fill(config: pytest.Config, loaded: Loaded) -> store.Run:
    run = store.open_run(config.getoption("parex_run"), runs_directory(config))
    if run.plan.experiment.experiment != loaded.experiment.experiment:
        raise pytest.UsageError(
            f"--parex-run {config.getoption('parex_run')} is a run of {run.plan.experiment.experiment}, "
            f"and {loaded.spec.name} describes {loaded.experiment.experiment}"
        )
    if (run.plan.rehearsal is None) != (loaded.rehearsal is None):
        kind = "is no rehearsal" if loaded.rehearsal else "is a rehearsal"
        raise pytest.UsageError(f"--parex-run {run.plan.run} {kind}: what is real and what is not do not mix in a run")
    return run


def _filled(config: pytest.Config, loaded: Loaded, run: store.Run) -> Loaded:
    changed = run.plan.experiment != loaded.experiment
    if changed and config.getoption("parex_set"):
        raise pytest.UsageError(f"--parex-set: {run.plan.run} was planned with other values, and a run keeps its plan")
    run.let_begin()
    begun = {trial.id: run.attempts(trial.id) for trial in run.plan.trials}
    return replace(
        loaded,
        experiment=run.plan.experiment,
        trials=run.plan.trials,
        run=run,
        notices=(f"{loaded.spec.name} has changed since this run was planned, which keeps its plan",) * changed,
        begun_before={trial: attempts[-1] for trial, attempts in begun.items() if attempts},
    )


def _refuse_what_cannot_work(config: pytest.Config, loaded: Loaded) -> None:
    """Before anything is created: what this machine lacks, all of it at once."""
    lacking = runners.lacking(runners.known(config.hook.pytest_parex_runners()), loaded.experiment, os.environ)
    if lacking:
        raise pytest.UsageError("\n".join(f"{loaded.spec.name}: {one}" for one in lacking))


def _refuse_equal_names(loaded: list[Loaded]) -> None:
    seen: dict[str, Path] = {}
    for one in loaded:
        name = one.experiment.experiment
        if name in seen:
            raise pytest.UsageError(f"{seen[name]} and {one.spec} both describe an experiment called {name!r}")
        seen[name] = one.spec


def _load_conftest(config: pytest.Config, path: Path) -> None:
    """Load the conftest.py beside a spec in the controller too, as pytest does for the paths that it collects.

    pytest offers no public way for it; going through its own loader makes sure that the file is loaded once.
    """
    config.pluginmanager._loadconftestmodules(
        path.resolve(),
        importmode=config.getoption("importmode"),
        rootpath=config.rootpath,
        consider_namespace_packages=config.getini("consider_namespace_packages"),
    )
