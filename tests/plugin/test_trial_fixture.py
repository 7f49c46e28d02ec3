"""Tests on trials: `parex_trial`, `parex_workspace` and the marker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Finished, Project

SPEC = """
    variants:
      tidy: {env: {WORDS: "3"}}
      messy: {env: {WORDS: "5"}, runner: {shell: 'exit 4'}}
    matrix: {size: [1]}
    cases: {one: first}
    repeats: 1
    runner:
      shell: |
        echo "printed by $PAREX_VARIANT"
        echo new > added.txt; rm old.txt; echo changed > kept.txt; mv name.txt renamed.txt
    checks: {kept: test -f kept.txt}
    metrics: {words: {command: echo $WORDS, unit: words, better: lower}}
"""
FILES = {"old.txt": "old\n", "kept.txt": "as it was\n", "name.txt": "a file that only moves\n" * 5}
TEST_FILE = """
    import json, os
    from pathlib import Path
    import pytest

    def test_facts(parex_trial, parex_workspace):
        trial = parex_trial
        facts = {
            "id": trial.id,
            "variant": trial.variant,
            "case": trial.case,
            "matrix": dict(trial.matrix),
            "repeat": trial.repeat,
            "outcome": trial.outcome,
            "cause": trial.cause,
            "message": trial.message,
            "checks": {name: check.passed for name, check in trial.checks.items()},
            "words": trial.metrics.get("words"),
            "log": trial.log,
            "cost_usd": trial.cost_usd,
            "directory": sorted(file.name for file in trial.directory.iterdir()),
            "workspace": sorted(file.name for file in parex_workspace.iterdir()),
            "same workspace": trial.workspace == parex_workspace,
            "added": trial.diff.added,
            "deleted": trial.diff.deleted,
            "modified": trial.diff.modified,
            "renamed": trial.diff.renamed,
            "lines": [trial.diff.lines_added, trial.diff.lines_removed],
            "patched": "+changed" in trial.diff.text,
            "shown": repr(trial),
        }
        Path(os.environ["FACTS"], trial.variant + ".json").write_text(json.dumps(facts))

    @pytest.mark.parex(variant="tidy")
    def test_narrowed(parex_trial):
        assert parex_trial.variant == "tidy"

    @pytest.mark.parex(experiment="spec", size=1)
    def test_record(parex_trial):
        parex_trial.record("smell", len(parex_trial.variant), unit="points", better="lower")

    @pytest.mark.parametrize("extra", [1, 2])
    def test_with_parameters_of_its_own(parex_trial, extra):
        assert extra != 2 or parex_trial.variant == "tidy"
"""


@pytest.fixture(scope="module")
def repo(shared_project: Callable[..., Project]) -> Project:
    made = shared_project({**FILES, "test_facts.py": TEST_FILE})
    made.spec(SPEC)
    return made


@pytest.fixture(scope="module")
def run(repo: Project, shared_folder: Path) -> Finished:
    return repo.run("-n2", "test_facts.py", env={"FACTS": str(shared_folder)})


@pytest.fixture
def tidy(run: Finished, shared_folder: Path) -> dict[str, object]:
    return json.loads((shared_folder / "tidy.json").read_text())


def test_a_test_is_run_once_per_trial_that_the_marker_leaves(run: Finished) -> None:
    # 2 trials, test_facts and test_record on both, test_narrowed on one, 2 × 2 with own parameters
    assert run.outcomes == {"passed": 1 + 2 + 1 + 2 + 3, "failed": 1 + 1}, run.out


def test_a_finished_trial_tells_what_it_was(tidy: dict[str, object]) -> None:
    told = {key: tidy[key] for key in ("id", "variant", "case", "matrix", "repeat")}

    assert told == {"id": "tidy--one--1", "variant": "tidy", "case": "one", "matrix": {"size": 1}, "repeat": 1}
    assert "tidy--one--1" in str(tidy["shown"])


def test_a_finished_trial_tells_what_came_of_it(tidy: dict[str, object], run: Finished, shared_folder: Path) -> None:
    assert (tidy["outcome"], tidy["cause"]) == ("passed", "passed")
    assert tidy["checks"] == {"kept": True}
    assert tidy["words"] == 3
    assert tidy["cost_usd"] is None
    assert "printed by tidy" in str(tidy["log"])
    messy = json.loads((shared_folder / "messy.json").read_text())
    assert (messy["outcome"], messy["cause"]) == ("failed", "runner failed")
    assert "4" in messy["message"]


def test_a_finished_trial_shows_its_changes_and_files(tidy: dict[str, object]) -> None:
    assert (tidy["added"], tidy["deleted"]) == (["added.txt"], ["old.txt"])
    assert (tidy["modified"], tidy["renamed"]) == (["kept.txt"], ["renamed.txt"])
    assert tidy["lines"] == [2, 2]
    assert tidy["patched"] is True
    assert {"result.json", "events.jsonl", "changes.patch", "run.log"} <= set(tidy["directory"])
    assert tidy["same workspace"] is True
    assert {"added.txt", "kept.txt", "renamed.txt"} <= set(tidy["workspace"])


def test_what_a_test_records_takes_part_in_the_comparison(run: Finished) -> None:
    rows = {row.name: row.metrics["smell"] for row in run.comparison.variants}

    assert {name: (row.mean, row.unit, row.better) for name, row in rows.items()} == {
        "tidy": (4, "points", "lower"),
        "messy": (5, "points", "lower"),
    }


def test_without_an_experiment_tests_on_trials_are_skipped(repo: Project) -> None:
    skipped = repo.run("test_facts.py", "-rs", spec=None)

    assert skipped.exit_code == 0
    assert skipped.outcomes == {"skipped": 5}, skipped.out
    assert "parex_trial needs an experiment: pytest --parex SPEC" in skipped.out


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("variannt='tidy'", "variannt= is unknown; there are case, experiment, repeat, size, variant"),
        ("'tidy'", "'tidy' is unknown"),
    ],
)
def test_a_marker_that_cannot_narrow_is_refused(project: Callable[..., Project], mark: str, message: str) -> None:
    test = f"import pytest\n\n@pytest.mark.parex({mark})\ndef test_it(parex_trial): pass\n"
    repo = project({"test_marker.py": test})
    repo.spec(SPEC)

    refused = repo.run("--co", "test_marker.py")

    assert refused.exit_code != 0
    assert message in refused.out


def test_on_a_missing_trial_tests_end_as_errors(project: Callable[..., Project]) -> None:
    repo = project({"test_it.py": "def test_it(parex_trial): pass\n\ndef test_again(parex_workspace): pass\n"})
    repo.spec({"variants": {"ready": {}, "unready": {"setup": "echo no luck; exit 1"}}, "runner": "none"})

    run = repo.run("-n2", "test_it.py")

    assert run.outcomes == {"passed": 3, "error": 3}, run.out
    assert run.run().attempts("unready") == [1]
    assert "trial unready is missing: setup failed" in run.out
    assert "no luck" in run.out


def test_a_name_that_the_grading_measures_cannot_be_recorded(project: Callable[..., Project]) -> None:
    repo = project({"test_it.py": "def test_it(parex_trial): parex_trial.record('words', 1)\n"})
    repo.spec({"variants": {"a": {}}, "runner": "none", "metrics": {"words": {"command": "echo 3"}}})

    run = repo.run("test_it.py")

    assert run.outcomes == {"passed": 1, "failed": 1}, run.out
    assert "record yours under another name" in run.out
