"""Which runners there are, and what every runner has in common."""

from __future__ import annotations

import pytest

from pytest_parex.endings import Cause
from pytest_parex.errors import ParexError
from pytest_parex.model import Execution
from pytest_parex.runners import built_in, every_few_seconds, known


class Own:
    def faults(self, options):
        return []

    def execute(self, task):
        return Execution()


def test_parex_brings_four_runners():
    assert sorted(built_in()) == ["claude", "none", "python", "shell"]


def test_none_does_nothing_and_is_done(make_task):
    task = make_task(None)

    assert built_in()["none"].execute(task) == Execution(Cause.PASSED)
    assert list(task.workspace.iterdir()) == []
    assert not task.log.exists()


def test_none_has_no_options():
    assert built_in()["none"].faults(None) == []
    assert built_in()["none"].faults({}) == []
    assert built_in()["none"].faults("x") == ["this runner does nothing and has no options"]


def test_plugins_add_runners_and_replace_those_of_parex():
    """pluggy asks whoever was registered last first; parex itself was registered first."""
    shell, solver, hidden = Own(), Own(), Own()

    runners = known([{"shell": shell, "solver": solver}, {"solver": hidden}, built_in()])

    assert sorted(runners) == ["claude", "none", "python", "shell", "solver"]
    assert runners["shell"] is shell
    assert runners["solver"] is solver


@pytest.mark.parametrize("thing", [None, "solve.sh", Own, lambda task: None], ids=["None", "text", "class", "function"])
def test_something_that_is_no_runner_is_refused(thing):
    with pytest.raises(ParexError, match="a plugin names a runner `solver` that is no runner"):
        known([{"solver": thing}, built_in()])


def test_waiting_is_journalled_every_few_seconds_only(events):
    waiting = every_few_seconds(events)
    for second in range(1, 13):
        waiting(second + 0.04, 0.36)

    assert events == [
        ("waiting", {"elapsed_s": 5.0, "idle_s": 0.4}),
        ("waiting", {"elapsed_s": 10.0, "idle_s": 0.4}),
    ]
