"""The options of the runner `claude`, as a spec writes them under `runner: {claude: …}`.

Those that matter are typed here. Any other field of the installed SDK's `ClaudeAgentOptions` may be given by its own
name and is checked against the SDK, except those that parex itself must set to keep its promises.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from pytest_parex.model import Model
from pytest_parex.model.base import Flag, Text, one_or_many, shorthand
from pytest_parex.model.stages import Environment
from pytest_parex.spec.nearest import listed, meant

Texts = Annotated[tuple[Text, ...], BeforeValidator(one_or_many)]
Servers = dict[str, dict[str, Any]]

TOOLS = (
    "Agent", "Bash", "Edit", "Glob", "Grep", "NotebookEdit", "Read", "Skill", "Task", "TodoWrite", "ToolSearch",
    "WebFetch", "WebSearch", "Write",
)  # fmt: skip
"""What an agent may use without being asked, unless the spec says otherwise: nobody is there to be asked."""

OURS = {
    "cwd": "it is the trial's workspace",
    "cli_path": "the program is the one that comes with the SDK",
    "hooks": "they are Python; parex uses them for its guard and its notices",
    "can_use_tool": "it is Python, and nobody is there to be asked",
    "permission_prompt_tool_name": "nobody is there to be asked",
    "resume": "parex resumes a session itself",
    "continue_conversation": "parex resumes a session itself",
    "resume_session_at": "parex resumes a session itself",
    "resume_drops_turn": "parex resumes a session itself",
    "fork_session": "parex resumes a session itself",
    "session_id": "parex chooses it, to find the session again",
    "session_store": "it is Python",
    "session_store_flush": "it belongs to `session_store`",
    "load_timeout_ms": "it belongs to `session_store`",
    "stderr": "it goes to run.log",
    "debug_stderr": "it goes to run.log",
    "max_buffer_size": "parex sets it so that no edit is too big",
    "include_partial_messages": "nobody would read them",
    "include_hook_events": "nobody would read them",
    "user": "the program runs as the user who started pytest",
}


class Step(Model):
    """One prompt of several."""

    prompt: Text
    """Template: what the agent is told; `{{ prompt }}` is what it would have been told without steps."""
    name: Text | None = None
    """The name in metrics and reports; default: its number, counted from 1."""
    session: Literal["same", "new"] = "same"
    """Whether the agent remembers the steps before."""


StepField = Annotated[Step, BeforeValidator(shorthand("prompt", str), json_schema_input_type=str | Step)]


class SystemPrompt(Model):
    """Claude Code's own system prompt, with something behind it."""

    preset: Literal["claude_code"] = "claude_code"
    append: Text | None = None


class Agent(Model):
    """A subagent that the session can start; the fields of the SDK's `AgentDefinition`."""

    model_config = ConfigDict(extra="allow")

    description: Text
    prompt: Text


class ClaudeOptions(Model):
    """How an agent session is set up. All texts are templates."""

    model_config = ConfigDict(extra="allow")

    model: Text | None = None
    """The model; say it, since the program's default depends on how it is logged in."""
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    """How hard the model thinks; the default differs per model."""
    fallback_model: Text | None = None
    """Used while the model is overloaded."""
    max_turns: Annotated[int, Field(ge=1)] | None = None
    """Turns per prompt; a turn is one answer of the model with the tools that it calls."""
    max_budget_usd: Annotated[float, Field(gt=0)] | None = None
    """What a trial may cost at most; besides `budget.trial_usd` of the spec, the lower one holds."""
    permission_mode: Literal["acceptEdits", "bypassPermissions", "default", "dontAsk", "plan"] = "acceptEdits"
    """What happens to calls of tools that are not in `allowed_tools`; nobody can be asked, so asking is refusing."""
    allow_root: Flag = False
    """Allow `bypassPermissions` for root, on a machine where nothing can be broken."""
    allowed_tools: Texts = TOOLS
    """Tools that need no permission."""
    disallowed_tools: Texts = ()
    """Tools, or rules such as `Bash(git push:*)`, that are refused."""
    setting_sources: tuple[Literal["user", "project", "local"], ...] = ("project",)
    """Which of Claude Code's settings files, commands, skills, agents and CLAUDE.md are read; `user`: yours."""
    system_prompt: Text | SystemPrompt = SystemPrompt()
    """Claude Code's, with `{append: text}` behind it, or a text instead of it."""
    mcp_servers: Servers = {}
    """MCP servers by name, as in `.mcp.json`."""
    plugins: Texts = ()
    """Folders of Claude Code plugins, beside the spec."""
    agents: dict[str, Agent] = {}
    """Subagents by name."""
    env: Environment = {}
    """Environment variables of the session only, over those of the trial."""
    sandbox: Flag = False
    """Shell commands run in bubblewrap: they write only in the workspace, and reach no network."""
    steps: Annotated[tuple[StepField, ...], BeforeValidator(one_or_many)] = ()
    """Several prompts, one after the other, each timed and priced on its own."""
    prompt: Text | None = None
    """Template: replaces what the agent is told; `{{ prompt }}` is what it would have been told."""
    notice: Flag = True
    """Tell the agent once when a limit is near."""

    @property
    def others(self) -> dict[str, Any]:
        """Options that are handed to the SDK as they are."""
        return dict(self.model_extra or {})


def read(options: Any) -> ClaudeOptions:
    """The options, once their templates are filled in; pydantic's ValidationError if they are not right."""
    return ClaudeOptions.model_validate(options or {})


def lenient(options: Any) -> ClaudeOptions:
    """The options as far as they are known before their templates are filled in."""
    return read({name: value for name, value in (options or {}).items() if not _is_template(value)})


def faults(options: Any) -> Iterator[str]:
    """What is wrong with options whose templates are not yet filled in, one sentence each."""
    if options is not None and not isinstance(options, Mapping):
        yield "give options, as in `claude: {model: claude-sonnet-5, max_turns: 40}`"
        return
    try:
        given = read(options)
    except ValidationError as error:
        for fault in error.errors():
            if not _is_template(fault["input"]):
                yield f"`{'.'.join(map(str, fault['loc']))}`: {_worded(fault['msg'])}"
        return
    names = [step.name for step in given.steps if step.name]
    yield from (f"`steps`: two are called `{name}`" for name in sorted({n for n in names if names.count(n) > 1}))
    for name, value in given.others.items():
        if name in OURS:
            yield f"`{name}` cannot be set: {OURS[name]}"
        elif name not in _sdk_fields():
            known = [*ClaudeOptions.model_fields, *(field for field in _sdk_fields() if field not in OURS)]
            yield f"there is no option `{name}`{meant(name, known) or f'; known here: {listed(sorted(known), 40)}'}"
        elif not _is_template(value) and (why := _why_wrong(name, value)):
            yield f"`{name}`: {why}, says the installed claude-agent-sdk"


@cache
def _sdk_fields() -> dict[str, Any]:
    from claude_agent_sdk import ClaudeAgentOptions

    hints = get_type_hints(ClaudeAgentOptions)
    return {field.name: _checkable(hints[field.name]) for field in dataclasses.fields(ClaudeAgentOptions)}


def _checkable(hint: Any) -> Any:
    """The type without what pydantic cannot check: the SDK's TypedDicts (on Python 3.11) are any mapping."""
    if is_typeddict(hint):
        return dict[str, Any]
    if get_origin(hint) in (Union, UnionType):
        return Union[tuple(map(_checkable, get_args(hint)))]  # noqa: UP007 - made from a list
    return hint


def _why_wrong(name: str, value: Any) -> str:
    try:
        TypeAdapter(_sdk_fields()[name]).validate_python(value)
    except ValidationError as error:
        return _worded(error.errors()[0]["msg"])
    return ""


def _is_template(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_template, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_is_template, value))
    return isinstance(value, str) and "{{" in value


def _worded(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
