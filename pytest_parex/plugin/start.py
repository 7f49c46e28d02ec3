"""How the controller gets from `--parex SPEC` to runs: load, check, freeze, create. Faults are usage errors, exit 4."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from pytest_parex import planning, runners, spec, store
from pytest_parex.errors import ParexError
from pytest_parex.model import Comparison, Experiment
from pytest_parex.plugin.session import Loaded

COMPARISON = "comparison.json"
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
    """Freeze a plan per experiment and create its run; or open the run that is to be filled, or reported again."""
    try:
        if config.getoption("parex_report_only"):
            return [_reported(config, one) for one in loaded]
        filled = {one.spec: _run_to_fill(config, one) for one in loaded if config.getoption("parex_run")}
        for one in loaded:
            _refuse_what_cannot_work(config, one)
        return [
            _filled(config, one, filled[one.spec]) if one.spec in filled else _started(config, one) for one in loaded
        ]
    except ParexError as fault:
        raise pytest.UsageError(str(fault)) from None


def load_baseline(config: pytest.Config, loaded: Sequence[Loaded]) -> Comparison | None:
    """The comparison that `--parex-baseline` names: a file, or the one that is stored with a run."""
    given = config.getoption("parex_baseline")
    if given is None:
        return None
    if len(loaded) > 1:
        raise pytest.UsageError("--parex-baseline is one comparison: run the specs one by one, or without it")
    file = Path(config.invocation_params.dir / given)
    if not file.is_file():
        try:
            file = store.open_run(given, runs_directory(config)).directory / COMPARISON
        except ParexError as fault:
            raise pytest.UsageError(f"--parex-baseline {given}: there is no such file, and {fault}") from None
    try:
        return Comparison.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise pytest.UsageError(f"--parex-baseline {given}: the run has no {COMPARISON}") from None
    except (ValidationError, OSError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise pytest.UsageError(f"--parex-baseline {file}: no comparison can be read from it ({first})") from None


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


def _reported(config: pytest.Config, loaded: Loaded) -> Loaded:
    found = _stored_run(config, loaded, config.getoption("parex_run") or loaded.experiment.experiment)
    run, changed = _judged_as_now(config, loaded, found)
    try:
        before = Comparison.model_validate_json((run.directory / COMPARISON).read_bytes())
        left_out = {trial.id for trial in before.trials if trial.outcome == "not selected"}
    except (ValidationError, OSError):  # the session died before it could compare
        left_out = {trial.id for trial in run.plan.trials if not run.attempts(trial.id)}
    return replace(
        loaded,
        experiment=run.plan.experiment,
        trials=run.plan.trials,
        run=run,
        notices=("nothing is executed: this is reported from stored results", *changed),
        left_out=left_out,
    )


def _stored_run(config: pytest.Config, loaded: Loaded, reference: str) -> store.Run:
    run = store.open_run(reference, runs_directory(config))
    if run.plan.experiment.experiment != loaded.experiment.experiment:
        raise pytest.UsageError(
            f"--parex-run {reference} is a run of {run.plan.experiment.experiment}, "
            f"and {loaded.spec.name} describes {loaded.experiment.experiment}"
        )
    return run


def _judged_as_now(config: pytest.Config, loaded: Loaded, run: store.Run) -> tuple[store.Run, tuple[str, ...]]:
    """The stored run with the gates that the spec has now, which decide nothing about its trials; and what to say."""
    now = {"gates": loaded.experiment.gates, "fail_on": loaded.experiment.fail_on}
    experiment = run.plan.experiment.model_copy(update=now)
    changed = experiment != loaded.experiment
    if changed and config.getoption("parex_set"):
        raise pytest.UsageError(f"--parex-set: {run.plan.run} was planned with other values, and a run keeps its plan")
    said = (f"{loaded.spec.name} has changed since this run was planned, which keeps its plan",) * changed
    return replace(run, plan=run.plan.model_copy(update={"experiment": experiment})), said


def _run_to_fill(config: pytest.Config, loaded: Loaded) -> store.Run:
    run = _stored_run(config, loaded, config.getoption("parex_run"))
    if (run.plan.rehearsal is None) != (loaded.rehearsal is None):
        kind = "is no rehearsal" if loaded.rehearsal else "is a rehearsal"
        raise pytest.UsageError(f"--parex-run {run.plan.run} {kind}: what is real and what is not do not mix in a run")
    return run


def _filled(config: pytest.Config, loaded: Loaded, found: store.Run) -> Loaded:
    run, changed = _judged_as_now(config, loaded, found)
    run.let_begin()
    begun = {trial.id: run.attempts(trial.id) for trial in run.plan.trials}
    return replace(
        loaded,
        experiment=run.plan.experiment,
        trials=run.plan.trials,
        run=run,
        notices=changed,
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
