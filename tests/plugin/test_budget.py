"""The budget of a run: shared by all workers, kept also when they run at once, and told where it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.testing import Finished, Project

CONFTEST = """
    from pytest_parex.endings import Cause
    from pytest_parex.model import Execution, Metric

    class Paid:
        def faults(self, options):
            return []

        def execute(self, task):
            task.emit("given", money=task.money)
            usd, cause = task.options[min(task.attempt, len(task.options)) - 1]
            return Execution(Cause(cause), metrics={"cost_usd": Metric(value=usd, unit="USD")}, wait_s=0)

    def pytest_parex_runners():
        return {"paid": Paid()}
    """


@pytest.fixture
def repo(project: Callable[..., Project]) -> Project:
    return project({"conftest.py": CONFTEST})


def given(session: Finished, trial: str) -> list[float | None]:
    events = [event for attempt in session.run().attempts(trial) for event in session.run().events(trial, attempt)]
    return [event.data["money"] for event in events if event.name == "given"]


@pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n4"], ["-n4", "--dist=load"]], ids=" ".join)
def test_a_run_stays_under_its_budget_and_says_which_trials_that_cost(repo: Project, mode: list[str]) -> None:
    repo.spec(
        {
            "variants": {"paid": {"runner": {"paid": [[0.75, "passed"]]}}, "free": {"runner": {"shell": "true"}}},
            "repeats": 7,
            "budget": {"usd": 3, "trial_usd": 1},
        }
    )

    session = repo.run(*mode)

    # Three are paid for, since of 3 USD there were 2.25 spent and 1 was promised.
    assert session.outcomes == {"passed": 10, "error": 4}, session.out
    paid = [trial for trial in session.comparison.trials if trial.variant == "paid"]
    assert sum(trial.metrics.get("cost_usd", 0) for trial in paid) == 2.25
    unpaid = [trial for trial in paid if trial.cause == "budget spent"]
    assert len(unpaid) == 4
    assert {trial.outcome for trial in unpaid} == {"missing"}
    assert {trial.message for trial in unpaid} == {"2.25 of the run's 3 USD are spent, and a trial may cost 1 USD"}
    assert not [trial for trial in unpaid if list(repo.path.parent.glob(f"*.parex/*/{trial.id}"))]
    assert "the run's budget was spent before this trial could start" in session.out


def test_a_trial_that_costs_nothing_has_no_limit_and_needs_no_share(repo: Project) -> None:
    repo.spec(
        {
            "variants": {"paid": {"runner": {"paid": [[1, "passed"]]}}, "none": {"runner": "none"}},
            "budget": {"usd": 1, "trial_usd": 1},
        }
    )

    session = repo.run()

    assert session.outcomes == {"passed": 2}, session.out


@pytest.mark.parametrize(
    ("attempts", "money", "causes"),
    [
        pytest.param(
            [[0.25, "container failed"], [0.25, "container failed"], [0.5, "passed"]],
            [1, 0.75, 0.5],
            ["container failed", "container failed", "passed"],
            id="fresh starts share what a trial may cost",
        ),
        pytest.param(
            [[0.25, "rate limited"], [0.5, "rate limited"], [0.75, "passed"]],
            [1, 1, 1],
            ["rate limited", "rate limited", "passed"],
            id="work that goes on tells its cost from the beginning",
        ),
        pytest.param(
            [[0.25, "container failed"], [0.5, "overloaded"], [0.75, "passed"]],
            [1, 0.75, 0.75],
            ["container failed", "overloaded", "passed"],
            id="a fresh start, gone on from",
        ),
        pytest.param([[1, "rate limited"], [1, "passed"]], [1], ["rate limited"], id="no attempt without money"),
    ],
)
def test_the_attempts_of_a_trial_share_what_it_may_cost(
    repo: Project, attempts: list[list[object]], money: list[float], causes: list[str]
) -> None:
    repo.spec({"variants": {"a": {}}, "runner": {"paid": attempts}, "budget": {"trial_usd": 1}})

    session = repo.run()

    assert given(session, "a") == money
    run = session.run()
    results = [run.result_of("a", attempt) for attempt in run.attempts("a")]
    assert [str(result.cause) for result in results if result] == causes


def test_without_a_budget_nothing_is_limited(repo: Project) -> None:
    repo.spec({"variants": {"a": {}}, "runner": {"paid": [[99, "passed"]]}})

    session = repo.run()

    assert session.outcomes == {"passed": 1}, session.out
    assert given(session, "a") == [None]


def test_money_that_was_spent_in_an_earlier_session_is_spent(repo: Project) -> None:
    repo.spec(
        {"variants": {"a": {}, "b": {}}, "runner": {"paid": [[1, "passed"]]}, "budget": {"usd": 1.5, "trial_usd": 1}}
    )
    repo.run("--parex-only", "variant=a")

    session = repo.run("--parex-run", "spec")

    assert session.outcomes == {"passed": 1, "error": 1}, session.out
    assert {trial.id: trial.cause for trial in session.comparison.trials} == {"a": "passed", "b": "budget spent"}


def test_a_budget_for_what_costs_nothing_is_refused(repo: Project) -> None:
    repo.spec({"variants": {"a": {}}, "runner": {"shell": "true"}, "budget": {"trial_usd": 1}})

    session = repo.run()

    assert session.exit_code == 4
    assert "none of the runners here (`shell`) costs money" in session.out
