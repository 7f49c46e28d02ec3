"""What a spec says about the stages of a trial: its workspace, setup, runner, checks and metrics.

Shorthands (a text for a mapping) are expanded here, so that the rest of the code sees one form.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_serializer, model_validator

from pytest_parex.model.base import Flag, Model, Number, Seconds, Text, one_or_many, shorthand

PYTHON_REFERENCE = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
"""`package.module:function`."""

Texts = Annotated[tuple[Text, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str])]
PythonReference = Annotated[str, Field(pattern=PYTHON_REFERENCE)]


def as_text(value: Any) -> Any:
    """A number, true or false as the text that YAML and JSON write for it; anything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


EnvironmentValue = Annotated[str, BeforeValidator(as_text, json_schema_input_type=str | float | bool)]
Environment = dict[str, EnvironmentValue]


class Command(Model):
    """A shell command, run in the workspace with the `PAREX_*` variables."""

    command: Text
    """The command, for `sh -c`."""
    timeout: Seconds = 600.0
    """Time limit: "90s", "30m", "2h" or seconds."""


CommandField = Annotated[Command, BeforeValidator(shorthand("command", str), json_schema_input_type=str | Command)]


class Setup(Model):
    """What makes a workspace ready, before the variant begins."""

    auto: Flag = False
    """Install what the lock files of uv, npm, pnpm and pip name."""
    steps: tuple[CommandField, ...] = ()
    """Commands, one after the other; the first that fails ends the attempt."""
    verify: CommandField | None = None
    """A last command that must succeed."""


def _setup(value: Any) -> Any:
    if value == "auto":
        return {"auto": True}
    if isinstance(value, str):
        return {"steps": [value]}
    if isinstance(value, list):
        verify = [step["verify"] for step in value if _is_verify(step)]
        if len(verify) > 1:
            raise ValueError("`verify` comes once, as the last step")
        steps = [step for step in value if not _is_verify(step) and step != "auto"]
        return {"auto": "auto" in value, "steps": steps, **({"verify": verify[0]} if verify else {})}
    if isinstance(value, dict) and "command" in value:
        return {"steps": [value]}
    return value


def _is_verify(step: Any) -> bool:
    return isinstance(step, dict) and set(step) == {"verify"}


class VerifyStep(Model):
    """The last step of a setup that is written as a list."""

    verify: str | Command
    """A command that must succeed."""


SetupField = Annotated[
    Setup, BeforeValidator(_setup, json_schema_input_type=str | list[str | Command | VerifyStep] | Command | Setup)
]


FREE_RUNNERS = frozenset({"shell", "python", "compose", "none"})
"""Runners that know of no costs."""


class RunnerChoice(Model):
    """Which runner does the work, and its own options, which that runner checks."""

    name: str
    options: Any = None

    @property
    def may_cost_money(self) -> bool:
        """Whether the work may have a price that the runner tells: that of agents, and of runners that plugins add."""
        return self.name not in FREE_RUNNERS

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        return {self.name: self.options}


def _runner(value: Any) -> Any:
    if isinstance(value, str) and value:
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1:
        ((name, options),) = value.items()
        return {"name": name, "options": options}
    if isinstance(value, RunnerChoice):
        return value
    raise ValueError(
        "a runner is a name such as `none`, or a mapping with one key: the runner's name, with its options"
    )


RunnerField = Annotated[
    RunnerChoice,
    BeforeValidator(_runner, json_schema_input_type=str | Annotated[dict[str, Any], Field(min_length=1, max_length=1)]),
]


class WorkspaceSettings(Model):
    """Where trials work and what they find there."""

    kind: Literal["auto", "worktree", "clone", "copy", "container"] = "auto"
    """How trials are kept apart; auto: a clone for agents, a worktree otherwise."""
    root: Text | None = None
    """Folder in which workspaces are made; default `../<repository>.parex`. Never inside the repository."""
    carry: Texts = ()
    """Ignored files to copy in (patterns), besides those that .worktreeinclude names."""
    submodules: Flag = False
    """Check submodules out too."""
    sparse: Texts = ()
    """Check only these folders out."""
    ports: Texts = ()
    """Leased free ports, exported under these names."""
    branch: Text | None = None
    """Template: name of the branch that is checked out in the workspace; default: none."""
    keep: Literal["all", "failed", "none"] | None = None
    """Which workspaces stay after the run; default all, and none when CI is set."""


class Check(Model):
    """A command or function that passes or fails on the captured work."""

    command: Text | None = None
    """The command, for `sh -c`; exit code 0 passes."""
    python: PythonReference | None = None
    """The function, `module:function`."""
    required: Flag = True
    """Whether the trial fails with it; otherwise it is only shown."""
    timeout: Seconds = 600.0
    """Time limit."""

    @model_validator(mode="after")
    def _one_kind(self) -> Check:
        if (self.command is None) == (self.python is None):
            raise ValueError("a check has exactly one of `command` and `python`")
        return self


CheckField = Annotated[Check, BeforeValidator(shorthand("command", str), json_schema_input_type=str | Check)]


class MetricReader(Model):
    """Where a number comes from, and how it is to be read. Exactly one of the sources is given.

    `json`, `junit`, `coverage` and `file` name a file in the workspace; `command` runs there, and its output is read
    with `pattern` (first group) or is a single number; `python` names a function that is given the trial.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    json_file: Text | None = Field(None, alias="json")
    """A JSON file. With `path` one number, without it every number in it, as `name.key`."""
    junit: Text | None = None
    """A JUnit XML file: `name.passed`, `name.failed`, `name.pass_rate`, `name.duration_s`."""
    coverage: Text | None = None
    """A coverage report, XML or JSON."""
    file: Text | None = None
    """A text file, read with `pattern`."""
    command: Text | None = None
    """A command that prints the number, or text that `pattern` finds it in."""
    python: PythonReference | None = None
    """A function, `module:function`."""
    path: Text | None = None
    """Where in the JSON file: keys joined by dots."""
    pattern: str | None = None
    """A regular expression whose first group is the number."""
    unit: str | None = None
    """Shown behind the number."""
    better: Literal["higher", "lower"] | None = None
    """Which direction is better; without it the metric is shown and never ranked."""
    at_least: Number | None = None
    """A trial whose number is below this fails."""
    at_most: Number | None = None
    """A trial whose number is above this fails."""
    timeout: Seconds = 600.0
    """Time limit of the command or function."""

    @model_validator(mode="after")
    def _one_source(self) -> MetricReader:
        given = [
            name
            for name in ("json", "junit", "coverage", "file", "command", "python")
            if getattr(self, "json_file" if name == "json" else name) is not None
        ]
        if len(given) != 1:
            found = "none" if not given else " and ".join(f"`{name}`" for name in given)
            raise ValueError(
                f"a metric has exactly one of `json`, `junit`, `coverage`, `file`, `command`, `python`; found {found}"
            )
        if self.file is not None and self.pattern is None:
            raise ValueError("`file` needs a `pattern` whose first group is the number")
        return self

    @field_validator("pattern")
    @classmethod
    def _has_group(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            groups = re.compile(value).groups
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if groups < 1:
            raise ValueError("a pattern needs a group around the number, as in 'p99=([0-9.]+)'")
        return value
