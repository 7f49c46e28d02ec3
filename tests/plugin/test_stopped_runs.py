"""When the provider refuses the credentials, the experiment stops with one message; it does not fail trial by trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Project

CONFTEST = """
    import os
    from pathlib import Path

    from pytest_parex.endings import Cause
    from pytest_parex.model import Execution

    class Agent:
        def faults(self, options):
            return []

        def execute(self, task):
            if Path(os.environ["KEY"]).exists():
                return Execution()
            return Execution(Cause.CREDENTIALS, "the balance is empty")

    def pytest_parex_runners():
        return {"agent": Agent()}
    """


@pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n0"], ["-n2"], ["-n2", "--dist=load"]], ids=" ".join)
def test_refused_credentials_stop_the_experiment_with_one_message(
    project: Callable[..., Project], folder: Path, mode: list[str]
) -> None:
    repo = project({"conftest.py": CONFTEST, "test_it.py": "def test_it(parex_trial): pass\n"})
    repo.spec({"variants": {f"v{number}": {} for number in range(12)}, "runner": "agent"})
    environment = {"KEY": str(folder / "key")}

    session = repo.run(*mode, "test_it.py", env=environment)

    assert session.exit_code == 2, session.out
    assert session.out.count("spec is stopped: credentials refused: the balance is empty") == 1
    workers = 2 if "-n2" in mode else 1
    assert 1 <= session.outcomes["failed"] <= workers, session.out
    assert session.outcomes.get("passed", 0) == 0
    assert len(session.results) <= workers
    outcomes = [trial.outcome for trial in session.comparison.trials]
    assert outcomes == ["missing"] * 12
    assert sum(trial.cause == "" for trial in session.comparison.trials) >= 12 - workers
    made = [path.name for path in repo.path.parent.glob("*.parex/*/v*")]
    assert sorted(made) == sorted(session.results), "a trial that did not begin has no workspace"

    (folder / "key").touch()
    filled = repo.run(*mode, "--parex-run", "spec", env=environment)

    assert filled.exit_code == 0, filled.out
    assert filled.outcomes == {"passed": 12}
