"""Reference: an orchestrator of agent sessions. The example runs in rehearsal as its README says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_parex.model import Comparison
from pytest_parex.testing import Project

README = Path(__file__).parents[2] / "examples" / "rate_limiter" / "README.md"


def test_three_agents_write_limiters_that_their_tests_grade(
    example: Callable[[str], Project], contents: Callable[[Path], Mapping[str, object]]
) -> None:
    repo = example("rate_limiter")
    before = contents(repo.path / "examples")
    command = re.findall(r"^pytest (--parex .*)$", README.read_text(), re.MULTILINE)

    run = repo.run(*shlex.split(command[0]), spec=None, timeout=300)

    assert run.exit_code == 0, run.out
    assert run.outcomes == {"passed": 3}, run.out
    assert contents(repo.path / "examples") == before
    stored = run.run("rate-limiter")
    comparison = Comparison.model_validate_json((stored.directory / "comparison.json").read_text())
    assert {variant.name for variant in comparison.variants} == {"functional", "oop", "reactive"}
    results = {result.trial.id: result for result in stored.results()}
    # the agent that works in classes fails a test first and repairs it
    assert results["oop"].metrics["tool_errors"].value == 1
    for result in results.values():
        assert result.metrics["suite.passed"].value == 5
        assert result.metrics["throughput"].value > 0
        assert 0 < result.metrics["cost_usd"].value < 0.1
        attempt = stored.attempt_directory(result.trial.id, result.attempt)
        assert "# " in (attempt / "RESULTS.md").read_text()
        assert "Work as a careful engineer" in (attempt / "transcript.md").read_text()
