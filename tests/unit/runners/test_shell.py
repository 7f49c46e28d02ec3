"""`shell`: a command in the workspace, whose exit code 0 means that the work is done."""

from __future__ import annotations

import re

import pytest

from pytest_parex import processes
from pytest_parex.endings import Cause
from pytest_parex.model import Execution
from pytest_parex.runners import built_in

SHELL = built_in()["shell"]


@pytest.mark.parametrize("options", ["./solve.sh", {"command": "./solve.sh"}])
def test_a_command_is_given_as_text_or_by_its_name(options):
    assert SHELL.faults(options) == []


@pytest.mark.parametrize(
    "options", [None, "", [], ["./solve.sh"], 3, {}, {"command": ""}, {"command": "x", "shell": 1}]
)
def test_other_options_are_refused_with_an_example(options):
    (fault,) = SHELL.faults(options)

    assert "as in `shell: ./solve.sh`" in fault


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_command_works_in_the_workspace_with_the_environment_of_its_trial(make_task, wrapped):
    command = 'echo "$PAREX_VARIANT in $(pwd)" | tee result'
    task = make_task({"command": command} if wrapped else command, env={"PAREX_VARIANT": "oop"})

    execution = SHELL.execute(task)

    assert execution == Execution(Cause.PASSED, exit_code=0, containment=processes.containment())
    assert (task.workspace / "result").read_text() == f"oop in {task.workspace}\n"
    assert task.log.read_text() == f"oop in {task.workspace}\n"


def test_a_failure_is_told_with_its_exit_code_and_the_last_lines(make_task):
    execution = SHELL.execute(make_task("for i in $(seq 20); do echo line $i; done; echo 'no such thing' >&2; exit 3"))

    assert (execution.cause, execution.exit_code) == (Cause.RUNNER_FAILED, 3)
    assert execution.message.splitlines()[0].endswith("ended with exit code 3; it printed last:")
    assert execution.message.splitlines()[1:] == [*(f"line {i}" for i in range(14, 21)), "no such thing"]


def test_a_silent_failure_is_told_in_one_line(make_task):
    assert SHELL.execute(make_task("exit 3")).message == "`exit 3` ended with exit code 3"


def test_a_long_command_is_shortened_in_the_message(make_task):
    message = SHELL.execute(make_task(f"false {'x' * 500}")).message

    assert re.fullmatch(r"`false x+…` ended with exit code 1", message)
    assert len(message) < 120


def test_work_that_takes_too_long_is_stopped(make_task):
    execution = SHELL.execute(make_task("echo begun > work; sleep 1000", timeout=0.5))

    assert execution.cause is Cause.TIME_LIMIT
    assert execution.message == "stopped at its time limit of 0.5 s"


def test_secrets_of_the_environment_do_not_reach_the_log(make_task):
    task = make_task('echo "key: $SERVICE_API_KEY"', env={"SERVICE_API_KEY": "s3cret-value"})
    SHELL.execute(task)

    assert task.log.read_text() == "key: ***\n"


def test_a_log_that_cannot_be_written_is_noted_and_the_work_goes_on(make_task, events, tmp_path):
    task = make_task("echo lost; touch work")
    task.log.symlink_to("/dev/full")

    assert SHELL.execute(task).cause is Cause.PASSED
    assert (task.workspace / "work").exists()
    assert ("note", {"text": "run.log: the log is incomplete: No space left on device"}) in events
