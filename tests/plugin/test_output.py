"""What a session prints: a header, lines while trials run, and the comparison with the paths last."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pytest_parex.testing import Project

SPEC = """
    variants: {right: {}, wrong: {runner: {shell: echo it went wrong; exit 3}}}
    cases: {one: first}
    repeats: 2
    runner: none
"""


@pytest.fixture(scope="module")
def repo(shared_project: Callable[..., Project]) -> Project:
    made = shared_project()
    made.spec(SPEC)
    return made


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_by_default_header_and_comparison(repo: Project, mode: str) -> None:
    run = repo.run(mode)

    commit = run.run().plan.bases[""].commit[:10]
    assert f"parex: spec, 4 trials (2 variants × 1 case × 2 repeats), base {commit} (" in run.out
    directory = run.run().directory.relative_to(repo.path)
    assert f"parex: run {directory}, workspaces " in run.out
    assert "parex: right--one--r1" not in run.out
    section = section_of(run.out)
    assert re.match(r"\* right +2/2 ", section[1]), section
    assert re.match(r"  wrong +0/2 ", section[2]), section
    assert section[-1] == f"{directory}/comparison.html"
    assert "trial wrong--one--r1 failed: runner failed" in run.out
    assert "it went wrong" in run.out
    assert "raceback" not in run.out


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_very_verbose_names_every_phase_as_it_ends(repo: Project, mode: str) -> None:
    run = repo.run(mode, "-vv", "--durations=0", "--parex-only", "variant=right", "--parex-only", "repeat=1")

    for phase in ("prepare", "setup", "execute", "capture", "checks", "metrics"):
        assert re.search(rf"^parex: right--one--r1: {phase} \d+\.\d s$", run.out, re.MULTILINE), run.out
    assert run.outcomes == {"passed": 1, **({"deselected": 3} if mode == "-n0" else {})}, run.out
    durations = [line.split()[1] for line in run.out.splitlines() if re.match(r"\d+\.\d\ds ", line)]
    assert sorted(durations) == ["call", "setup", "teardown"], "what trials tell on their way is no test"


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_quiet_is_quiet(repo: Project, mode: str) -> None:
    run = repo.run(mode, "-q", "--parex-only", "variant=right")

    assert "parex" not in run.out.replace(".parex", ""), run.out
    assert (run.run().directory / "comparison.md").is_file()


def test_lines_are_not_wider_than_the_terminal(repo: Project) -> None:
    run = repo.run("--parex-only", "variant=right", env={"COLUMNS": "50"})

    assert all(len(line) <= 50 for line in section_of(run.out)[:-1]), run.out


def test_a_snapshot_of_uncommitted_changes_is_said(project: Callable[..., Project]) -> None:
    repo = project({"app.py": "x = 1\n"})
    repo.write({"app.py": "x = 2\n"})
    repo.spec("variants: {a: {}}\nrunner: none\n")

    run = repo.run()

    assert re.search(r"^parex: spec, .* \(snapshot of ", run.out, re.MULTILINE), run.out


def section_of(out: str) -> list[str]:
    """The lines of the comparison section, from its table's head to its last path."""
    lines = out.splitlines()
    begin = next(number for number, line in enumerate(lines) if "parex comparison: spec" in line)
    end = next(number for number in range(begin + 1, len(lines)) if lines[number].startswith("==="))
    return lines[begin + 1 : end]
