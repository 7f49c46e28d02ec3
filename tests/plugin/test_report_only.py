"""--parex-report-only: the comparison, gates and tests again, and nothing is executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.testing import Project

TEST_FILE = """
    def test_trial(parex_trial):
        assert parex_trial.metrics["score"] > 60

    def test_workspace(parex_workspace):
        assert (parex_workspace / "score.txt").exists()

    def test_whole(parex_comparison):
        assert parex_comparison.leader == "fancy"
"""


def spec_of(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "variants": {"plain": {"env": {"SCORE": "70"}}, "fancy": {"env": {"SCORE": "90"}}},
        "runner": {"shell": f'echo begun >> "{folder}/$PAREX_TRIAL"; echo $SCORE > score.txt'},
        "metrics": {"score": {"file": "score.txt", "pattern": r"(\d+)", "better": "higher"}},
        "compare": {"rank": ["success_rate", "score"]},
        **more,
    }


@pytest.fixture
def repo(project: Callable[..., Project], folder: Path) -> Project:
    made = project({"test_it.py": TEST_FILE})
    made.spec(spec_of(folder))
    return made


def executed(folder: Path) -> dict[str, int]:
    return {file.name: file.read_text().count("begun") for file in folder.iterdir()}


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_everything_is_reported_again_from_what_is_stored(repo: Project, folder: Path, mode: str) -> None:
    first = repo.run()
    stored = (first.run().directory / "comparison.json").read_bytes()

    again = repo.run(mode, "--parex-report-only", "test_it.py")

    assert (again.exit_code, again.outcomes) == (0, {"passed": 2 + 2 + 2 + 1}), again.out
    assert executed(folder) == {"plain": 1, "fancy": 1}
    assert again.run().directory == first.run().directory
    assert again.run().attempts("plain") == [1]
    assert (again.run().directory / "comparison.json").read_bytes() == stored
    assert "nothing is executed: this is reported from stored results" in again.out
    assert "parex comparison: spec" in again.out


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_gates_are_those_that_the_spec_has_now(repo: Project, folder: Path, mode: str) -> None:
    first = repo.run()
    repo.run()
    repo.spec(spec_of(folder, gates=[{"metric": "score", "at_least": 80}]))

    again = repo.run(mode, "--parex-report-only", "--parex-run", f"spec@{first.run().plan.run}")
    looser = repo.run("--parex-report-only", "--parex-set", "gates.0.at_least=70")

    assert (again.exit_code, again.outcomes) == (1, {"passed": 2, "failed": 1}), again.out
    assert "`score` of plain: 70 (n = 1" in again.out
    assert f"run: {first.run().directory}" in again.out
    assert (looser.exit_code, looser.outcomes) == (0, {"passed": 3}), looser.out
    assert executed(folder) == {"plain": 2, "fancy": 2}


def test_tests_on_workspaces_that_are_gone_are_skipped(repo: Project) -> None:
    first = repo.run("--parex-set", "workspace.keep=none")
    assert first.exit_code == 0, first.out

    again = repo.run("--parex-report-only", "-rs", "test_it.py")

    assert (again.exit_code, again.outcomes) == (0, {"passed": 5, "skipped": 2}), again.out
    assert "the workspace of plain has been removed" in " ".join(again.out.split())


def test_what_was_not_selected_then_is_skipped_and_stays_so_in_the_report(repo: Project, folder: Path) -> None:
    first = repo.run("--parex-only", "variant=fancy")
    stored = (first.run().directory / "comparison.json").read_bytes()

    again = repo.run("--parex-report-only", "-rs", "test_it.py")

    # of `fancy` the trial and two tests; of `plain` the same three, and the whole
    assert (again.exit_code, again.outcomes) == (0, {"passed": 3, "skipped": 4}), again.out
    assert "plain has no stored result, and --parex-report-only executes nothing" in " ".join(again.out.split())
    assert executed(folder) == {"fancy": 1}
    assert (again.run().directory / "comparison.json").read_bytes() == stored


def test_workspaces_and_attempts_are_left_alone(repo: Project) -> None:
    first = repo.run()
    run = first.run()
    workspaces = [Path(str(result.workspace)) for result in run.results()]
    run.begin(run.plan.trials[0])  # as if another session had died, or were at work

    again = repo.run("--parex-report-only", env={"CI": "true"})

    assert again.exit_code == 0, again.out
    assert all(path.is_dir() for path in workspaces)
    assert run.unfinished(run.plan.trials[0].id) == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "there is no run of `spec`"),
        (["--parex-run", "spec@1999"], "there is no run of `spec`"),
        (["--parex-rehearse"], "leave --parex-rehearse out"),
    ],
)
def test_what_cannot_be_reported_is_refused(repo: Project, args: list[str], said: str) -> None:
    run = repo.run("--parex-report-only", *args)

    assert run.exit_code == 4, run.out
    assert said in run.out
    assert not run.runs.exists()


def test_it_needs_an_experiment(repo: Project) -> None:
    run = repo.run("--parex-report-only", spec=None)

    assert run.exit_code == 4
    assert "--parex-report-only needs --parex SPEC" in run.out
