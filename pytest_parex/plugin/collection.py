"""Spec files as pytest modules: each experiment is a test function, parametrized over its trials; its gates another.

Because these are ordinary parametrized functions, `-k`, `-m`, `--lf`, `-x`, `--deselect`, `--durations`, node ids and
JUnit need nothing of parex's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from pytest_parex.model import Scalar
from pytest_parex.plugin.gate_ids import gate_ids
from pytest_parex.plugin.session import SESSION, Key, Loaded, Session


def _execute_trial(_parex_execution: Any) -> None:
    """The body of every trial's item: fixtures have made the workspace ready; do the work and grade it."""
    _parex_execution.finish()


def _judge_gate(_parex_gate: Any) -> None:
    """The body of every gate's item."""
    _parex_gate.judge()


OWN_FIXTURES = ("request", "_parex_execution", "_parex_gate")


class SpecModule(pytest.Module):
    """A spec file as a module with a test function named after the experiment, and one for its gates if it has any."""

    loaded: Loaded

    def _getobj(self) -> ModuleType:
        module = ModuleType(f"parex_spec_{self.loaded.function}")
        self._define(module, self.loaded.function, _execute_trial)
        if self.loaded.experiment.gates:
            self._define(module, self.loaded.gate_function, _judge_gate)
        return module

    def _define(self, module: ModuleType, name: str, body: Callable[[Any], None]) -> None:
        """Add a function that seems to be defined in the spec file, so that reports point there."""
        code = body.__code__.replace(co_filename=str(self.path), co_firstlineno=1, co_name=name)
        function = FunctionType(code, body.__globals__, name)
        function.__doc__ = self.loaded.experiment.description
        setattr(module, name, function)

    def istestfunction(self, obj: object, name: str) -> bool:
        """Whatever the experiment is called, its function is a test."""
        return isinstance(obj, FunctionType)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """The trials, free of what the user's suite does to its tests."""
        items = list(super().collect())
        marks = _marks_against_plugins(self.config)
        for item in items:
            if isinstance(item, pytest.Function):
                item.fixturenames[:] = [name for name in item.fixturenames if name in OWN_FIXTURES]
            for mark in marks:
                item.add_marker(mark)
        return items


def _marks_against_plugins(config: pytest.Config) -> list[pytest.MarkDecorator]:
    """What keeps the time limits and reruns of a suite away from trials."""
    marks = []
    if config.pluginmanager.hasplugin("timeout"):
        marks.append(pytest.mark.timeout(0))
    if config.pluginmanager.hasplugin("rerunfailures"):
        marks.append(pytest.mark.flaky(reruns=0))
    return marks


class Collection:
    """Collects the spec files that were asked for, and selects among trials."""

    def __init__(self, session: Session, only: Sequence[str]) -> None:
        self.session = session
        self.only = parse_only(only, session)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> SpecModule | None:
        """A spec that was given with `--parex` is a module; any other file is none of our business."""
        loaded = self.session.at(file_path)
        if loaded is None:
            return None
        # Right below the session: the setup of packages on the way is for the suite's tests.
        module: SpecModule = SpecModule.from_parent(parent.session, path=file_path)
        module.loaded = loaded
        return module

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Apply `--parex-only`; run trials before the tests that ask for them, and what needs all trials last."""
        unwanted = [item for item in items if self.only and (key := trial_of(item)) and not self._wanted(key)]
        if unwanted:
            config.hook.pytest_deselected(items=unwanted)
            gone = set(map(id, unwanted))
            items[:] = [item for item in items if id(item) not in gone]
        items.sort(key=_place)

    def _wanted(self, key: Key) -> bool:
        loaded, trial = self.session.trial(key)
        facts = {name: str(value) for name, value in loaded.facts(trial).items()}
        return all(facts.get(name) in values for name, values in self.only.items())


def _place(item: pytest.Item) -> int:
    """Trials first; gates and tests of comparisons last."""
    if {"_parex_gate", "parex_comparison"}.intersection(getattr(item, "fixturenames", ())):
        return 2
    return 0 if isinstance(item.parent, SpecModule) else 1


def trial_of(item: pytest.Item) -> Key | None:
    """The (experiment, trial id) that an item is about; None for ordinary tests."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return None
    key = callspec.params.get("_parex_execution") or callspec.params.get("parex_trial")
    return key if isinstance(key, tuple) else None  # a marker that leaves no trial gives a test that pytest skips


def parse_only(only: Sequence[str], session: Session) -> dict[str, set[str]]:
    """`--parex-only` values as key → wanted values; UsageError for what can select nothing."""
    wanted: dict[str, set[str]] = {}
    known: dict[str, set[str]] = {}
    if not only:
        return wanted
    for loaded, trial in session.trials():
        for name, value in loaded.facts(trial).items():
            known.setdefault(name, set()).add(str(value))
    for text in only:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            raise pytest.UsageError(f"--parex-only {text}: expected KEY=VALUE with one of the keys {', '.join(known)}")
        if value not in known[key]:
            raise pytest.UsageError(f"--parex-only {text}: no such {key}; there are {', '.join(sorted(known[key]))}")
        wanted.setdefault(key, set()).add(value)
    return wanted


def parametrize(metafunc: Any) -> None:
    """Parametrize what asks for trials, or for a comparison, over those that it is about.

    These are a trial's own function, that of the gates, and tests. A test with both fixtures is run once per trial.
    """
    session = metafunc.config.stash.get(SESSION, None)
    asked = "parex_trial" if "parex_trial" in metafunc.fixturenames else "parex_comparison"
    module = metafunc.definition.parent
    if isinstance(module, SpecModule):
        if "_parex_gate" in metafunc.fixturenames:
            _over_gates(metafunc, module.loaded)
        else:
            _over(metafunc, "_parex_execution", [(module.loaded, trial) for trial in module.loaded.trials])
    elif session is None:
        reason = f"{asked} needs an experiment: pytest --parex SPEC"
        skipped = pytest.param(None, id="no-experiment", marks=pytest.mark.skip(reason=reason))
        metafunc.parametrize(asked, [skipped], indirect=True)
    elif asked == "parex_comparison":
        _over_experiments(metafunc, session)
    else:
        marks = list(metafunc.definition.iter_markers("parex"))
        known = {name for loaded, trial in session.trials() for name in loaded.facts(trial)}
        for mark in marks:
            _check_marker(mark, known)
        _over(metafunc, asked, [pair for pair in session.trials() if _matches(marks, pair[0].facts(pair[1]))])


def _over_experiments(metafunc: Any, session: Session) -> None:
    marks = list(metafunc.definition.iter_markers("parex"))
    for mark in marks:
        _check_marker(mark, {"experiment"})
    names = [loaded.experiment.experiment for loaded in session.loaded]
    chosen = [name for name in names if _matches(marks, {"experiment": name})]
    params = [pytest.param(name, id=name, marks=pytest.mark.parex(experiment=name)) for name in chosen]
    metafunc.parametrize("parex_comparison", params, indirect=True)


def _over_gates(metafunc: Any, loaded: Loaded) -> None:
    gates = loaded.experiment.gates
    params = []
    for gate, name in zip(gates, gate_ids(gates), strict=True):
        facts = {"experiment": loaded.experiment.experiment, "gate": name, "metric": gate.metric}
        if gate.variant is not None:
            facts["variant"] = gate.variant
        params.append(pytest.param((loaded, name, gate), id=name, marks=pytest.mark.parex(**facts)))
    metafunc.parametrize("_parex_gate", params, indirect=True)


def _over(metafunc: Any, fixture: str, chosen: list[tuple[Loaded, Any]]) -> None:
    several = len({loaded.experiment.experiment for loaded, _ in chosen}) > 1
    metafunc.parametrize(
        fixture,
        [
            pytest.param(
                (loaded.experiment.experiment, trial.id),
                id=f"{loaded.experiment.experiment}--{trial.id}" if several else trial.id,
                marks=pytest.mark.parex(**loaded.facts(trial)),
            )
            for loaded, trial in chosen
        ],
        indirect=True,
    )


def _check_marker(mark: pytest.Mark, known: set[str]) -> None:
    unknown = [repr(arg) for arg in mark.args] + [f"{name}=" for name in mark.kwargs if name not in known]
    if unknown:
        raise pytest.UsageError(f"@pytest.mark.parex: {unknown[0]} is unknown; there are {', '.join(sorted(known))}")


def _matches(marks: list[pytest.Mark], facts: dict[str, Scalar]) -> bool:
    return all(name in facts and facts[name] == value for mark in marks for name, value in mark.kwargs.items())
