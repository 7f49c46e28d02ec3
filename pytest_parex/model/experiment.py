"""What a spec file says, once it is read: the experiment.

These classes and those of `stages.py` are the single place where a key of the spec is defined: the loader validates
against them, the JSON Schema is made from them, and `plan.json` holds them. Paths in a spec are relative to the folder
of the spec file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pytest_parex.model.base import Flag, Model, Number, Scalar, Seconds, Text, Whole, shorthand
from pytest_parex.model.stages import (
    Check,
    CheckField,
    Command,
    CommandField,
    Environment,
    MetricReader,
    RunnerChoice,
    RunnerField,
    Setup,
    SetupField,
    Texts,
    WorkspaceSettings,
)

__all__ = [
    "BUILT_IN_METRICS",
    "SLUG",
    "STRATEGIES",
    "Budget",
    "Case",
    "Check",
    "Command",
    "CommandField",
    "CompareSettings",
    "Experiment",
    "Gate",
    "Matrix",
    "MetricReader",
    "Repeats",
    "RunnerChoice",
    "Setup",
    "Variant",
    "WorkspaceSettings",
]

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


def _or_text(field: str) -> Callable[[Any], Any]:
    """A text stands for `{field: text}`, and a name with nothing behind it for a mapping with nothing in it."""
    expand = shorthand(field, str)
    return lambda value: {} if value is None else expand(value)


class Variant(Model):
    """One named way of doing the job. What it does not say is taken from the experiment."""

    prompt: str | None = None
    """Template: what an agent is told about this way of doing the job."""
    description: str | None = None
    """Shown in reports."""
    env: Environment = {}
    """Environment variables, over those of the experiment."""
    files: dict[str, Text] = {}
    """Overlay: path in the workspace ← path beside the spec (a file, or a folder whose contents are laid over)."""
    ref: Text | None = None
    """Work that exists: a branch, tag or commit of the source."""
    patch: Text | None = None
    """Work that exists: a patch file."""
    source: Text | None = None
    """Another source than the experiment's."""
    runner: RunnerField | None = None
    """Another runner; where it is the same, its options are merged over the experiment's."""
    setup: SetupField | None = None
    """Another setup than the experiment's."""
    timeout: Seconds | None = None
    """Another time limit than the experiment's."""


VariantField = Annotated[Variant, BeforeValidator(_or_text("prompt"), json_schema_input_type=str | Variant | None)]


class Case(Model):
    """One input that every variant gets. Keys of its own are kept, for templates and reports."""

    model_config = ConfigDict(extra="allow")

    file: Text | None = None
    """A file beside the spec."""
    text: str | None = None
    """The input itself."""

    @property
    def facts(self) -> dict[str, Any]:
        """Everything that is known of the case, its own keys included."""
        given = {"file": self.file, "text": self.text}
        return {**{key: value for key, value in given.items() if value is not None}, **(self.model_extra or {})}


CaseField = Annotated[Case, BeforeValidator(_or_text("text"), json_schema_input_type=str | Case | None)]


class Matrix(Model):
    """Axes with their values; `include` and `exclude` work as in GitHub Actions. A point is one value per axis."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[tuple[Scalar, ...], Field(min_length=1)]]

    include: tuple[dict[str, Scalar], ...] = ()
    """Each entry extends the points that it agrees with, or adds a point when there are none."""
    exclude: tuple[dict[str, Scalar], ...] = ()
    """Removes the points with these values; may name `variant` and `case` too. Before `include`."""

    @property
    def axes(self) -> dict[str, list[Scalar]]:
        """Axis name → its values, in the order of the spec."""
        return {axis: list(values) for axis, values in (self.model_extra or {}).items()}


class Repeats(Model):
    """How often each variant is run on each case; with `max` above `min`, until the verdict is settled."""

    min: Whole = Field(1, ge=1, le=10_000)
    """At least so often."""
    max: Whole = Field(1, ge=1, le=10_000)
    """At most so often; default: `min`."""

    @model_validator(mode="after")
    def _ordered(self) -> Repeats:
        if self.max < self.min:
            raise ValueError("`max` must not be below `min`")
        return self


def _repeats(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"min": value, "max": value}
    if isinstance(value, dict) and "min" in value and "max" not in value:
        return {**value, "max": value["min"]}
    return value


RepeatsField = Annotated[Repeats, BeforeValidator(_repeats, json_schema_input_type=int | Repeats)]


class Budget(Model):
    """Money in US dollars. A trial starts only when its share is still free."""

    usd: Number | None = Field(None, gt=0)
    """For the whole run."""
    trial_usd: Number | None = Field(None, gt=0)
    """For one trial."""

    @model_validator(mode="after")
    def _share_known(self) -> Budget:
        if self.usd is not None and self.trial_usd is None:
            raise ValueError("`usd` needs `trial_usd`: a trial starts only when its share is still free")
        if self.usd is not None and self.trial_usd is not None and self.trial_usd > self.usd:
            raise ValueError("`trial_usd` must not be above `usd`: no trial could start")
        return self


class CompareSettings(Model):
    """What decides between the variants."""

    baseline: Text | None = None
    """The variant that the others are compared with."""
    rank: Texts = ("success_rate",)
    """Metrics, in order of importance."""
    margin: dict[str, Annotated[Number, Field(ge=0)]] = {}
    """Metric → the difference that counts as equal, so that the next criterion decides."""


class Gate(Model):
    """A condition on the finished comparison; a pytest item that runs after all trials."""

    metric: Text
    """The metric that is judged: its mean over the counted trials, of `success_rate` the rate."""
    variant: Text | None = None
    """Of this variant; default: of every variant."""
    vs: Text | None = None
    """Judge the difference from this variant rather than the value."""
    baseline: Flag = False
    """Judge the difference from the same variant in the comparison that `--parex-baseline` names."""
    at_least: Number | None = None
    """The smallest value that passes."""
    at_most: Number | None = None
    """The largest value that passes."""
    tolerance: Annotated[Number, Field(ge=0)] = 0.0
    """How far outside of the limits still passes, in the unit of the limits."""
    relative: Flag = False
    """The limits are percent of the mean that the difference is from."""
    confidence: Number | None = None
    """0.95: the whole 95 % interval must be inside of the limits. Default: the value."""

    @model_validator(mode="after")
    def _bounded(self) -> Gate:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a gate needs `at_least` or `at_most`")
        if self.vs is not None and self.baseline:
            raise ValueError("`vs` and `baseline` are two differences: write a gate for each")
        if self.relative and self.vs is None and not self.baseline:
            raise ValueError("`relative` needs `vs` or `baseline`: percent of what?")
        if self.relative and self.metric == "success_rate":
            raise ValueError("`success_rate` is a share already: leave `relative` out")
        if self.relative and self.confidence is not None:
            raise ValueError("no interval is known of a `relative` difference: leave `relative` or `confidence` out")
        if self.confidence not in (None, 0.95):
            raise ValueError("`confidence`: the intervals of a comparison are 95 % intervals; write 0.95")
        return self


class Experiment(Model):
    """A spec file of pytest-parex. Paths are relative to the folder of the file."""

    experiment: str = Field(pattern=SLUG)
    """The name; default: the file's stem. Letters, digits, '-', '_', '.'; '--' is reserved."""
    description: str | None = None
    """Shown in reports."""
    source: Text | None = None
    """A path, git URL or plain directory; default: the git repository that holds the spec."""
    base: Text = "HEAD"
    """The commit that every workspace starts from; resolved once per run."""
    dirty: Literal["snapshot", "head", "error"] = "snapshot"
    """Uncommitted changes of the source: in the base (snapshot), left out (head), or an error."""
    task: str | None = None
    """The job."""
    task_file: Text | None = None
    """A file that describes the job."""
    instructions: Texts = ()
    """Files with instructions for agents, read afresh for every trial; or slash commands of the workspace."""
    variants: dict[str, VariantField] = Field(min_length=1)
    """Name → prompt or mapping; or a list of built-in strategies."""
    matrix: Matrix = Matrix()
    """Axes with their values: every variant is run at every point."""
    cases: dict[str, CaseField] = {}
    """Name → text or mapping; or a glob of files beside the spec."""
    repeats: RepeatsField = Repeats()
    """How often; a number, or {min, max} to repeat until the verdict is settled."""
    max_parallel: Whole | None = Field(None, ge=1)
    """Trials at once, whatever -n says."""
    timeout: Seconds = 1800.0
    """Time limit of the runner: "90s", "30m", "2h" or seconds."""
    budget: Budget = Budget()
    """What the run may cost."""
    retries: Whole = Field(2, ge=0, le=20)
    """Further attempts after endings that are not the variant's doing."""
    fail_on: Literal["trials", "gates"] | None = None
    """What turns the exit code red; default gates when there are gates, else trials."""
    workspace: WorkspaceSettings = WorkspaceSettings()
    """Where trials work."""
    env: Environment = {}
    """Environment variables of every trial."""
    setup: SetupField = Setup()
    """Commands that make a workspace ready, or `auto`."""
    runner: RunnerField | None = None
    """What does the work: the runner's name with its options; default none."""
    protect: Texts = ()
    """Patterns of files that are restored from the base before grading."""
    holdout: Text | None = None
    """Files laid over the workspace before grading, never visible to a variant."""
    checks: dict[str, CheckField] = {}
    """Name → command or mapping."""
    metrics: dict[str, MetricReader] = {}
    """Name → where the number comes from."""
    artifacts: Texts = ()
    """Patterns of files that are kept with the results."""
    compare: CompareSettings = CompareSettings()
    """How the variants are judged."""
    gates: tuple[Gate, ...] = ()
    """Conditions on the finished comparison."""

    @field_validator("variants", mode="before", json_schema_input_type=dict[str, VariantField] | list[str])
    @classmethod
    def _strategies(cls, value: Any) -> Any:
        """A list names built-in strategies."""
        if not isinstance(value, list):
            return value
        unknown = [name for name in value if not isinstance(name, str) or name not in STRATEGIES]
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
        if common and own.name == common.name:
            return RunnerChoice(name=own.name, options=_merged(common.options, own.options))
        return own

    def setup_of(self, variant: str) -> Setup:
        """The setup of a variant: its own if it has one, else the experiment's."""
        return self.variants[variant].setup or self.setup

    def env_of(self, variant: str) -> dict[str, str]:
        """The environment variables of a variant: its own over the experiment's."""
        return {**self.env, **self.variants[variant].env}

    @property
    def failures_count(self) -> bool:
        """Whether failed trials turn the exit code red, rather than the gates alone."""
        return (self.fail_on or ("gates" if self.gates else "trials")) == "trials"

    def timeout_of(self, variant: str) -> float:
        """The time limit of a variant's work, in seconds."""
        return self.variants[variant].timeout or self.timeout


def _merged(common: Any, own: Any) -> Any:
    """Mappings merge; lists and scalars replace, and nothing replaces nothing."""
    if own is None:
        return common
    if isinstance(common, Mapping) and isinstance(own, Mapping):
        return {**common, **{key: _merged(common.get(key), value) for key, value in own.items()}}
    return own
