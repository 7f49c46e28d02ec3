"""--parex-run fills a run with what it does not hold yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Project


def spec(folder: Path) -> dict[str, object]:
    return {
        "variants": {"a": {}, "b": {}, "c": {}},
        "runner": {"shell": f'echo begun >> "{folder}/$PAREX_TRIAL"; test -e "{folder}/$PAREX_TRIAL"'},
    }


def executed(folder: Path) -> dict[str, int]:
    return {file.name: len(file.read_text().splitlines()) for file in folder.iterdir()}


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_what_was_not_selected_yesterday_is_run_today_into_the_same_run(
    project: Callable[..., Project], folder: Path, mode: str
) -> None:
    repo = project()
    repo.spec(spec(folder))
    yesterday = repo.run(mode, "--parex-only", "variant=a")
    assert executed(folder) == {"a": 1}
    run = yesterday.run().plan.run
    repo.write({"README.md": "changed since\n"})

    today = repo.run(mode, "--parex-run", f"spec@{run}")

    assert today.outcomes == {"passed": 3}, today.out
    assert executed(folder) == {"a": 1, "b": 1, "c": 1}
    assert today.run().plan.run == run
    assert {trial.id: trial.outcome for trial in today.comparison.trials} == dict.fromkeys("abc", "passed")
    bases = {result.changes.base for result in today.results.values()}
    assert len(bases) == 1, "the base is the run's, whatever was changed since"


def test_a_part_of_a_run_can_be_read_again_without_losing_the_rest(
    project: Callable[..., Project], folder: Path
) -> None:
    repo = project()
    repo.spec(spec(folder))
    repo.run("-n2")

    again = repo.run("--parex-run", "spec", "--parex-only", "variant=b")

    assert executed(folder) == {"a": 1, "b": 1, "c": 1}
    assert [trial.outcome for trial in again.comparison.trials] == ["passed"] * 3


def test_a_run_is_named_by_its_id_or_directory_too(project: Callable[..., Project], folder: Path) -> None:
    repo = project()
    repo.spec(spec(folder))
    run = repo.run("--parex-only", "variant=a").run()

    by_directory = repo.run("--parex-run", f".parex/spec/{run.plan.run}", "--parex-only", "variant=b")
    said = next(line for line in (run.directory / "comparison.md").read_text().splitlines() if "--parex-run" in line)
    by_report = repo.run(*said.partition("spec.yaml")[2].replace("`", " ").replace("|", " ").split())

    assert by_directory.outcomes["passed"] == 1, by_directory.out
    assert by_report.exit_code == 0, (said, by_report.out)
    assert executed(folder) == {"a": 1, "b": 1, "c": 1}


def test_a_missing_trial_is_executed_again_and_keeps_its_first_attempt(
    project: Callable[..., Project], folder: Path
) -> None:
    repo = project()
    repo.spec({"variants": {"a": {}, "b": {}}, "setup": f'test -e "{folder}/ready"', "runner": "none"})
    assert repo.run("-n2").outcomes == {"error": 2}
    (folder / "ready").touch()

    filled = repo.run("-n2", "--parex-run", "spec")

    assert filled.outcomes == {"passed": 2}, filled.out
    assert filled.run().attempts("a") == [1, 2]


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_a_run_keeps_its_plan_when_the_spec_has_changed_or_moved(project: Callable[..., Project], mode: str) -> None:
    repo = project()
    repo.spec("experiment: job\nvariants: {a: {}, b: {}}\nrunner: none\n")
    assert repo.run("--parex-only", "variant=a").exit_code == 0
    (repo.path / "spec.yaml").unlink()
    repo.spec("experiment: job\nvariants: {a: {}, c: {}}\nrunner: none\n", "moved.yaml")

    filled = repo.run(mode, "--parex-run", "job", spec="moved.yaml")
    refused = repo.run("--parex-run", "job", "--parex-set", "repeats=2", spec="moved.yaml")

    assert filled.outcomes == {"passed": 2}, filled.out
    assert sorted(result.trial.id for result in filled.run("job").results()) == ["a", "b"]
    assert "note: moved.yaml has changed since this run was planned, which keeps its plan" in filled.out
    assert refused.exit_code == 4
    assert "a run keeps its plan" in refused.out


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("speck", "did you mean `spec`?"),
        ("spec@20000101-000000-0000", "has no run `20000101-000000-0000`"),
        ("other", "is a run of other, and spec.yaml describes spec"),
        ("nowhere/at/all", "nowhere/at/all is no run directory"),
    ],
)
def test_a_run_that_does_not_fit_is_refused(shared_runs: Project, run: str, message: str) -> None:
    refused = shared_runs.run("--parex-run", run)

    assert refused.exit_code == 4, refused.out
    assert message in refused.out
    assert "Traceback" not in refused.out


@pytest.fixture(scope="module")
def shared_runs(shared_project: Callable[..., Project]) -> Project:
    repo = shared_project()
    repo.spec("variants: {a: {}}\nrunner: none\n")
    repo.spec("variants: {a: {}}\nrunner: none\n", "other.yaml")
    assert repo.run("--parex", "other.yaml").exit_code == 0
    return repo
