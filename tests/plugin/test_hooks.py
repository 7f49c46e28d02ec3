"""The hooks, implemented in a conftest.py beside a spec that lies in a subfolder."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from pytest_parex.testing import Finished, Project

SPEC = """
    variants: {written: {env: {WHO: spec}}}
    runner: {shell: 'echo "$WHO $FROM_SETUP" > who.txt'}
    checks: {known: test -s who.txt}
"""
CONFTEST = """
    import os
    from pathlib import Path

    from pytest_parex.model import CheckResult, Execution, Metric, Variant

    WHERE = os.environ.get("PYTEST_XDIST_WORKER", "controller")

    def called(hook, **facts):
        with Path(os.environ["TRACES"], f"{hook}-{os.getpid()}").open("a") as file:
            file.write(f"{WHERE} {facts}\\n")

    def pytest_parex_generate_variants(experiment):
        called("generate_variants", variants=list(experiment.variants))
        return {
            "generated": "a prompt of its own",
            "made": Variant.model_validate({"runner": {"make": {"target": "it"}}}),
        }

    def pytest_parex_modify_plan(plan):
        called("modify_plan", trials=len(plan.trials))
        return plan.model_copy(update={"notices": (*plan.notices, "the plan was looked at")})

    class Make:
        def faults(self, options):
            return [] if "target" in options else ["`make` needs a target"]

        def execute(self, task):
            (task.workspace / "who.txt").write_text(f"made {task.options['target']} {task.env['FROM_SETUP']}")
            return Execution()

    def pytest_parex_runners():
        called("runners")
        return {"make": Make()}

    def pytest_parex_setup_workspace(place):
        called("setup_workspace", trial=place.trial.id)
        place.env["FROM_SETUP"] = "was-set-up"

    def pytest_parex_checks(work):
        called("checks", trial=work.trial.id)
        return [CheckResult(name="set up", passed="was-set-up" in (work.workspace / "who.txt").read_text())]

    def pytest_parex_collect_metrics(work):
        called("collect_metrics", trial=work.trial.id, checks=sorted(check.name for check in work.checks))
        return {"letters": Metric(value=len((work.workspace / "who.txt").read_text()), better="higher")}

    def pytest_parex_event(event):
        called("event", trial=event.trial, name=event.name)

    def pytest_parex_aggregate(comparison, results):
        called("aggregate", results=len(results))
        return {"Said by the project": f"There were **{len(results)}** results."}

    def pytest_parex_report(comparison, results, file):
        if file.suffix == ".txt":
            called("report")
            file.write_text(f"leader: {comparison.leader}")
            return True
"""


class Session(NamedTuple):
    """A session, and each call of a hook: where it was made, and with what."""

    run: Finished
    calls: dict[str, list[str]]
    mode: str


@pytest.fixture(scope="module", params=["-n0", "-n2"])
def session(
    request: pytest.FixtureRequest, shared_project: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory
) -> Session:
    traces = tmp_path_factory.mktemp("traces")
    repo = shared_project({"experiments/conftest.py": CONFTEST})
    repo.spec(SPEC, "experiments/spec.yaml")
    run = repo.run(
        request.param, "--parex-out", "leader.txt", spec="experiments/spec.yaml", env={"TRACES": str(traces)}
    )
    calls: dict[str, list[str]] = {}
    for file in sorted(traces.iterdir()):
        calls.setdefault(file.name.rpartition("-")[0], []).extend(file.read_text().splitlines())
    return Session(run, calls, request.param)


def test_variants_are_added(session: Session) -> None:
    run, calls, _ = session

    assert run.outcomes == {"passed": 3}, run.out
    assert run.results["generated"].trial.variant == "generated"
    assert calls["generate_variants"] == ["controller {'variants': ['written']}"]


def test_the_plan_is_changed_before_it_is_frozen(session: Session) -> None:
    run, calls, _ = session

    assert calls["modify_plan"] == ["controller {'trials': 3}"]
    assert "parex: note: the plan was looked at" in run.out
    assert run.run().plan.notices[-1] == "the plan was looked at"


def test_a_runner_is_known_and_used(session: Session) -> None:
    run, _, _ = session

    assert run.results["made"].passed, run.out
    assert run.results["made"].metrics["letters"].value == len("made it was-set-up")


def test_checks_and_metrics_of_a_trial_are_added(session: Session) -> None:
    run, calls, _ = session

    result = run.results["written"]
    assert [(check.name, check.passed) for check in result.checks] == [("known", True), ("set up", True)]
    assert result.metrics["letters"].value == len("spec was-set-up\n")
    assert len(calls["checks"]) == len(calls["setup_workspace"]) == 3
    assert all("'checks': ['known', 'set up']" in call for call in calls["collect_metrics"])


def test_work_is_hooked_where_it_is_done_and_the_rest_in_the_controller(session: Session) -> None:
    _, calls, mode = session

    places = {hook: {call.split()[0] for call in made} for hook, made in calls.items()}
    controller = {"generate_variants", "modify_plan", "event", "aggregate", "report"}
    assert all(places[hook] == {"controller"} for hook in controller), places
    for hook in ("setup_workspace", "checks", "collect_metrics"):
        expected = {"controller"} if mode == "-n0" else {"gw0", "gw1"}
        assert places[hook] <= expected, places


def test_events_arrive_in_the_order_of_a_trial(session: Session) -> None:
    _, calls, _ = session

    names = [call.rpartition("'name': ")[2].strip("'}") for call in calls["event"] if "'written'" in call]
    assert names[0] == "phase"
    assert names[-1] == "finished"
    assert names.count("phase") == names.count("phase-end")


def test_sections_are_added_to_the_report_and_labelled(session: Session) -> None:
    run, calls, _ = session

    assert calls["aggregate"] == ["controller {'results': 3}"]
    directory = run.run().directory
    for report in ("comparison.md", "comparison.html"):
        text = (directory / report).read_text()
        assert "Said by the project" in text
        assert "results." in text


def test_a_report_format_is_added(session: Session) -> None:
    run, _, _ = session

    assert (run.runs.parent / "leader.txt").read_text() == f"leader: {run.comparison.leader}"


@pytest.mark.parametrize("hook", ["setup_workspace", "checks", "collect_metrics"])
def test_a_hook_that_raises_in_a_trial_makes_it_missing(project: Callable[..., Project], hook: str) -> None:
    place = "place" if hook == "setup_workspace" else "work"
    repo = project({"conftest.py": f"def pytest_parex_{hook}({place}):\n    raise LookupError('not in here')\n"})
    repo.spec({"variants": {"a": {}}, "runner": "none", "retries": 1})

    run = repo.run("-n2")

    assert run.exit_code == 1
    result = run.results["a"]
    assert result.cause.value == ("crashed" if hook == "setup_workspace" else "grading failed")
    assert "LookupError: not in here" in result.message
    assert "LookupError: not in here" in run.out
    traceback = run.run().attempt_directory("a", result.attempt) / "traceback.txt"
    assert f"in pytest_parex_{hook}" in traceback.read_text()
    assert run.comparison.trials[0].outcome == "missing"


@pytest.mark.parametrize("hook", ["generate_variants(experiment)", "modify_plan(plan)", "runners()"])
def test_a_hook_that_raises_before_anything_runs_ends_the_session(project: Callable[..., Project], hook: str) -> None:
    repo = project({"conftest.py": f"def pytest_parex_{hook}:\n    raise LookupError('not in here')\n"})
    repo.spec({"variants": {"a": {}}, "runner": "none"})

    run = repo.run("-n2")

    assert run.exit_code not in (0, 5), run.out
    assert "LookupError: not in here" in run.out
    assert not list(run.runs.glob("spec/*/trials/*"))


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_hooks_that_only_watch_and_report_cost_nothing_when_they_raise(
    project: Callable[..., Project], mode: str
) -> None:
    repo = project(
        {
            "pytest.ini": "[pytest]\nfilterwarnings = error\n",
            "conftest.py": """
                def pytest_parex_event(event):
                    raise LookupError("no event")

                def pytest_parex_aggregate(comparison, results):
                    raise LookupError("no section")
                """,
        }
    )
    repo.spec({"variants": {"a": {}}, "runner": "none"})

    run = repo.run(mode)

    assert run.exit_code == 0, run.out
    assert run.results["a"].passed
    assert run.comparison.leader == "a"
    assert "pytest_parex_event raised LookupError: no event" in run.out
    assert "pytest_parex_aggregate raised LookupError: no section" in run.out
    assert (run.run().directory / "comparison.html").is_file()


def test_the_options_of_a_runner_are_checked_before_anything_is_created(project: Callable[..., Project]) -> None:
    repo = project({"experiments/conftest.py": CONFTEST})
    repo.spec("variants: {a: {runner: {make: {goal: it}}}}\n", "experiments/spec.yaml")

    run = repo.run(spec="experiments/spec.yaml", env={"TRACES": str(repo.path)})

    assert run.exit_code == 4
    assert "experiments/spec.yaml:1:" in run.out
    assert "`make` needs a target" in run.out
    assert not run.runs.exists()
