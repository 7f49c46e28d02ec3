"""pytest's own exit codes: 0 all passed, 1 something failed, 4 wrong usage, 5 nothing was collected."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.testing import Project

NOTHING = "variants: {a: {}, b: {}}\nrunner: none\n"


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_0_when_every_trial_passed_and_5_when_none_was_selected(project: Callable[..., Project], mode: str) -> None:
    repo = project()
    repo.spec(NOTHING)

    assert repo.run(mode).exit_code == 0
    first = repo.run(mode).run().directory
    nothing = repo.run(mode, "-k", "neither")

    assert nothing.exit_code == 5, nothing.out
    assert nothing.run().directory == first, "a run in which nothing was executed is not kept"
    assert len(list((repo.path / ".parex/spec").glob("2*"))) == 2
    assert "parex comparison" not in nothing.out


@pytest.mark.parametrize("mode", [[], ["-n2"], ["--co"]], ids=" ".join)
def test_4_for_a_spec_with_faults_which_are_all_told_before_anything_is_created(
    project: Callable[..., Project], mode: list[str]
) -> None:
    repo = project()
    repo.spec(
        """\
        variants:
          a: {promt: hello}
        repeats: none
        cheks: {tests: pytest}
        """
    )
    before = sorted(path for path in repo.path.parent.rglob("*") if ".git/" not in str(path))

    run = repo.run(*mode, env={"PYTHONDONTWRITEBYTECODE": "1"})

    assert run.exit_code == 4
    assert "spec.yaml:2:" in run.out
    assert "prompt" in run.out
    assert "spec.yaml:3:" in run.out
    assert "spec.yaml:4:" in run.out
    assert "checks" in run.out
    assert "Traceback" not in run.out
    assert sorted(path for path in repo.path.parent.rglob("*") if ".git/" not in str(path)) == before


@pytest.mark.parametrize(
    ("spec", "args", "message"),
    [
        ("absent.yaml", [], "absent.yaml"),
        (".", [], ""),
        ("spec.yaml", ["--parex-set", "base=no-such-branch"], "no-such-branch"),
        (None, ["--parex-set", "repeats=2"], "--parex-set needs --parex SPEC"),
        (None, ["--parex-only", "variant=a"], "--parex-only needs --parex SPEC"),
    ],
)
def test_4_for_what_cannot_be_run(
    project: Callable[..., Project], spec: str | None, args: list[str], message: str
) -> None:
    repo = project()
    repo.spec(NOTHING)

    run = repo.run(*args, spec=spec)

    assert run.exit_code == 4, run.out
    assert message in run.out
    assert "Traceback" not in run.out
    assert not list(run.runs.glob("spec/*"))


def test_1_when_a_trial_is_missing(project: Callable[..., Project]) -> None:
    repo = project()
    repo.spec("variants: {a: {setup: exit 1}, b: {}}\nrunner: none\n")

    run = repo.run()

    assert (run.exit_code, run.outcomes) == (1, {"passed": 1, "error": 1}), run.out
