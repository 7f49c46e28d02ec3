"""What a spec file says, once it is read: the experiment.

These classes are the single place where a key of the spec is defined: the loader validates against them, the JSON
Schema is made from them, and `plan.json` holds them. Shorthands (a text for a mapping) are expanded here, so that the
rest of the code sees one form. Paths in a spec are relative to the folder of the spec file.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_serializer, model_validator

from pytest_parex.model.base import Model, Scalar, Seconds, one_or_many, shorthand

STRATEGIES = {
    "simple": "Choose the simplest design that fully does the task: few parts, standard tools, easy to read.",
    "performance": "Choose the design that runs fastest and uses least memory; measure before and after.",
    "extensible": "Choose the design that is easiest to extend: clear interfaces, small parts, no special cases.",
    "innovative": "Choose an unconventional design that you can justify, and say what it wins over the usual one.",
}
"""The built-in strategies: `variants: [simple, performance]` stands for variants with these prompts."""

SLUG = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
BUILT_IN_METRICS = ("success_rate", "duration_s", "checks_passed", "files_changed", "lines_changed", "cost_usd")
"""Metrics that every trial has without being asked for (`cost_usd` where the runner knows costs); higher is better for
`success_rate` and `checks_passed`, lower for the others."""


Texts = Annotated[tuple[str, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str])]


class Command(Model):
    """A shell command, run in the workspace with the `PAREX_*` variables."""

    command: str = Field(min_length=1)
    timeout: Seconds = 600.0


CommandField = Annotated[
    Command, BeforeValidator(shorthand("command", str), json_schema_input_type=str | Command)
]


class Setup(Model):
    """What makes a workspace ready: `auto` detects uv, npm, pnpm and pip from lock files; `verify` comes last."""

    auto: bool = False
    steps: tuple[CommandField, ...] = ()
    verify: CommandField | None = None


def _setup(value: Any) -> Any:
    if value == "auto":
        return {"auto": True}
    if isinstance(value, str):
        return {"steps": [value]}
    if isinstance(value, list):
        verify = [step["verify"] for step in value if isinstance(step, dict) and set(step) == {"verify"}]
        rest = [step for step in value if not (isinstance(step, dict) and set(step) == {"verify"}) and step != "auto"]
        return {"auto": "auto" in value, "steps": rest, **({"verify": verify[-1]} if verify else {})}
    if isinstance(value, dict) and "command" in value:
        return {"steps": [value]}
    return value


SetupField = Annotated[
    Setup, BeforeValidator(_setup, json_schema_input_type=str | list[str | Command | dict[str, str]] | Setup)
]


class RunnerChoice(Model):
    """Which runner does the work, and its own options, which that runner checks."""

    name: str
    options: Any = None

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        return {self.name: self.options}


def _runner(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1:
        ((name, options),) = value.items()
        return {"name": name, "options": options}
    raise ValueError("a runner is `none`, or a mapping with exactly one key: the runner's name, with its options")


RunnerField = Annotated[RunnerChoice, BeforeValidator(_runner, json_schema_input_type=str | dict[str, Any])]


class Variant(Model):
    """One named way of doing the job. What it does not say is taken from the experiment."""

    prompt: str | None = None
    description: str | None = None
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    """Overlay: path in the workspace ← path beside the spec (a file, or a folder whose contents are laid over)."""
    ref: str | None = None
    patch: str | None = None
    source: str | None = None
    runner: RunnerField | None = None
    setup: SetupField | None = None
    timeout: Seconds | None = None


VariantField = Annotated[
    Variant, BeforeValidator(shorthand("prompt", str), json_schema_input_type=str | Variant)
]


class Case(Model):
    """One input that every variant gets. Keys of its own are kept, for templates and reports."""

    model_config = ConfigDict(extra="allow")

    file: str | None = None
    text: str | None = None


CaseField = Annotated[Case, BeforeValidator(shorthand("text", str), json_schema_input_type=str | Case)]


class Matrix(Model):
    """Axes with their values; `include` and `exclude` work as in GitHub Actions. A point is one value per axis."""

    model_config = ConfigDict(extra="allow")

    include: tuple[dict[str, Scalar], ...] = ()
    exclude: tuple[dict[str, Scalar], ...] = ()

    @property
    def axes(self) -> dict[str, list[Scalar]]:
        """Axis name → its values, in the order of the spec."""
        return dict(self.model_extra or {})


class Repeats(Model):
    """How often each variant is run on each case; with `max` above `min`, until the verdict is settled."""

    min: int = Field(1, ge=1, le=10_000)
    max: int = Field(1, ge=1, le=10_000)

    @model_validator(mode="after")
    def _ordered(self) -> Repeats:
        if self.max < self.min:
            raise ValueError("`max` must not be below `min`")
        return self


def _repeats(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"min": value, "max": value}
    return value


RepeatsField = Annotated[Repeats, BeforeValidator(_repeats, json_schema_input_type=int | Repeats)]


class Budget(Model):
    """Money in US dollars: for the whole run, and for one trial. A trial starts only when its share is still free."""

    usd: float | None = Field(None, gt=0)
    trial_usd: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _share_known(self) -> Budget:
        if self.usd is not None and self.trial_usd is None:
            raise ValueError("`usd` needs `trial_usd`: a trial starts only when its share is still free")
        return self


class WorkspaceSettings(Model):
    """Where trials work and what they find there."""

    kind: Literal["auto", "worktree", "clone", "copy", "container"] = "auto"
    root: str | None = None
    carry: Texts = ()
    submodules: bool = False
    sparse: Texts = ()
    ports: Texts = ()
    branch: str | None = None
    keep: Literal["all", "failed", "none"] | None = None


class Check(Model):
    """A command or function that passes or fails on the captured work. One that is not required is only shown."""

    command: str | None = Field(None, min_length=1)
    python: str | None = Field(None, pattern=r"^[\w.]+:\w+$")
    required: bool = True
    timeout: Seconds = 600.0

    @model_validator(mode="after")
    def _one_kind(self) -> Check:
        if (self.command is None) == (self.python is None):
            raise ValueError("a check has either `command` or `python`")
        return self


CheckField = Annotated[Check, BeforeValidator(shorthand("command", str), json_schema_input_type=str | Check)]


class MetricReader(Model):
    """Where a number comes from, and how it is to be read. Exactly one of the sources is given.

    `json`, `junit`, `coverage` and `file` name a file in the workspace; `command` runs there, and its output is read
    with `pattern` (first group) or is a single number; `python` names a function that is given the trial.
    """

    json_file: str | None = Field(None, alias="json")
    junit: str | None = None
    coverage: str | None = None
    file: str | None = None
    command: str | None = Field(None, min_length=1)
    python: str | None = Field(None, pattern=r"^[\w.]+:\w+$")
    path: str | None = None
    pattern: str | None = None
    unit: str | None = None
    better: Literal["higher", "lower"] | None = None
    at_least: float | None = None
    at_most: float | None = None
    timeout: Seconds = 600.0

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

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
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if groups < 1:
            raise ValueError("a pattern needs a group around the number, as in 'p99=([0-9.]+)'")
        return value


class CompareSettings(Model):
    """How the variants are judged: `rank` in order of importance, `margin` says what counts as equal."""

    baseline: str | None = None
    rank: Texts = ("success_rate",)
    margin: dict[str, Annotated[float, Field(ge=0)]] = {}


class Gate(Model):
    """A condition on the finished comparison; a pytest item that runs after all trials."""

    metric: str
    variant: str | None = None
    vs: str | None = None
    at_least: float | None = None
    at_most: float | None = None


class Experiment(Model):
    """A spec file, read. Field by field what docs/spec.md describes."""

    experiment: str = Field(pattern=SLUG)
    description: str | None = None
    source: str | None = None
    base: str = "HEAD"
    dirty: Literal["snapshot", "head", "error"] = "snapshot"
    task: str | None = None
    task_file: str | None = None
    instructions: Texts = ()
    variants: dict[str, VariantField] = Field(min_length=1)
    matrix: Matrix = Matrix()
    cases: dict[str, CaseField] = {}
    repeats: RepeatsField = Repeats()
    max_parallel: int | None = Field(None, ge=1)
    timeout: Seconds = 1800.0
    budget: Budget = Budget()
    retries: int = Field(2, ge=0, le=20)
    fail_on: Literal["trials", "gates"] | None = None
    workspace: WorkspaceSettings = WorkspaceSettings()
    env: dict[str, str] = {}
    setup: SetupField = Setup()
    runner: RunnerField | None = None
    protect: Texts = ()
    holdout: str | None = None
    checks: dict[str, CheckField] = {}
    metrics: dict[str, MetricReader] = {}
    artifacts: Texts = ()
    compare: CompareSettings = CompareSettings()
    gates: tuple[Gate, ...] = ()

    @field_validator("variants", mode="before", json_schema_input_type=dict[str, VariantField] | list[str])
    @classmethod
    def _strategies(cls, value: Any) -> Any:
        """A list names built-in strategies."""
        if not isinstance(value, list):
            return value
        unknown = [name for name in value if name not in STRATEGIES]
        if unknown:
            raise ValueError(
                f"a list of variants names built-in strategies ({', '.join(STRATEGIES)}); "
                f"{unknown[0]!r} is none: write `name: text` for your own"
            )
        return {name: STRATEGIES[name] for name in value}

    def runner_of(self, variant: str) -> RunnerChoice:
        """The runner of a variant: its own merged over the experiment's where both name the same runner."""
        own, common = self.variants[variant].runner, self.runner
        if own is None:
            return common or RunnerChoice(name="none")
        if common and own.name == common.name and isinstance(own.options, dict) and isinstance(common.options, dict):
            return RunnerChoice(name=own.name, options={**common.options, **own.options})
        return own
