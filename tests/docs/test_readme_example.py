"""The README's own spec, test and command, followed literally in a project that has what they name."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.model import Comparison
from pytest_parex.testing import Finished, Project

ROOT = Path(__file__).parents[2]
FILES = {
    "api/__init__.py": "",
    "api/public.py": "from api.limits import take\n",
    "api/limits.py": "def take(tokens):\n    raise NotImplementedError\n",
    "tests/test_limits.py": "from api.public import take\n\n\ndef test_take():\n    assert take(3) == 2\n",
    "bench.py": "print('p99=12.5 ms')\n",
    "solve.sh": """\
        #!/bin/sh
        echo "was asked to: $1"
        case "$2" in
        *classes*) printf 'class Bucket:\\n    def take(self, n): return n - 1\\n\\ntake = Bucket().take\\n' ;;
        *) printf 'def take(n): return n - 1\\n' ;;
        esac > api/limits.py
        """,
}


def block(document: str, language: str, containing: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)
    return next(text for text in found if containing in text)


def test_the_readmes_example_works(project: Callable[..., Project], monkeypatch: pytest.MonkeyPatch) -> None:
    repo = project(FILES)
    (repo.path / "solve.sh").chmod(0o755)
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "feature-12")
    repo.write({"api/limits.py": "take = (-1).__add__\n"})
    repo.commit()
    repo.git("checkout", "--quiet", "main")
    repo.spec(block("README.md", "yaml", "limiter.yaml"), "limiter.yaml")
    repo.write({"tests/test_limiter.py": block("README.md", "python", "parex_trial")})

    command = block("README.md", "sh", "test_limiter.py").removeprefix("pytest ")
    run = repo.run(*shlex.split(command), spec=None)

    assert run.outcomes == {"passed": 6}, run.out
    comparison = Comparison.model_validate_json((run.run("limiter").directory / "comparison.json").read_text())
    assert {variant.name: variant.passed for variant in comparison.variants} == {
        "functional": 1,
        "oop": 1,
        "branch-12": 1,
    }
    assert {variant.metrics["p99"].mean for variant in comparison.variants} == {12.5}
    assert_stored_as_documented(run, repo, monkeypatch)


def assert_stored_as_documented(run: Finished, repo: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stored file is in the tree of docs/run-directory.md, and its snippet reads them."""
    directory = run.run("limiter").directory
    tree = block("docs/run-directory.md", "", "plan.json")
    stored = {path.name for path in [*directory.iterdir(), *directory.glob("trials/oop/attempt-1/*")]}
    assert [name for name in stored if name.removeprefix("comparison") not in tree] == []

    monkeypatch.chdir(repo.path)
    snippet = block("docs/run-directory.md", "python", "open_run")
    names: dict[str, Any] = {}
    exec(snippet.replace("rate-limiter", "limiter").replace("oop--stp-1--r2", "oop"), names)
    assert names["run"].plan == run.run("limiter").plan
    assert names["result"].trial.id == "branch-12"
    assert names["event"].name == "finished"
    assert "was asked to: Add a token-bucket limiter" in (directory / "trials/oop/attempt-1/run.log").read_text()
    assert os.access(directory / "trials/oop/attempt-1/changes.patch", os.R_OK)
