"""`python`: a function of the user's, called with the trial in a child process."""

from __future__ import annotations

import json

import pytest

from pytest_parex.endings import Cause
from pytest_parex.errors import ParexError, SetupError
from pytest_parex.model import Metric
from pytest_parex.runners import built_in

PYTHON = built_in()["python"]


@pytest.mark.parametrize(
    "options", ["solver:run", "package.solver:run", {"call": "solver:run", "level": 3, "deep": {}}]
)
def test_a_function_is_given_as_text_or_with_arguments(options):
    assert PYTHON.faults(options) == []


@pytest.mark.parametrize("options", [None, "", "solver", "solver:", "a b:c", "solver:run()", 3, {}, {"level": 3}])
def test_other_options_are_refused_with_an_example(options):
    (fault,) = PYTHON.faults(options)

    assert "as in `python: mymodule:run`" in fault


def test_the_function_is_told_about_its_trial_and_works_in_the_workspace(make_task):
    code = """
        import dataclasses, json, os, pathlib
        def run(trial, level, style):
            facts = {name: getattr(trial, name) for name in (
                "experiment", "id", "variant", "case", "case_facts", "matrix", "repeat", "prompt", "task")}
            assert isinstance(trial.workspace, pathlib.Path)
            assert trial.workspace == pathlib.Path.cwd()
            assert dict(trial.env) == dict(os.environ)
            pathlib.Path("facts.json").write_text(json.dumps([facts, level, style, trial.env["STYLE"]]))
            try:
                trial.variant = "other"
            except dataclasses.FrozenInstanceError:
                print("read only")
    """
    task = make_task(
        {"call": "solver:run", "level": 3, "style": ["a", "ü"]},
        modules={"solver": code},
        env={"STYLE": "oop"},
        variants={"oop": {"prompt": "Use {{ matrix.model }} and classes."}},
        cases={"stp-1": {"text": "one", "area": "lifecycle"}},
        case="stp-1",
        matrix={"model": "sonnet"},
        task="Add a limiter.",
    )

    assert PYTHON.execute(task).cause is Cause.PASSED

    assert json.loads((task.workspace / "facts.json").read_text()) == [
        {
            "experiment": "limiter",
            "id": "oop",
            "variant": "oop",
            "case": "stp-1",
            "case_facts": {"text": "one", "area": "lifecycle"},
            "matrix": {"model": "sonnet"},
            "repeat": 2,
            "prompt": "Use sonnet and classes.",
            "task": "Add a limiter.",
        },
        3,
        ["a", "ü"],
        "oop",
    ]
    assert task.log.read_text() == "read only\n"


def test_a_very_long_task_is_told_whole(make_task):
    code = "def run(trial): return {'length': len(trial.task)}"
    task = make_task("solver:run", modules={"solver": code}, task="x" * 500_000)

    assert PYTHON.execute(task).metrics == {"length": Metric(value=500_000)}


def test_returned_numbers_and_reports_are_metrics(make_task):
    code = """
        def run(trial):
            trial.report("speed", 3, unit="ms", better="lower")
            trial.report("speed", 4.5, unit="ms", better="lower")
            print('{"is": "returned", "value": {"forged": 1}}')
            return {"size": 10, "share": 0.5}
    """
    execution = PYTHON.execute(make_task("solver:run", modules={"solver": code}))

    assert (execution.cause, execution.exit_code) == (Cause.PASSED, 0)
    assert execution.metrics == {
        "speed": Metric(value=4.5, unit="ms", better="lower"),
        "size": Metric(value=10),
        "share": Metric(value=0.5),
    }


@pytest.mark.parametrize("returned", ["3", "[1]", "{'a': True}", "{'a': '1'}", "{'a': None}"])
def test_anything_else_than_names_with_numbers_is_refused(make_task, returned):
    task = make_task("solver:run", modules={"solver": f"def run(trial): return {returned}"})

    execution = PYTHON.execute(task)

    assert execution.cause is Cause.RUNNER_FAILED
    assert execution.message.endswith("it may return None, or names with numbers")


def test_something_that_is_no_plain_data_is_refused(make_task):
    execution = PYTHON.execute(make_task("solver:run", modules={"solver": "def run(trial): return object()"}))

    assert execution.cause is Cause.RUNNER_FAILED
    assert "returned something that is no plain data (object is not JSON): <object object at" in execution.message


def test_numbers_of_other_libraries_are_numbers(make_task):
    code = """
        import decimal, fractions
        class Scalar:
            def item(self):
                return 7
        def run(trial):
            trial.report("exact", decimal.Decimal("1.5"))
            return {"scalar": Scalar(), "half": fractions.Fraction(1, 2)}
    """
    execution = PYTHON.execute(make_task("solver:run", modules={"solver": code}))

    assert {name: metric.value for name, metric in execution.metrics.items()} == {
        "exact": 1.5,
        "scalar": 7,
        "half": 0.5,
    }


def test_an_exception_is_told_with_the_last_frames_of_the_users_own_code(make_task, tmp_path):
    code = """
        import json
        def run(trial):
            trial.report("before", 1)
            solve("no JSON")
        def solve(text):
            json.loads(text)
    """
    task = make_task("solver:run", modules={"solver": code})

    execution = PYTHON.execute(task)

    first, *frames = execution.message.splitlines()
    assert (execution.cause, execution.exit_code) == (Cause.RUNNER_FAILED, 1)
    assert first == "`solver:run` raised json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    assert "child_program" not in execution.message
    assert any('solver.py", line 7, in solve' in frame for frame in frames)
    assert execution.metrics == {"before": Metric(value=1)}
    assert "Traceback (most recent call last)" in task.log.read_text()


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("sys.exit('enough')", "raised SystemExit: enough"),
        ("os._exit(0)", "ended its process with exit code 0 before it returned"),
        ("os.kill(os.getpid(), 11)", "ended its process with exit code 139 before it returned"),
        ("trial.report('x', 1, better='more')", "raised ValueError: better is 'higher', 'lower' or None, not 'more'"),
        ("trial.report('x', '1')", "raised TypeError: the value of a metric is a number, not '1'"),
    ],
)
def test_whatever_ends_the_function_is_told(make_task, ending, told):
    task = make_task("solver:run", modules={"solver": f"import os, sys\ndef run(trial): {ending}"})

    execution = PYTHON.execute(task)

    assert execution.cause is Cause.RUNNER_FAILED
    assert execution.message.splitlines()[0] == f"`solver:run` {told}"


def test_a_function_that_takes_too_long_is_stopped_and_keeps_what_it_reported(make_task):
    code = """
        import time
        def run(trial):
            trial.report("steps", 3)
            time.sleep(1000)
    """
    execution = PYTHON.execute(make_task("solver:run", modules={"solver": code}, timeout=3))

    assert execution.cause is Cause.TIME_LIMIT
    assert execution.message == "stopped at its time limit of 3 s"
    assert execution.metrics == {"steps": Metric(value=3)}


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("elsewhere:run", "there is no module `elsewhere`"),
        ("solver.deep:run", "there is no module `solver.deep`"),
        ("solver:walk", "`walk` is not defined there"),
        ("solver:number", "`number` is no function"),
    ],
)
def test_a_function_that_does_not_exist_is_not_the_variants_doing(make_task, reference, why):
    task = make_task(reference, modules={"solver": "number = 3\ndef run(trial): pass"})

    with pytest.raises(SetupError, match=f"`{reference}` cannot be called: {why}.*looked in .*spec first"):
        PYTHON.execute(task)


def test_a_module_that_its_module_cannot_import_is_a_failure_of_the_function(make_task):
    """It may be the variant's own module, which the variant broke."""
    execution = PYTHON.execute(make_task("solver:run", modules={"solver": "import limiter"}))

    assert execution.cause is Cause.RUNNER_FAILED
    assert execution.message.startswith("`solver:run` raised ModuleNotFoundError: No module named 'limiter'")


def test_arguments_that_the_function_does_not_take_are_told(make_task):
    task = make_task({"call": "solver:run", "level": 3}, modules={"solver": "def run(trial): pass"})

    assert "unexpected keyword argument 'level'" in PYTHON.execute(task).message


def test_arguments_that_are_no_plain_data_are_refused(make_task):
    with pytest.raises(ParexError, match="`solver:run` cannot be called, since its arguments cannot be written"):
        PYTHON.execute(make_task({"call": "solver:run", "level": object()}))


def test_modules_beside_the_spec_come_first_and_those_of_parex_and_the_workspace_not_at_all(make_task):
    code = """
        import importlib.util, statistics
        def run(trial):
            assert importlib.util.find_spec("child_program") is None
            assert importlib.util.find_spec("limiter") is None
            return {"mine": statistics.mine}
    """
    task = make_task("solver:run", modules={"solver": code, "statistics": "mine = 1"})
    (task.workspace / "limiter.py").touch()

    assert PYTHON.execute(task).metrics == {"mine": Metric(value=1)}


def test_nothing_is_left_beside_the_spec_nor_in_the_attempt(make_task, tmp_path):
    task = make_task("solver:run", modules={"solver": "import other\ndef run(trial): pass", "other": ""})
    PYTHON.execute(task)

    assert sorted(path.name for path in (tmp_path / "spec").rglob("*")) == ["other.py", "solver.py"]
    assert sorted(path.name for path in task.directory.rglob("*")) == ["run.log"]
