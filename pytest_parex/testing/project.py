"""A project to run experiments in: a git repository with a spec beside its files."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pytest_parex import processes, store
from pytest_parex.model import Comparison, Result
from pytest_parex.repository import Git

_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|deselected|warnings?|rerun)\b")


@dataclass(frozen=True)
class Finished:
    """What a pytest session in a project came to."""

    exit_code: int
    out: str
    """What pytest printed, stdout and then stderr."""
    runs: Path
    """The folder of the runs (`.parex`)."""

    @cached_property
    def outcomes(self) -> dict[str, int]:
        """pytest's own last line as numbers: `{"passed": 3, "failed": 1}`."""
        lines = [line for line in self.out.splitlines() if re.search(r"\bin \d+\.\d+s\b", line)]
        return {
            word.removesuffix("s") if word != "passed" else word: int(count)
            for count, word in _COUNT.findall(lines[-1] if lines else "")
        }

    def run(self, experiment: str = "spec") -> store.Run:
        """The latest run of an experiment."""
        return store.open_run(experiment, self.runs)

    @property
    def results(self) -> dict[str, Result]:
        """Trial id → result, of the latest run of the experiment `spec`."""
        return {result.trial.id: result for result in self.run().results()}

    @property
    def comparison(self) -> Comparison:
        """The stored comparison of the latest run of the experiment `spec`."""
        return Comparison.model_validate_json((self.run().directory / "comparison.json").read_text())


class Project:
    """A git repository in `path` with these files committed; `run` starts a real pytest in a process of its own."""

    def __init__(self, path: Path, files: Mapping[str, str] | None = None) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git = Git(path)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Test")
        self.git("config", "user.email", "test@example.org")
        self.write({".gitignore": ".parex/\n", "README.md": "a project\n", **(files or {})})
        self.commit()

    @classmethod
    def at(cls, path: Path) -> Self:
        """A project that is there already."""
        project = cls.__new__(cls)
        project.path, project.git = path, Git(path)
        return project

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, dedented, without committing them."""
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))

    def commit(self, message: str = "state") -> str:
        """Commit everything; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD").strip()

    def spec(self, content: Mapping[str, Any] | str, name: str = "spec.yaml") -> Path:
        """Write a spec beside the project's files: text, or data that is written as JSON (which is YAML too)."""
        file = self.path / name
        file.write_text(textwrap.dedent(content) if isinstance(content, str) else json.dumps(content, indent=1))
        return file

    def command(self, *args: str, spec: str | None = "spec.yaml") -> list[str]:
        """The command line of a pytest session.

        Without pytest's cache, which would write beside the project's files, and without Hypothesis, which takes
        longer to start than most trials.
        """
        parex = ["--parex", spec] if spec else []
        return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *parex, *args]

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment in which neither a surrounding pytest nor a CI service can be noticed."""
        strange = ("PYTEST_", "COV_CORE_", "COVERAGE_", "PAREX_", "GIT_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(strange) and name != "CI"}
        return {**kept, "PYTHONWARNINGS": "", **(env or {})}

    def run(
        self,
        *args: str,
        spec: str | None = "spec.yaml",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 300.0,
    ) -> Finished:
        """Run `pytest --parex SPEC ARGS…` in the project and wait for it."""
        captured = processes.capture(
            self.command(*args, spec=spec), cwd=cwd or self.path, env=self.environment(env), timeout=timeout
        )
        out = captured.stdout.decode(errors="replace") + captured.stderr.decode(errors="replace")
        return Finished(captured.exit_code, out, self.path / ".parex")
