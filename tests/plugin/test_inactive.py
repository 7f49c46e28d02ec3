"""Installed and unused, the plugin can hardly be noticed; and it can be switched off or loaded by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pytest_parex.testing import Project

FILES = {"test_plain.py": "def test_plain():\n    assert True\n", "spec.yaml": "variants: {a: {}}\nrunner: none\n"}
QUIET = {"PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def repo(shared_project: Callable[..., Project]) -> Project:
    return shared_project(FILES)


def same(out: str) -> str:
    """What a session printed, without durations, seeds and lists of plugins."""
    lines = [line for line in out.splitlines() if not line.startswith(("plugins:", "metadata:", "Using --randomly"))]
    return re.sub(r"in \d+\.\d+s", "in ?s", "\n".join(lines))


@pytest.mark.parametrize("mode", ["-v", "-n2"])
def test_nothing_is_printed_and_no_file_appears(repo: Project, mode: str) -> None:
    before = sorted(repo.path.parent.rglob("*"))
    with_it = repo.run(mode, spec=None, env=QUIET)
    without = repo.run(mode, "-p", "no:parex", spec=None, env=QUIET)

    assert with_it.outcomes == {"passed": 1}
    assert same(with_it.out) == same(without.out)
    assert sorted(repo.path.parent.rglob("*")) == before


def test_help_differs_by_the_group_and_the_ini_value_only(repo: Project) -> None:
    with_it = repo.run("--help", spec=None, env={"COLUMNS": "300"}).out.splitlines()
    without = repo.run("--help", "-p", "no:parex", spec=None, env={"COLUMNS": "300"}).out.splitlines()

    assert [line for line in without if line not in with_it] == []
    added = [line for line in with_it if line not in without]
    assert "parex" in added[0]
    assert all("parex" in line or line.startswith(" " * 20) for line in added), added


def test_nothing_but_the_standard_library_and_pytest_is_imported(project: Callable[..., Project]) -> None:
    repo = project(
        {
            "test_modules.py": """
                import sys

                def test_modules():
                    heavy = {"pydantic", "yaml", "jinja2", "psutil", "filelock", "click", "xdist"}
                    assert sorted(heavy & set(sys.modules)) == []
                    parex = sorted(name for name in sys.modules if name.startswith("pytest_parex"))
                    assert parex == ["pytest_parex", "pytest_parex.hookspecs", "pytest_parex.plugin"]
                """
        }
    )

    run = repo.run("-p", "pytest_parex.plugin", spec=None, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})

    assert run.outcomes == {"passed": 1}, run.out


def test_a_conftest_with_hooks_fixtures_and_marker_is_valid_without_an_experiment(
    project: Callable[..., Project],
) -> None:
    repo = project(
        {
            "conftest.py": "def pytest_parex_checks(work): return []\ndef pytest_parex_event(event): pass\n",
            "test_it.py": """
                import pytest

                @pytest.mark.parex(variant="a")
                def test_trial(parex_trial): pass

                def test_workspace(parex_workspace): pass
                """,
        }
    )

    run = repo.run("--strict-markers", "-W", "error", spec=None)

    assert (run.exit_code, run.outcomes) == (0, {"skipped": 2}), run.out


def test_switched_off_it_is_not_there(repo: Project) -> None:
    assert repo.run("-p", "no:parex", spec=None).outcomes == {"passed": 1}

    run = repo.run("-p", "no:parex")

    assert run.exit_code == 4
    assert "unrecognized arguments: --parex" in run.out


@pytest.mark.parametrize("plugins", [[], ["-p", "xdist", "-n2"]], ids=["alone", "with xdist"])
def test_loaded_by_hand(project: Callable[..., Project], plugins: list[str]) -> None:
    repo = project(FILES)

    run = repo.run("-p", "pytest_parex.plugin", *plugins, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})

    assert run.outcomes == {"passed": 1}, run.out
    assert run.results["a"].passed
