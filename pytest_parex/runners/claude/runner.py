"""The runner `claude`: real Claude Code sessions in the trial's workspace, through claude-agent-sdk."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest_parex
from pytest_parex import processes, store
from pytest_parex.endings import Cause
from pytest_parex.errors import SetupError
from pytest_parex.model import Execution, Scalar, Task
from pytest_parex.runners.claude import options as claude_options
from pytest_parex.runners.claude import transcript
from pytest_parex.runners.claude.environment import is_logged_in, is_logged_in_by, session_environment, user_config
from pytest_parex.runners.claude.ledger import recounted
from pytest_parex.runners.claude.metrics import metrics
from pytest_parex.runners.claude.options import ClaudeOptions
from pytest_parex.runners.claude.outcome import Outcome, outcome
from pytest_parex.runners.claude.progress import Follower
from pytest_parex.runners.claude.prompt import prompts
from pytest_parex.runners.claude.record import FILE, Row, rows
from pytest_parex.runners.claude.request import Request
from pytest_parex.workspace import secrets

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from pytest_parex.runners.claude.driver import main
main(sys.argv[2])
"""
HERE = str(Path(pytest_parex.__file__).parents[1])
"""The driver, from the same installation of parex as this one."""
BACKSTOP_S = 300.0
"""After the limit that the driver keeps itself; it may have waited so long for its turn to start."""
OWN = "agent"
"""In the trial's directory: the configuration folder of its sessions, which the next attempt needs to go on."""
LAST_LINES = 8


class ClaudeRunner:
    """Drives agent sessions; those of experiments in `rehearsals` (name → URL) talk to a scripted model."""

    def __init__(self, rehearsals: Mapping[str, str]) -> None:
        self._rehearsals = rehearsals

    def faults(self, options: Any) -> list[str]:
        """What is wrong with the options, checked against the installed SDK too."""
        return list(claude_options.faults(options))

    def lacks(self, experiment: str, choices: Sequence[tuple[Any, Mapping[str, str]]]) -> list[str]:
        """What this machine lacks for these options and environments: credentials, a sandbox, leave to be careless."""
        from pytest_parex.runners.claude.credentials import refused  # asked once, by the controller

        found: list[str] = []
        is_real = experiment not in self._rehearsals
        for options, env in choices:
            given = claude_options.lenient(options)
            environment = {**env, **given.env}
            is_asked = given.allow_root or environment.get("IS_SANDBOX")
            if given.permission_mode == "bypassPermissions" and os.geteuid() == 0 and not is_asked:
                found.append(
                    "`permission_mode: bypassPermissions` as root lets an agent do anything to this machine: leave it "
                    "out, or set `allow_root: true` where nothing can be broken"
                )
            if given.sandbox:
                missing = [program for program in ("bwrap", "socat") if not shutil.which(program)]
                found += [f"`sandbox` needs {' and '.join(missing)}: install bubblewrap and socat"] * bool(missing)
            if is_real and not is_logged_in(environment):
                found.append(
                    "Claude Code is not logged in: set ANTHROPIC_API_KEY, or run `claude` and log in; "
                    "--parex-rehearse needs neither"
                )
            elif is_real and (why := refused(environment)):
                found.append(why)
        return list(dict.fromkeys(found))

    def execute(self, task: Task) -> Execution:
        """Drive the sessions until they have ended, contained; partial work stays in the workspace in every case."""
        options = claude_options.read(task.options)
        temporary = Path(tempfile.mkdtemp(prefix="parex-"))  # short: sockets in it have a path of limited length
        try:
            return self._drive(task, options, temporary)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _drive(self, task: Task, options: ClaudeOptions, temporary: Path) -> Execution:
        env = self._environment(task, options, temporary)
        earlier = rows(task.earlier) if task.earlier else []
        if task.earlier:
            _carry_on(task.earlier, task.directory)
        request = _request(task, options, env, self._rehearsal(task), temporary, earlier)
        asked = temporary / "request.json"
        asked.write_text(request.model_dump_json(), encoding="utf-8")
        follower = Follower(task.directory, task.emit, skip=len(earlier))
        try:
            finished = processes.run(
                # -P: neither the workspace nor the folder of the spec is a place to import from. -E: nor is PYTHONPATH.
                [sys.executable, "-E", "-P", "-B", "-c", PROGRAM, HERE, str(asked)],
                cwd=task.workspace,
                env=env,
                timeout=request.timeout + BACKSTOP_S,
                log=task.log,
                secrets=secrets(env),
                waiting=follower,
            )
        finally:
            follower.catch_up()
        if finished.log_error:
            task.emit("note", text=f"run.log: {finished.log_error}")
        everything = rows(task.directory)
        found = outcome(everything[len(earlier) :])
        if found is None:
            found = _driver_failed(task, finished)
            everything += recounted(everything, request.config)
        return Execution(
            found.cause,
            found.message,
            finished.exit_code,
            metrics(everything, reserved=task.plan.experiment.metrics),
            finished.containment,
            found.wait_s,
        )

    def _environment(self, task: Task, options: ClaudeOptions, temporary: Path) -> dict[str, str]:
        env = {**task.env, **options.env, **self._rehearsal(task)}
        own = task.directory.parent / OWN
        own.mkdir(exist_ok=True)
        if not is_logged_in_by(env):
            task.emit("note", text=f"the login lies in {user_config(env)}, so sessions of all trials are listed there")
        return session_environment(env, own, temporary, as_root=options.allow_root)

    def _rehearsal(self, task: Task) -> dict[str, str]:
        """The variables that lead to the scripted model of this experiment; none if the model is real."""
        url = self._rehearsals.get(task.plan.experiment.experiment)
        if url is None:
            return {}
        from pytest_parex.rehearsal import environment

        return environment(url, _facts(task))


def _request(
    task: Task,
    options: ClaudeOptions,
    env: Mapping[str, str],
    rehearsal: dict[str, str],
    temporary: Path,
    earlier: list[Row],
) -> Request:
    folder = Path(task.plan.spec).parent
    for path in options.plugins:
        if not (folder / path).is_dir():
            raise SetupError(f"`plugins`: there is no folder {path} beside the spec")
    sessions = [row for row in earlier if row["is"] == "session"]
    return Request(
        workspace=task.workspace,
        directory=task.directory,
        config=user_config(env),
        locks=store.run_directory_of(task.directory),
        options=options.model_copy(update={"plugins": tuple(str(folder / path) for path in options.plugins)}),
        prompts=prompts(task, options),
        timeout=max(task.timeout - task.spent_s, 1.0),
        money=min(filter(None, (task.money, options.max_budget_usd)), default=None),
        rehearsal=rehearsal,
        first=sessions[-1]["step"] - 1 if sessions else 0,
        resume=sessions[-1]["id"] if sessions else None,
        writable=(temporary,),
        denied=tuple(
            Path(path) for path in (task.plan.base_of(task.trial.variant).checkout, task.plan.directory) if path
        ),
    )


def _carry_on(earlier: Path, directory: Path) -> None:
    """Begin record and transcript with those of the attempt that this one goes on from: each tells the whole."""
    for name in (FILE, transcript.JSON, transcript.TEXT):
        if (earlier / name).is_file():
            shutil.copyfile(earlier / name, directory / name)


def _facts(task: Task) -> dict[str, Scalar]:
    """What a rehearsal's script can choose sessions by."""
    trial = task.trial
    own = {"experiment": task.plan.experiment.experiment, "variant": trial.variant, "trial": trial.id}
    return {**trial.matrix, **own, "case": trial.case, "repeat": trial.repeat, "workspace": str(task.workspace)}


def _driver_failed(task: Task, finished: processes.Finished) -> Outcome:
    if finished.timed_out:
        return Outcome(Cause.TIME_LIMIT, f"stopped at its time limit of {task.timeout:g} s")
    printed = processes.last_lines(task.log, LAST_LINES)
    text = f"the process that drives the session ended with exit code {finished.exit_code}; it printed last:\n{printed}"
    return Outcome(Cause.AGENT_FAILED, text)
