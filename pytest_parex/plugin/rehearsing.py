"""`--parex-rehearse`: agents talk to scripted models that the controller runs on loopback, one per experiment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_parex.errors import ParexError
from pytest_parex.plugin.session import Loaded
from pytest_parex.rehearsal import ScriptedModel

DEFAULT = "rehearsal.yaml"


class Rehearsal:
    """The scripted models of this session; they end with it."""

    def __init__(self) -> None:
        self._models: list[ScriptedModel] = []

    def begin(self, loaded: Loaded, script: Path) -> str:
        """Start the model of an experiment and return its URL. SpecError if the script is not right."""
        model = ScriptedModel(script)
        model.start()
        self._models.append(model)
        return model.url

    def pytest_unconfigure(self) -> None:
        """The session is over."""
        for model in self._models:
            model.stop()


def rehearse(config: pytest.Config, loaded: Iterable[Loaded]) -> tuple[list[Loaded], dict[str, str]]:
    """Start a model for each experiment; returns the experiments, with their scripts, and the URL of each."""
    rehearsal = Rehearsal()
    config.pluginmanager.register(rehearsal, "parex-rehearsal")
    rehearsed = [replace(one, rehearsal=_script(config, one)) for one in loaded]
    try:
        return rehearsed, {
            one.experiment.experiment: rehearsal.begin(one, one.rehearsal) for one in rehearsed if one.rehearsal
        }
    except ParexError as fault:
        raise pytest.UsageError(str(fault)) from None


def _script(config: pytest.Config, loaded: Loaded) -> Path:
    """The script that is named, or the one beside the spec."""
    named = config.getoption("parex_rehearse")
    if named:
        file = Path(config.invocation_params.dir / named)
        if not file.is_file():
            raise pytest.UsageError(f"--parex-rehearse {named}: there is no such file")
        return file
    own, common = loaded.spec.with_suffix(f".{DEFAULT}"), loaded.spec.with_name(DEFAULT)
    for file in (own, common):
        if file.is_file():
            return file
    raise pytest.UsageError(
        f"--parex-rehearse: there is neither {own.name} nor {common.name} beside {loaded.spec.name}; write one, or "
        "name a script as in --parex-rehearse=SCRIPT (docs/rehearsal.md)"
    )
