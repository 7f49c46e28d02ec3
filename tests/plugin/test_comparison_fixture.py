"""Tests on the whole comparison: `parex_comparison`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Project

SPEC = """
    variants: {{plain: {{env: {{SCORE: "70"}}}}, fancy: {{env: {{SCORE: "90"}}}}}}
    repeats: 2
    runner: {{shell: 'echo begun >> "{folder}/$PAREX_TRIAL"; echo $SCORE > score.txt'}}
    metrics: {{score: {{file: score.txt, pattern: '(\\d+)', unit: points, better: higher}}}}
    compare: {{rank: [success_rate, score]}}
"""
TEST_FILE = """
    import pytest

    def test_whole(parex_comparison):
        whole = parex_comparison
        assert whole.experiment == "spec"
        assert (whole.verdict, whole.winner, whole.leader) == ("leader only", None, "fancy"), whole.reasons
        assert whole.variants == ("fancy", "plain")
        assert whole.variant("plain").counted == 2
        assert whole.variant("plain").metrics["score"].mean == 70
        assert whole.difference("fancy", "plain", "score").value == 20
        assert whole.difference("plain", "fancy", "score").value == -20
        assert [trial.outcome for trial in whole.trials] == ["passed"] * 4
        assert "leader fancy" in repr(whole)
        with pytest.raises(LookupError, match="no variant 'nobody'; there are fancy, plain"):
            whole.variant("nobody")
        with pytest.raises(LookupError, match="no metric 'beauty'"):
            whole.difference("fancy", "plain", "beauty")

    @pytest.mark.parametrize("metric", ["score", "success_rate"])
    def test_with_parameters_of_its_own(parex_comparison, metric):
        assert parex_comparison.difference("fancy", "plain", metric).value >= 0

    def test_of_a_trial(parex_trial, parex_comparison):
        assert parex_trial.id in [trial.id for trial in parex_comparison.trials]
"""
MODES = [["-n0"], ["-p", "no:xdist"], ["-n2"], *(["-n2", f"--dist={dist}"] for dist in ("load", "worksteal"))]


@pytest.fixture
def repo(project: Callable[..., Project], folder: Path) -> Project:
    made = project({"test_it.py": TEST_FILE})
    made.spec(SPEC.format(folder=folder))
    return made


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_a_comparison_is_complete_in_every_mode(repo: Project, folder: Path, mode: list[str]) -> None:
    run = repo.run(*mode, "test_it.py")

    assert (run.exit_code, run.outcomes) == (0, {"passed": 4 + 1 + 2 + 4}), run.out
    assert {file.read_text() for file in folder.iterdir()} == {"begun\n"}


def test_the_test_alone_executes_nothing(repo: Project, folder: Path) -> None:
    run = repo.run("-rs", "test_it.py::test_whole", "-k", "test_whole")

    assert run.outcomes == {"skipped": 1, "deselected": 4}, run.out
    assert "4 of the 4 trials that it needs were not selected" in run.out
    assert list(folder.iterdir()) == []


def test_it_is_run_once_per_experiment_that_the_marker_leaves(project: Callable[..., Project]) -> None:
    test = """
        import pytest

        def test_each(parex_comparison):
            assert parex_comparison.leader

        @pytest.mark.parex(experiment="other")
        def test_narrowed(parex_comparison):
            assert parex_comparison.experiment == "other"
    """
    repo = project({"test_it.py": test})
    for name in ("spec", "other"):
        repo.spec({"variants": {"a": {}}, "runner": "none"}, f"{name}.yaml")

    run = repo.run("-n2", "-v", "test_it.py", "--parex", "other.yaml")

    assert (run.exit_code, run.outcomes) == (0, {"passed": 2 + 2 + 1}), run.out
    for name in ("test_each[spec]", "test_each[other]", "test_narrowed[other]"):
        assert name in run.out


def test_without_an_experiment_it_is_skipped(repo: Project) -> None:
    run = repo.run("test_it.py", "-rs", spec=None)

    assert (run.exit_code, run.outcomes) == (0, {"skipped": 4}), run.out
    assert "parex_comparison needs an experiment: pytest --parex SPEC" in run.out


def test_a_marker_that_names_trials_is_refused(project: Callable[..., Project]) -> None:
    test = "import pytest\n\n@pytest.mark.parex(variant='a')\ndef test_it(parex_comparison): pass\n"
    repo = project({"test_it.py": test})
    repo.spec({"variants": {"a": {}}, "runner": "none"})

    run = repo.run("--co", "test_it.py")

    assert run.exit_code != 0
    assert "variant= is unknown; there are experiment" in run.out
