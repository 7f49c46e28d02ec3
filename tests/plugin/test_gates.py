"""Gates: items that judge the finished comparison, in every mode and order."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.testing import Finished, Project

SPEC: dict[str, Any] = {
    "variants": {"plain": {"env": {"SCORE": "70"}}, "fancy": {"env": {"SCORE": "90"}}},
    "repeats": 2,
    "runner": {"shell": "echo $SCORE > score.txt"},
    "metrics": {"score": {"file": "score.txt", "pattern": r"(\d+)", "unit": "%", "better": "higher"}},
}
MODES = [
    ["-n0"],
    ["-p", "no:xdist"],
    ["-n2"],
    *(["-n2", f"--dist={dist}"] for dist in ("load", "worksteal", "loadfile", "loadgroup", "each")),
]
FIRST = """
    import pytest

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(items):
        yield
        items.sort(key=lambda item: "gate" not in item.name and "last" not in item.name)
"""


def gated(project: Project, *gates: dict[str, Any], **more: Any) -> Project:
    project.spec({**SPEC, "gates": list(gates), **more})
    return project


def failed(run: Finished) -> str:
    """What pytest says about the failures, without the comparison."""
    return run.out.partition("= FAILURES =")[2].partition("parex comparison")[0]


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_gates_are_judged_after_all_trials_in_every_mode(project: Callable[..., Project], mode: list[str]) -> None:
    repo = gated(
        project(),
        {"metric": "score", "variant": "plain", "at_least": 70},
        {"metric": "score", "variant": "plain", "vs": "fancy", "at_least": -19},
    )

    run = repo.run(*mode)

    times = 2 if "--dist=each" in mode else 1
    assert run.outcomes == {"passed": 5 * times, "failed": times}, run.out
    assert run.exit_code == 1
    assert "gate score--plain--vs-fancy--at-least-minus-19 does not hold" in failed(run)


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_a_gate_that_comes_first_executes_the_trials_once_and_waits_for_nobody_who_waits(
    project: Callable[..., Project], folder: Path, mode: list[str]
) -> None:
    repo = gated(
        project({"conftest.py": FIRST, "test_last.py": "def test_last(parex_comparison): pass\n"}),
        {"metric": "score", "at_least": 70},
        {"metric": "success_rate", "at_least": 1},
        runner={"shell": f'echo begun >> "{folder}/$PAREX_TRIAL"; echo $SCORE > score.txt'},
        max_parallel=1,
    )

    run = repo.run(*mode, "test_last.py")

    times = 2 if "--dist=each" in mode else 1
    assert (run.exit_code, run.outcomes) == (0, {"passed": 7 * times}), run.out
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        f"{variant}--r{repeat}": "begun\n" for variant in ("plain", "fancy") for repeat in (1, 2)
    }


def test_a_gate_waits_for_trials_that_other_workers_are_executing(
    project: Callable[..., Project], folder: Path
) -> None:
    repo = gated(
        project({"conftest.py": FIRST}),
        {"metric": "score", "at_least": 70},
        # each variant's first trial ends when the other's has begun: two workers are executing at the same time
        variants={
            "plain": {"env": {"SCORE": "70", "OTHER": "fancy"}},
            "fancy": {"env": {"SCORE": "90", "OTHER": "plain"}},
        },
        runner={
            "shell": f'touch "{folder}/$PAREX_VARIANT"; while [ ! -e "{folder}/$OTHER" ]; do sleep 0.05; done; '
            "echo $SCORE > score.txt"
        },
        repeats=1,
        timeout="120s",
    )

    run = repo.run("-n2", "--dist=load")

    assert (run.exit_code, run.outcomes) == (0, {"passed": 3}), run.out


def test_with_the_pull_scheduler_gates_see_what_tests_have_recorded(project: Callable[..., Project]) -> None:
    recording = "def test_it(parex_trial): parex_trial.record('smell', 3, better='lower')\n"
    repo = gated(project({"test_it.py": recording}), {"metric": "smell", "at_most": 3})

    run = repo.run("-n2", "test_it.py")

    assert (run.exit_code, run.outcomes) == (0, {"passed": 9}), run.out


def test_a_failed_gate_says_the_numbers_and_what_was_demanded(project: Callable[..., Project]) -> None:
    repo = gated(project(), {"metric": "score", "variant": "plain", "vs": "fancy", "at_least": -15, "tolerance": 2})

    said = failed(repo.run())

    assert "`score` of plain minus fancy: -20 points (n = 2, over 1 case that both have, no interval: " in said
    assert "demanded: at least -15 points, with a tolerance of 2 points" in said
    assert "from plain--r1 70, plain--r2 70" in said
    assert "and fancy: fancy--r1 90, fancy--r2 90" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"metric": "phase.unheard-of", "at_least": 1}, "is missing: no trial of fancy in this run has it"),
        ({"metric": "score", "at_least": 1, "confidence": 0.95}, "; there is no interval: fewer than 5 cases"),
    ],
    ids=["no number", "no interval"],
)
def test_a_gate_that_cannot_be_judged_does_not_pass(
    project: Callable[..., Project], gate: dict[str, Any], said: str
) -> None:
    run = gated(project(), gate).run()

    assert (run.exit_code, run.outcomes) == (1, {"passed": 4, "failed": 1}), run.out
    assert said in failed(run)


def test_gates_have_stable_ids_and_are_selected_like_tests(project: Callable[..., Project]) -> None:
    repo = gated(
        project(),
        {"metric": "score", "variant": "fancy", "vs": "plain", "at_least": -5, "relative": True},
        {"metric": "score", "at_least": 0.5, "at_most": 1e3, "tolerance": 0.25},
        {"metric": "score", "at_least": 0.5, "at_most": 1e3, "tolerance": 0.25},
        {"metric": "success_rate", "variant": "plain", "baseline": True, "at_least": 0, "confidence": 0.95},
    )

    def collected(*args: str) -> list[str]:
        lines = repo.run("--co", "-q", "-p", "no:randomly", *args).out.splitlines()
        return [line.removeprefix("spec.yaml::") for line in lines if "::" in line]

    gates = [
        "spec_gate[score--fancy--vs-plain--at-least-minus-5-percent]",
        "spec_gate[score--at-least-0.5--at-most-1000--tolerance-0.25]",
        "spec_gate[score--at-least-0.5--at-most-1000--tolerance-0.25--2]",
        "spec_gate[success_rate--plain--vs-baseline--at-least-0--confidence-0.95]",
    ]
    assert collected()[4:] == gates
    assert collected("-k", "gate and baseline") == [gates[3]]
    assert collected("-m", "parex(metric='score')") == gates[:3]
    assert collected("-m", "parex(variant='fancy')") == ["spec[fancy--r1]", "spec[fancy--r2]", gates[0]]


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_a_gate_is_skipped_if_trials_that_it_needs_were_not_selected(
    project: Callable[..., Project], mode: str
) -> None:
    repo = gated(
        project(), {"metric": "score", "variant": "fancy", "at_least": 90}, {"metric": "score", "at_least": 70}
    )

    run = repo.run(mode, "-rs", "--parex-only", "variant=fancy")

    assert run.exit_code == 0
    assert (run.outcomes["passed"], run.outcomes["skipped"]) == (3, 1), run.out
    assert (
        "2 of the 4 trials that it needs were not selected and have no stored result: plain--r1, plain--r2"
        in " ".join(run.out.split())
    )

    filled = repo.run(mode, "--parex-only", "variant=plain", "--parex-run", "spec")

    assert (filled.exit_code, filled.outcomes["passed"]) == (0, 4), filled.out


def test_gates_alone_execute_nothing(project: Callable[..., Project]) -> None:
    run = gated(project(), {"metric": "score", "at_least": 70}).run("-k", "gate")

    assert run.outcomes == {"skipped": 1, "deselected": 4}, run.out
    assert not list(run.runs.glob("spec/*"))


BAD = {"bad": {"runner": {"shell": "exit 3"}}, "unready": {"setup": "exit 4"}}
"""A variant whose trial fails, and one whose trial is missing."""


def test_a_gate_sees_that_a_trial_is_missing_whose_worker_has_died(project: Callable[..., Project]) -> None:
    dying = """
        import os

        def pytest_parex_checks(work):
            if work.trial.id == "plain--r2":
                os._exit(1)
    """
    repo = gated(project({"conftest.py": dying}), {"metric": "score", "variant": "plain", "at_least": 71})

    run = repo.run("-n2")

    assert run.outcomes == {"passed": 3, "failed": 2}, run.out
    assert "`score` of plain: 70 % (n = 1, 1 missing" in failed(run)


def test_a_trial_that_a_gate_executes_is_captured_when_it_is_interrupted(
    project: Callable[..., Project], folder: Path, start: Callable[..., Any]
) -> None:
    repo = gated(
        project({"conftest.py": FIRST}),
        {"metric": "success_rate", "at_least": 1},
        runner={"shell": f'echo so far > work.txt; touch "{folder}/begun"; sleep 600'},
    )
    session = start(repo, "-n0")
    session.until((folder / "begun").exists, "the first trial")

    session.interrupt()
    run = session.wait()

    assert run.exit_code == 2, run.out
    (result,) = run.results.values()
    assert str(result.cause) == "interrupted"
    assert result.changes is not None
    assert "work.txt" in result.changes.paths("added")


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_where_gates_decide_failed_trials_are_shown_and_not_counted(project: Callable[..., Project], mode: str) -> None:
    repo = gated(
        project(),
        {"metric": "success_rate", "variant": "fancy", "at_least": 1},
        variants={**SPEC["variants"], "bad": BAD["bad"]},
    )

    run = repo.run(mode, "-rx", "-x", "--junitxml=report.xml")

    assert (run.exit_code, run.outcomes) == (0, {"passed": 5, "xfailed": 2}), run.out
    assert "gates decide about the exit code; trials that fail are shown as xfailed" in run.out
    assert "not counted (fail_on: gates): trial bad--r1 failed: runner failed" in run.out
    shown = ET.parse(repo.path / "report.xml").getroot().find(".//testcase[@name='spec[bad--r1]']/skipped")
    assert shown is not None
    assert shown.get("type") == "pytest.xfail"
    assert "trial bad--r1 failed" in str(shown.get("message"))
    assert {trial.outcome for trial in run.comparison.trials if trial.variant == "bad"} == {"failed"}


@pytest.mark.parametrize(
    ("args", "more", "outcomes"),
    [
        ([], {"fail_on": "trials"}, {"passed": 5, "failed": 2}),
        (["--runxfail"], {}, {"passed": 5, "failed": 2}),
        ([], {"variants": {**SPEC["variants"], "unready": BAD["unready"]}}, {"passed": 5, "error": 2}),
    ],
    ids=["trials count", "xfail is not wanted", "missing trials"],
)
def test_what_turns_the_exit_code_red_all_the_same(
    project: Callable[..., Project], args: list[str], more: dict[str, Any], outcomes: dict[str, int]
) -> None:
    spec = {"variants": {**SPEC["variants"], "bad": BAD["bad"]}, **more}
    repo = gated(project(), {"metric": "success_rate", "variant": "fancy", "at_least": 1}, **spec)

    run = repo.run(*args)

    assert (run.exit_code, run.outcomes) == (1, outcomes), run.out


def test_junit_lists_gates_with_their_numbers(project: Callable[..., Project]) -> None:
    repo = gated(project(), {"metric": "score", "at_least": 80})

    run = repo.run("-n2", "--junitxml=report.xml")

    case = ET.parse(repo.path / "report.xml").getroot().find(".//testcase[@name='spec_gate[score--at-least-80]']")
    assert case is not None, run.out
    found = {prop.get("name"): prop.get("value") for prop in case.findall("./properties/property")}
    assert (found["parex.gate"], found["parex.metric"]) == ("score--at-least-80", "score")
    assert (float(found["parex.plain.value"]), float(found["parex.fancy.value"])) == (70, 90)
    assert not [name for name in found if name.startswith("parex.metric.")], "those are a trial's"
    failure = case.find("failure")
    assert failure is not None
    assert "`score` of plain: 70 %" in str(failure.text)
    assert "of fancy" not in str(failure.text), "it holds there"


def test_a_baseline_is_a_file_or_a_run(project: Callable[..., Project]) -> None:
    repo = gated(project(), {"metric": "score", "baseline": True, "at_least": -5, "relative": True})
    first = repo.run("-rs")
    assert first.outcomes == {"passed": 4, "skipped": 1}, first.out
    assert "give one with --parex-baseline" in first.out
    kept = repo.path / "kept.json"
    kept.write_text((first.run().directory / "comparison.json").read_text())

    same = repo.run("-n2", "--parex-baseline", "kept.json")
    worse = repo.run("-n2", "--parex-baseline", "spec", "--parex-set", "variants.plain.env.SCORE=60")

    assert same.outcomes == {"passed": 5}, same.out
    assert worse.outcomes == {"passed": 4, "failed": 1}, worse.out
    then = json.loads(kept.read_text())["run"]
    assert then != same.run().plan.run
    assert "`score` of plain against plain in the baseline (" in failed(worse)
    assert ": -14.2857 % (n = 2" in failed(worse)
    assert "and the baseline: plain--r1 70, plain--r2 70" in failed(worse)


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        ("absent.json", "--parex-baseline absent.json: there is no such file, and there is no run"),
        ("README.md", "no comparison can be read from it"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_refused(project: Callable[..., Project], baseline: str, said: str) -> None:
    run = gated(project(), {"metric": "score", "baseline": True, "at_least": 0}).run("--parex-baseline", baseline)

    assert run.exit_code == 4, run.out
    assert said in run.out
    assert not list(run.runs.glob("spec/*"))
