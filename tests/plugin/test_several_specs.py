"""Several experiments in one session, and specs that lie elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.model import Comparison
from pytest_parex.testing import Finished, Project

SPEC = "variants: {x: {}, y: {}}\nrunner: {shell: echo $PAREX_EXPERIMENT > name.txt}\n"
TEST_FILE = """
    import pytest

    def test_every(parex_trial):
        assert (parex_trial.workspace / "name.txt").exists()

    @pytest.mark.parex(experiment="second", variant="x")
    def test_one(parex_trial):
        assert (parex_trial.workspace / "name.txt").read_text() == "second\\n"
"""
BOTH = ["--parex", "second.yaml"]


@pytest.fixture
def repo(project: Callable[..., Project]) -> Project:
    made = project({"test_it.py": TEST_FILE})
    made.spec(SPEC, "first.yaml")
    made.spec(SPEC, "second.yaml")
    return made


def outcomes(run: Finished, experiment: str) -> list[str]:
    stored = (run.run(experiment).directory / "comparison.json").read_text()
    return [trial.outcome for trial in Comparison.model_validate_json(stored).trials]


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_two_experiments_with_equal_variants_are_kept_apart(repo: Project, mode: str) -> None:
    run = repo.run(mode, *BOTH, "test_it.py", spec="first.yaml")

    assert run.outcomes == {"passed": 4 + 4 + 1}, run.out
    for name in ("first", "second"):
        assert f"parex comparison: {name}" in run.out
        results = run.run(name).results()
        assert [result.trial.id for result in results] == ["x", "y"]
    assert run.run("first").plan.root != run.run("second").plan.root


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_what_was_selected_is_known_for_each(repo: Project, mode: str) -> None:
    run = repo.run(mode, *BOTH, "-m", "parex(experiment='first') or parex(variant='x')", spec="first.yaml")

    assert run.outcomes["passed"] == 3, run.out
    assert outcomes(run, "first") == ["passed", "passed"]
    assert outcomes(run, "second") == ["passed", "not selected"]


def test_one_with_nothing_selected_leaves_no_run(repo: Project) -> None:
    run = repo.run("-n2", *BOTH, "-m", "parex(experiment='first')", spec="first.yaml")

    assert run.outcomes["passed"] == 2, run.out
    assert "parex comparison: second" not in run.out
    assert not list(run.runs.glob("second/*/plan.json"))


def test_equal_names_are_refused(repo: Project) -> None:
    repo.spec("experiment: first\n" + SPEC, "third.yaml")

    run = repo.run("--parex", "third.yaml", spec="first.yaml")

    assert run.exit_code == 4
    assert "both describe an experiment called 'first'" in run.out
    assert not run.runs.exists()


def test_a_spec_that_is_given_twice_is_run_once(repo: Project) -> None:
    run = repo.run("--parex", "./first.yaml", spec="first.yaml")

    assert run.outcomes == {"passed": 2}, run.out


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_a_spec_outside_of_rootdir_is_about_the_repository_that_holds_it(
    project: Callable[..., Project], mode: str
) -> None:
    conftest = "def pytest_parex_generate_variants(experiment): return {'b': 'added'}\n"
    here = project({"conftest.py": "import os\n"}, name="here")
    there = project({"exp/hello.txt": "hello\n", "exp/conftest.py": conftest}, name="there")
    there.spec("variants: {a: {}}\nrunner: {shell: cat exp/hello.txt}\n", "exp/spec.yaml")

    run = here.run(mode, "--rootdir=.", spec="../there/exp/spec.yaml")

    assert run.outcomes == {"passed": 2}, run.out
    assert run.runs == here.path / ".parex"
    assert run.run().plan.base_of("a").checkout == str(there.path)


def test_started_from_a_subfolder_everything_given_is_relative_to_it(repo: Project) -> None:
    folder = repo.path / "sub"
    folder.mkdir()
    repo.write({"pytest.ini": "[pytest]\n"})

    run = repo.run("-n2", "../test_it.py", "--parex-out", "table.csv", spec="../first.yaml", cwd=folder)

    assert run.outcomes == {"passed": 4, "skipped": 1}, run.out
    assert (folder / "table.csv").is_file()
    assert run.run("first").directory.is_relative_to(repo.path / ".parex")
