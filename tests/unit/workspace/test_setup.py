"""Setup: its steps in order, what failed in words, and tools found from lock files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.errors import SetupError
from pytest_parex.model import Place, Plan
from pytest_parex.workspace import setup
from pytest_parex.workspace.detection import automatic_steps


@dataclass
class Journal:
    """An attempt's journal, in memory."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, name: str, **data: Any) -> None:
        self.events.append((name, data))

    def named(self, name: str) -> list[dict[str, Any]]:
        return [data for found, data in self.events if found == name]


@pytest.fixture
def place(bare_plan: Callable[..., Plan], tmp_path: Path) -> Callable[..., Place]:
    def make(**experiment: Any) -> Place:
        plan = bare_plan(**experiment)
        workspace, directory = tmp_path / "workspace", tmp_path / "attempt-1"
        workspace.mkdir(exist_ok=True)
        directory.mkdir(exist_ok=True)
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        return Place(plan, plan.trials[0], 1, workspace, env, directory, Journal())

    return make


def test_steps_run_in_order_in_the_workspace_and_verify_comes_last(place: Callable[..., Place]) -> None:
    ready = place(setup={"steps": ["pwd > order", "echo two >> order"], "verify": "echo three >> order"})
    setup(ready)

    assert (ready.workspace / "order").read_text().splitlines() == [str(ready.workspace), "two", "three"]
    assert isinstance(ready.emit, Journal)
    assert [step["step"] for step in ready.emit.named("setup-step")] == [
        "pwd > order",
        "echo two >> order",
        "echo three >> order",
    ]


def test_a_step_that_fails_ends_the_setup_and_says_which_how_and_where(place: Callable[..., Place]) -> None:
    ready = place(setup=["echo fine", "echo oh no; exit 3", "touch never"])

    with pytest.raises(SetupError) as caught:
        setup(ready)

    message = str(caught.value)
    assert "`echo oh no; exit 3` ended with exit code 3" in message
    assert "  oh no" in message
    assert str(ready.directory / "setup.log") in message
    assert not (ready.workspace / "never").exists()
    assert (ready.directory / "setup.log").read_text().splitlines()[:3] == [
        "$ echo fine",
        "fine",
        "$ echo oh no; exit 3",
    ]


def test_a_step_that_exceeds_its_time_is_stopped(place: Callable[..., Place]) -> None:
    with pytest.raises(SetupError, match=r"`sleep 600` did not end within 0\.2 s"):
        setup(place(setup=[{"command": "sleep 600", "timeout": 0.2}]))


def test_a_verify_that_fails_is_a_setup_error(place: Callable[..., Place]) -> None:
    with pytest.raises(SetupError, match="`test -f built` ended with exit code 1"):
        setup(place(setup={"steps": ["true"], "verify": "test -f built"}))


def test_the_variants_own_setup_replaces_the_experiments(place: Callable[..., Place]) -> None:
    ready = place(setup=["touch common"], variants={"v1": {"setup": ["touch own"]}})
    setup(ready)

    assert (ready.workspace / "own").exists()
    assert not (ready.workspace / "common").exists()


def test_secrets_that_a_step_prints_do_not_reach_the_log(place: Callable[..., Place]) -> None:
    ready = place(setup=["echo token is $API_TOKEN; exit 1"])
    ready.env["API_TOKEN"] = "hunter22hunter22"

    with pytest.raises(SetupError) as caught:
        setup(ready)

    assert "hunter22" not in str(caught.value)
    assert "hunter22" not in (ready.directory / "setup.log").read_text()


def test_tools_that_a_step_installs_are_found_by_the_next_one_and_later(place: Callable[..., Place]) -> None:
    make = "mkdir -p .venv/bin && printf '#!/bin/sh\\necho mine\\n' > .venv/bin/tool && chmod +x .venv/bin/tool"
    ready = place(setup=[make, "tool > said"])
    setup(ready)

    assert (ready.workspace / "said").read_text() == "mine\n"
    assert ready.env["PATH"].split(":")[0] == str(ready.workspace / ".venv" / "bin")


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({}, []),
        ({"uv.lock": "", "pyproject.toml": "[project]"}, ["uv sync"]),
        ({"package-lock.json": "{}"}, ["npm ci"]),
        ({"package-lock.json": "{}", "pnpm-lock.yaml": ""}, ["pnpm install --frozen-lockfile"]),
        ({"uv.lock": "", "package-lock.json": "{}"}, ["uv sync", "npm ci"]),
        ({"pyproject.toml": "[tool.ruff]"}, []),
        ({"requirements.txt": ""}, ["pip install --disable-pip-version-check -r requirements.txt"]),
        ({"pyproject.toml": "[project]"}, ["pip install --disable-pip-version-check -e ."]),
        (
            {"setup.py": "", "requirements.txt": ""},
            ["pip install --disable-pip-version-check -r requirements.txt -e ."],
        ),
    ],
)
def test_lock_files_say_how_a_project_is_made_ready(tmp_path: Path, files: dict[str, str], commands: list[str]) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("uv", "npm", "pnpm", "python"):
        (tools / tool).write_text("")
        (tools / tool).chmod(0o755)
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    found = [step.command.split(" -m ")[-1] for step in automatic_steps(tmp_path, str(tools))]

    assert found == commands


@pytest.mark.parametrize(
    ("file", "tool", "hint"),
    [
        ("uv.lock", "uv", "pip install uv"),
        ("pnpm-lock.yaml", "pnpm", "pnpm.io"),
        ("package-lock.json", "npm", "nodejs.org"),
    ],
)
def test_a_missing_tool_is_named_together_with_how_to_get_it(tmp_path: Path, file: str, tool: str, hint: str) -> None:
    (tmp_path / file).write_text("")

    with pytest.raises(SetupError, match=rf"{file}, which needs `{tool}`.*{hint}"):
        automatic_steps(tmp_path, str(tmp_path / "nothing"))


def test_a_project_for_pip_gets_an_environment_that_no_capture_can_see(place: Callable[..., Place]) -> None:
    ready = place(setup="auto")
    (ready.workspace / "requirements.txt").write_text("")
    setup(ready)

    assert (ready.workspace / ".venv" / "bin" / "python").exists()
    assert (ready.workspace / ".venv" / ".gitignore").read_text() == "*\n"
    assert ready.env["PATH"].startswith(f"{ready.workspace}/.venv/bin:")
