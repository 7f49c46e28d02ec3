"""What an agent is told: instructions, task, its variant's way of doing it, the case, and its limits.

Instructions are read afresh for every trial, and what was read is journalled by its digest. An instruction may also be
the name of a slash command or skill of the workspace; the prompt then begins with it, and the rest are its arguments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pytest_parex.errors import SetupError
from pytest_parex.model import Task
from pytest_parex.runners.claude.options import ClaudeOptions
from pytest_parex.runners.claude.request import Prompt
from pytest_parex.spec import LATER, is_slash_command
from pytest_parex.workspace.environment import facts

LONGEST_CASE = 100_000
"""Bytes of a case's file that are put into the prompt; a longer one is named."""


def prompts(task: Task, options: ClaudeOptions) -> tuple[Prompt, ...]:
    """The steps of this trial, ready to be sent. SetupError if something that they name cannot be read."""
    whole = _whole(task, options)
    if not options.steps:
        return (Prompt(name="1", text=(options.prompt or LATER).replace(LATER, whole), new_session=True),)
    return tuple(
        Prompt(
            name=step.name or str(number),
            text=step.prompt.replace(LATER, whole),
            new_session=number == 1 or step.session == "new",
        )
        for number, step in enumerate(options.steps, 1)
    )


def _whole(task: Task, options: ClaudeOptions) -> str:
    told = facts(task.plan, task.trial)
    commands = [name for name in task.plan.experiment.instructions if is_slash_command(name)]
    parts = [
        *_instructions(task),
        _part("Task", told.get("PAREX_TASK")),
        _part(f"How: {task.trial.variant}", told.get("PAREX_PROMPT")),
        _part(f"Input: {task.trial.case}", _case(task)),
        _part("Rules", "\n".join(f"- {rule}" for rule in _rules(task, options))),
    ]
    return " ".join(commands) + ("\n\n" if commands else "") + "\n\n".join(part for part in parts if part)


def _part(title: str, text: str | None) -> str:
    return f"# {title}\n\n{text.strip()}" if text and text.strip() else ""


def _instructions(task: Task) -> Iterator[str]:
    folder = Path(task.plan.spec).parent
    for name in task.plan.experiment.instructions:
        if is_slash_command(name):
            continue
        try:
            data = (folder / name).read_bytes()
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"the instructions {name} cannot be read: {error}") from None
        task.emit("instructions", file=name, sha256=hashlib.sha256(data).hexdigest())
        yield text.strip()


def _case(task: Task) -> str | None:
    if task.trial.case is None:
        return None
    case = task.plan.experiment.cases[task.trial.case]
    copy = task.env.get("PAREX_CASE_FILE")
    text = case.text
    if copy:
        try:
            data = Path(copy).read_bytes()
            text = data.decode("utf-8") if len(data) <= LONGEST_CASE else None
        except (OSError, UnicodeDecodeError):
            text = None
        return text if text is not None else f"It is in the file {copy}."
    return text


def _rules(task: Task, options: ClaudeOptions) -> Iterator[str]:
    minutes, seconds = divmod(round(task.timeout), 60)
    time = f"{minutes} min" if minutes and not seconds else f"{task.timeout:g} s"
    turns = f", {options.max_turns} turns" if options.max_turns else ""
    money = f", {task.money:g} USD" if task.money else ""
    yield f"Work in {task.workspace} and nowhere else. Nobody can answer questions: decide yourself."
    yield f"Your limits: {time}{turns}{money}. What is there when they are reached is what counts."
    yield "If you measure something, report it with the tool mcp__parex__report_metric."
    yield "While you work, say how far you are with mcp__parex__report_progress."
    yield "When you are done, write what you did and why to RESULTS.md."
