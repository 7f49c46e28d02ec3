"""What a rehearsal script may say. The classes are the single place where its keys are defined."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from pytest_parex.model.base import Model, Number, Scalar, Text, Whole, shorthand

Kind = Literal["http", "refuse", "cut", "hang", "malformed", "sse_error", "not_sse"]
StopReason = Literal["end_turn", "tool_use", "max_tokens", "stop_sequence", "pause_turn", "refusal"]

_SETTINGS: Mapping[str, frozenset[str]] = {
    "http": frozenset({"status", "type", "message", "headers"}),
    "cut": frozenset({"after_events"}),
    "hang": frozenset({"after_events", "seconds"}),
    "malformed": frozenset({"after_events"}),
    "sse_error": frozenset({"after_events", "type", "message"}),
}
"""Kind of failure → its own keys; those that are not here have none."""


def _a_list(of: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValueError(f"allowed: a list of {of}")
        return value

    return BeforeValidator(check)


def _a_mapping(what: str, expand: Callable[[Any], Any] = lambda value: value) -> BeforeValidator:
    def check(value: Any) -> Any:
        expanded = expand(value)
        if not isinstance(expanded, Mapping | Model):
            raise ValueError(f"allowed: {what}")
        return expanded

    return BeforeValidator(check)


class Usage(Model):
    """The tokens that an answer is said to have taken; the program reckons its costs from them."""

    input_tokens: Whole = Field(100, ge=0)
    output_tokens: Whole = Field(50, ge=0)
    cache_read_input_tokens: Whole = Field(0, ge=0)
    cache_creation_input_tokens: Whole = Field(0, ge=0)
    cache_creation: dict[str, Whole] = {}
    """`cache_creation_input_tokens` by how long they are kept: `ephemeral_5m_input_tokens` and so on."""


class Call(Model):
    """The call of a tool; written as a mapping with one key: `Bash: {command: ls}`."""

    tool: Text
    input: dict[str, Any] = {}


def _one_call(value: Any) -> Any:
    if isinstance(value, Call):
        return value
    if not isinstance(value, Mapping) or len(value) != 1:
        raise ValueError("a call is a mapping with one key, the tool, for example `Bash: {command: ls}`")
    tool, given = next(iter(value.items()))
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"the input of {tool} is a mapping, for example `Bash: {{command: ls}}`")
    return {"tool": tool, "input": given or {}}


class Fail(Model):
    """A failure in the place of an answer."""

    kind: Kind
    """`http`: an error status. `refuse`: the connection is closed without a reply. `cut`: closed in the middle of the
    answer. `hang`: silence in the middle of the answer. `malformed`: an event that is no JSON. `sse_error`: an event
    that says an error. `not_sse`: a page of HTML."""
    times: Whole | None = Field(None, ge=1)
    """So many attempts at this turn fail, then it is answered. Default: every attempt."""
    status: Whole = Field(500, ge=400, le=599)
    type: Text | None = None
    """`overloaded_error` and so on. Default: what goes with the status."""
    message: str = "scripted failure"
    headers: dict[str, Scalar] = {}
    after_events: Whole = Field(1, ge=-1)
    """So many events of the answer are sent first; 0: only the headers; -1: nothing at all."""
    seconds: Number = Field(3600, ge=0)
    """How long the silence lasts."""

    @model_validator(mode="after")
    def _settings_belong_to_the_kind(self) -> Fail:
        own = _SETTINGS.get(self.kind, frozenset())
        strange = sorted(self.model_fields_set - own - {"kind", "times"})
        if strange:
            known = ", ".join(f"`{name}`" for name in ("times", *sorted(own)))
            raise ValueError(f"`{strange[0]}` has no meaning for `{self.kind}`; known for it: {known}")
        return self


FailField = Annotated[Fail, _a_mapping("a kind of failure, or a mapping with `kind`", shorthand("kind", str))]


class Turn(Model):
    """One answer of the model."""

    think: Text | None = None
    text: str | None = None
    """Default: `Done.`, if there are neither calls nor content."""
    calls: Annotated[tuple[Annotated[Call, BeforeValidator(_one_call)], ...], _a_list("calls")] = ()
    """Tools to call, all at once."""
    content: Annotated[tuple[dict[str, Any], ...], _a_list("the API's content blocks")] | None = None
    """Blocks as the API has them, instead of `think`, `text` and `calls`."""
    stop_reason: StopReason | None = None
    """Default: `tool_use` if there are calls, else `end_turn`."""
    usage: Usage = Usage()
    model: Text | None = None
    """The name of the model that answers. Default: the one that was asked for."""
    headers: dict[str, Scalar] = {}
    """Further headers of the reply."""
    delay_s: Number = Field(0, ge=0)
    """Wait before the reply."""
    event_gap_s: Number = Field(0, ge=0)
    """Wait before each event of the reply."""
    fail: FailField | None = None

    @model_validator(mode="after")
    def _content_is_said_once(self) -> Turn:
        if self.content is not None and (self.think is not None or self.text is not None or self.calls):
            raise ValueError("`content` stands instead of `think`, `text` and `calls`")
        for index, block in enumerate(self.content or ()):
            if not isinstance(block.get("type"), str):
                raise ValueError(f"`content[{index}]` has no `type`")
        return self

    @property
    def has_calls(self) -> bool:
        """Whether a tool is called."""
        return bool(self.calls) or any(block["type"] == "tool_use" for block in self.content or ())


TurnField = Annotated[Turn, _a_mapping("a text, or a mapping", shorthand("text", str))]
Turns = Annotated[tuple[TurnField, ...], _a_list("turns")]
DONE = Turn(text="Done.")


def _alternatives(value: Any) -> Any:
    alternatives = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(each, list | tuple | Mapping) for each in alternatives):
        raise ValueError("allowed: a value, or a list of values")
    return alternatives


class Session(Model):
    """What the model says in the sessions of some trials."""

    when: Annotated[
        dict[str, Annotated[tuple[Scalar, ...], BeforeValidator(_alternatives)]], _a_mapping("facts with their values")
    ] = {}
    """Fact of the trial → its value, or a list of alternatives. Everything has to fit."""
    turns: Turns = ()
    """One per answer, over all prompts of the session."""
    after: TurnField = DONE
    """The answer, again and again, when the turns are used up."""

    def fits(self, facts: Mapping[str, str]) -> bool:
        """Whether these are the facts of a trial that this session is for."""
        return all(facts.get(name) in map(as_text, values) for name, values in self.when.items())


class Script(Model):
    """A whole rehearsal: what the model says to whom."""

    sessions: Annotated[tuple[Annotated[Session, _a_mapping("a mapping with `turns`")], ...], _a_list("sessions")] = ()
    """The first whose `when` fits is played."""
    scripts: Annotated[dict[str, Turns], _a_mapping("names with their turns")] = {}
    """Turns by name, for prompts with the marker `[[script:NAME]]`."""


def as_text(value: Scalar) -> str | None:
    """A fact as it is compared: numbers, true and false as JSON has them; None for one that a trial does not have."""
    return value if isinstance(value, str) or value is None else json.dumps(value)
