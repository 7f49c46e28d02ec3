"""--parex-set overrides values of the spec."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.testing import Project

SPEC = "variants: {a: {}}\nrunner: {shell: echo from the spec}\n"


def test_values_of_any_depth_are_overridden_in_every_process(project: Callable[..., Project]) -> None:
    repo = project()
    repo.spec(SPEC)

    run = repo.run("-n2", "--parex-set", "repeats=2", "--parex-set", "runner.shell=echo from the command line")

    assert run.outcomes == {"passed": 2}, run.out
    assert sorted(run.results) == ["a--r1", "a--r2"]
    log = run.run().attempt_directory("a--r1", 1) / "run.log"
    assert log.read_text() == "from the command line\n"


@pytest.mark.parametrize(
    ("value", "message"), [("repeets=2", "repeats"), ("repeats=many", "repeats"), ("repeats", "--parex-set")]
)
def test_what_the_spec_could_not_say_is_refused(project: Callable[..., Project], value: str, message: str) -> None:
    repo = project()
    repo.spec(SPEC)

    run = repo.run("--parex-set", value)

    assert run.exit_code == 4, run.out
    assert message in run.out
    assert "Traceback" not in run.out
    assert not run.runs.exists()
