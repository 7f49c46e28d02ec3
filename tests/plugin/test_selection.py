"""What pytest selects, orders and stops applies to trials as to any other test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Finished, Project

SPEC = """
    variants: {right: {env: {ANSWER: "42"}}, wrong: {env: {ANSWER: "41"}}}
    cases: {one: first, two: second}
    runner: {shell: echo $ANSWER > answer.txt}
    checks: {answer: test "$(cat answer.txt)" = 42}
"""
ALL = ["right--one", "right--two", "wrong--one", "wrong--two"]
IDS = {name: f"spec.yaml::spec[{name}]" for name in ALL}

TEST_FILE = """
    def test_plain():
        pass

    def test_trial(parex_trial):
        assert parex_trial.id
"""


@pytest.fixture(scope="module")
def repo(shared_project: Callable[..., Project]) -> Project:
    made = shared_project({"tests/test_answers.py": TEST_FILE, "pytest.ini": "[pytest]\ntestpaths = tests\n"})
    made.spec(SPEC)
    return made


def collected(run: Finished) -> list[str]:
    return [line for line in run.out.splitlines() if "::" in line]


@pytest.mark.parametrize(
    ("args", "names"),
    [
        pytest.param([], ALL, id="nothing but the spec, whatever testpaths says"),
        pytest.param(["-k", "right and two"], ["right--two"], id="keywords"),
        pytest.param(["-m", "parex(variant='wrong', case='one')"], ["wrong--one"], id="marker"),
        pytest.param(["-m", "not parex(case='one')"], ["right--two", "wrong--two"], id="marker negated"),
        pytest.param(["--deselect", IDS["right--one"]], ALL[1:], id="deselect"),
        pytest.param([IDS["wrong--two"], IDS["right--one"]], ["wrong--two", "right--one"], id="node ids"),
        pytest.param(["-n2"], ALL, id="workers are not started to collect"),
    ],
)
def test_trials_are_selected_as_tests_are(repo: Project, args: list[str], names: list[str]) -> None:
    run = repo.run("--co", "-q", "-p", "no:randomly", *args)

    assert run.exit_code == 0, run.out
    assert collected(run) == [IDS[name] for name in names]


@pytest.mark.parametrize("show", [["--co", "-n2"], ["--help"], ["--markers"], ["--fixtures", "-n2"]], ids=" ".join)
def test_what_only_shows_something_creates_nothing(project: Callable[..., Project], show: list[str]) -> None:
    repo = project()
    repo.spec(SPEC)
    before = sorted(repo.path.parent.rglob("*"))

    run = repo.run(*show, env={"PYTHONDONTWRITEBYTECODE": "1"})

    assert run.exit_code == 0, run.out
    assert sorted(repo.path.parent.rglob("*")) == before


def test_test_paths_beside_the_spec_are_collected_too_after_the_trials(repo: Project) -> None:
    run = repo.run("--co", "-q", "-p", "no:randomly", "tests")

    assert collected(run) == [
        *IDS.values(),
        "tests/test_answers.py::test_plain",
        *(f"tests/test_answers.py::test_trial[{name}]" for name in ALL),
    ]


def test_a_test_is_selected_by_its_trial_as_the_trial_itself_is(repo: Project) -> None:
    run = repo.run("--co", "-q", "tests", "-m", "parex(variant='right')", "--parex-only", "case=two")

    assert collected(run) == [IDS["right--two"], "tests/test_answers.py::test_trial[right--two]"]


def test_last_failed_executes_exactly_the_trials_that_failed(project: Callable[..., Project], folder: Path) -> None:
    repo = project()
    repo.spec(SPEC.replace("echo", f'echo >> "{folder}/$PAREX_TRIAL"; echo'))
    cached = ["-p", "cacheprovider"]

    first = repo.run(*cached)
    assert (first.outcomes["passed"], first.outcomes["failed"]) == (2, 2), first.out
    again = repo.run(*cached, "--lf", "-n2")

    assert (again.outcomes.get("passed"), again.outcomes["failed"]) == (None, 2), again.out
    assert sorted(again.results) == ["wrong--one", "wrong--two"]
    assert {file.name: len(file.read_text().split("\n")) - 1 for file in folder.iterdir()} == {
        "right--one": 1,
        "right--two": 1,
        "wrong--one": 2,
        "wrong--two": 2,
    }
    outcomes = {trial.id: trial.outcome for trial in again.comparison.trials}
    assert outcomes == {
        "right--one": "not selected",
        "right--two": "not selected",
        "wrong--one": "failed",
        "wrong--two": "failed",
    }


def test_exit_first_starts_nothing_after_a_failure(project: Callable[..., Project]) -> None:
    repo = project()
    repo.spec({"variants": {"bad": {"runner": {"shell": "exit 1"}}, "later": {}, "last": {}}, "runner": "none"})

    run = repo.run("-x", "-p", "no:randomly")

    assert run.exit_code == 1, run.out
    assert run.outcomes == {"failed": 1}
    assert {trial.id: trial.outcome for trial in run.comparison.trials} == {
        "bad": "failed",
        "later": "missing",
        "last": "missing",
    }
    assert run.run().attempts("later") == []


def test_exit_first_lets_other_workers_finish_what_they_have(project: Callable[..., Project], folder: Path) -> None:
    repo = project(
        {
            "conftest.py": f"""
                from pathlib import Path

                def pytest_runtest_logreport(report):
                    if report.failed and hasattr(report, "node"):  # in the controller
                        Path({str(folder)!r}, "failure-seen").touch()
                """
        }
    )

    def wait_for(name: str) -> str:
        return f'while [ ! -e "{folder}/{name}" ]; do sleep 0.05; done'

    repo.spec(
        {
            "variants": {
                "bad": {"runner": {"shell": f"{wait_for('started')}; exit 1"}},
                "long": {"runner": {"shell": f'touch "{folder}/started"; {wait_for("failure-seen")}'}},
                **{f"later-{number}": {"runner": {"shell": "true"}} for number in range(4)},
            },
            "timeout": "60s",
        }
    )

    run = repo.run("-x", "-n2", "-p", "no:randomly")

    assert run.exit_code != 0
    assert {name: result.passed for name, result in run.results.items()} == {"bad": False, "long": True}, run.out
    outcomes = {trial.id: trial.outcome for trial in run.comparison.trials}
    assert set(outcomes.values()) == {"failed", "passed", "missing"}
