"""A trial that its provider has turned away goes on in the same workspace, with the work that is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.testing import Finished, Project

CONFTEST = """
    from pytest_parex.endings import Cause
    from pytest_parex.model import Execution

    class TurnedAway:
        def faults(self, options):
            return []

        def execute(self, task):
            task.emit(
                "found",
                work=sorted(path.name for path in task.workspace.glob("by-*.txt")),
                earlier=task.earlier and task.earlier.name,
                spent_s=task.spent_s,
                env={name: task.env.get(name) for name in ("WEB_PORT", "FROM_SETUP", "PAREX_ATTEMPT")},
            )
            (task.workspace / f"by-{task.attempt}.txt").write_text("work\\n")
            if task.attempt <= task.options["times"]:
                return Execution(Cause(task.options["cause"]), "come back later", wait_s=task.options["wait_s"])
            return Execution()

    def pytest_parex_runners():
        return {"turned-away": TurnedAway()}

    def pytest_parex_setup_workspace(place):
        place.env["FROM_SETUP"] = f"attempt {place.attempt}"
    """


def ended(project: Project, folder: Path, *args: str, cause: str = "rate limited") -> Finished:
    return asking(project, folder, cause, wait_s=0).run(*args)


def asking(project: Project, folder: Path, cause: str, wait_s: float) -> Project:
    """A project whose provider turns its only trial away twice."""
    project.write({"conftest.py": CONFTEST})
    project.spec(
        {
            "variants": {"agent": {}},
            "runner": {"turned-away": {"times": 2, "cause": cause, "wait_s": wait_s}},
            "workspace": {"ports": ["WEB_PORT"]},
            "setup": [f"echo $PAREX_ATTEMPT >> {folder}/setups", "echo laid > laid-by-setup.txt"],
            "checks": {"last": "test -e by-3.txt"},
        }
    )
    return project


def found(session: Finished, attempt: int) -> dict[str, Any]:
    return next(dict(event.data) for event in session.run().events("agent", attempt) if event.name == "found")


def patch(session: Finished, attempt: int) -> str:
    return (session.run().attempt_directory("agent", attempt) / "changes.patch").read_text()


@pytest.mark.parametrize(
    ("cause", "mode"),
    [("rate limited", "-n2"), ("rate limited", "-n0"), ("overloaded", "-n0"), ("network failed", "-n0")],
)
def test_the_next_attempt_finds_what_the_earlier_one_has_left(
    project: Callable[..., Project], folder: Path, cause: str, mode: str
) -> None:
    session = ended(project(), folder, mode, cause=cause)

    assert session.outcomes == {"passed": 1}, session.out
    run = session.run()
    assert run.attempts("agent") == [1, 2, 3]
    results = [run.result_of("agent", attempt) for attempt in (1, 2, 3)]
    assert [(str(result.cause), result.earlier) for result in results if result] == [
        (cause, None),
        (cause, 1),
        ("passed", 2),
    ]
    assert [found(session, attempt)["work"] for attempt in (1, 2, 3)] == [
        [],
        ["by-1.txt"],
        ["by-1.txt", "by-2.txt"],
    ]
    assert [found(session, attempt)["earlier"] for attempt in (1, 2, 3)] == [None, "attempt-1", "attempt-2"]


def test_each_attempt_is_captured_and_compared_with_the_same_base(
    project: Callable[..., Project], folder: Path
) -> None:
    session = ended(project(), folder)

    for attempt in (1, 2, 3):
        captured = patch(session, attempt)
        assert [f"by-{number}.txt" in captured for number in (1, 2, 3)] == [number <= attempt for number in (1, 2, 3)]
        assert "laid-by-setup" not in captured


def test_setup_is_not_run_again_and_what_it_has_set_stays(project: Callable[..., Project], folder: Path) -> None:
    session = ended(project(), folder)

    assert (folder / "setups").read_text().split() == ["1"]
    environments = [found(session, attempt)["env"] for attempt in (1, 2, 3)]
    assert [env["FROM_SETUP"] for env in environments] == ["attempt 1"] * 3
    assert [env["PAREX_ATTEMPT"] for env in environments] == ["1", "2", "3"]
    assert len({env["WEB_PORT"] for env in environments}) == 1
    phases = [list(result.phases) for result in (session.run().result_of("agent", n) for n in (1, 2)) if result]
    assert phases == [["prepare", "setup", "execute", "capture"], ["prepare", "execute", "capture"]]
    spent = [found(session, attempt)["spent_s"] for attempt in (1, 2, 3)]
    assert spent[0] == 0
    assert spent == sorted(spent)


def test_the_last_attempt_owns_the_workspace_so_that_it_can_be_removed(
    project: Callable[..., Project], folder: Path
) -> None:
    repo = project()
    session = ended(repo, folder, "--parex-set", "workspace.keep=none")

    assert session.outcomes == {"passed": 1}, session.out
    assert not list(repo.path.parent.glob("*.parex/*/agent"))


def test_an_ending_that_does_not_go_on_is_followed_by_a_fresh_start(
    project: Callable[..., Project], folder: Path
) -> None:
    session = ended(project(), folder, cause="container failed")

    assert found(session, 3)["work"] == []
    assert found(session, 3)["earlier"] is None
    assert (folder / "setups").read_text().split() == ["1", "2", "3"]


def test_when_the_retries_are_used_up_the_work_so_far_is_kept(project: Callable[..., Project], folder: Path) -> None:
    session = ended(project(), folder, "--parex-set", "retries=1")

    assert session.outcomes == {"failed": 1}, session.out
    assert "trial agent is missing: rate limited" in session.out
    assert session.run().attempts("agent") == [1, 2]
    assert "by-2.txt" in patch(session, 2)


@pytest.mark.parametrize("mode", ["-n0", "-n1"])
def test_the_rest_of_a_provider_is_said_and_can_be_interrupted(
    project: Callable[..., Project], folder: Path, start: Callable[..., Any], mode: str
) -> None:
    repo = asking(project(), folder, "rate limited", wait_s=3600)
    session = start(repo, mode)
    session.until(lambda: "agent: the provider needs a rest; on in" in session.out, "the rest")

    session.interrupt()
    run = session.wait()

    assert run.exit_code == 2, run.out
    result = run.results["agent"]
    assert (str(result.cause), result.attempt, result.earlier) == ("interrupted", 2, 1)
    assert "execute" not in result.phases
    assert "by-1.txt" in patch(run, 2)
    assert list(run.run().worked("agent", 2)) == [1], "the runner has only worked in the first"
