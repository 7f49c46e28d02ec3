"""A recorded trial → the script that rehearses it: the model says the same again, turn by turn.

What the model said is all there is to record. The tools run again when the script is played, so what they return may
differ; a recorded call is made nevertheless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pytest_parex.errors import StoreError
from pytest_parex.model import Scalar
from pytest_parex.rehearsal.answers import BRACES, LAST_TOOL_RESULT
from pytest_parex.rehearsal.facts import OF_TRIALS
from pytest_parex.rehearsal.script import StopReason
from pytest_parex.rehearsal.transcript import Message, Recording, read_transcript
from pytest_parex.rehearsal.writing import yaml_of

_HIDDEN = "***"
_CHOOSING = ("variant", "case")
"""Facts that choose a session, besides the axes: repeats of a trial play the same."""
_REASONS = frozenset(get_args(StopReason)) - {"end_turn", "tool_use"}
"""Reasons to stop that do not follow from what was said."""
_LETTERS = {"thinking": "t", "text": "s", "tool_use": "c"}
_USUAL = re.compile("t?(?:sc*|c+)")
"""The order of blocks that `think`, `text` and `calls` can say."""


def as_script(transcript: Path, facts: Mapping[str, Scalar]) -> str:
    """The rehearsal script, as YAML, that plays a recorded trial again; StoreError if there is nothing to play.

    `transcript` is the attempt's transcript.jsonl. `facts` are those of its trial: the variant, the case and the axes
    say whom the script is for, and the workspace is written as `{{ workspace }}`.
    """
    recording = read_transcript(transcript)
    sessions = [messages for messages in recording.sessions if messages]
    if not sessions:
        raise StoreError(f"{transcript}: no answer of a model is recorded there; only agents' trials can be rehearsed")
    writer = _Writer(recording, facts)
    when = {name: value for name, value in facts.items() if name in _CHOOSING or name not in OF_TRIALS}
    when = {name: value for name, value in when.items() if value is not None}
    written = []
    for messages in sessions:
        steps = sorted({message.step for message in messages})
        chosen = when if len(sessions) == 1 else {**when, "step": steps}
        written.append({**({"when": chosen} if chosen else {}), "turns": [writer.turn(each) for each in messages]})
    scripts = {
        writer.names[caller]: [writer.turn(each) for each in messages]
        for caller, messages in recording.subagents.items()
    }
    text = yaml_of({"sessions": written, **({"scripts": scripts} if scripts else {})})
    return "\n".join([*_remarks(recording, facts, text), text])


class _Writer:
    """Writes messages as turns of a script."""

    def __init__(self, recording: Recording, facts: Mapping[str, Scalar]) -> None:
        self.names = {caller: f"agent-{number}" for number, caller in enumerate(recording.subagents, 1)}
        places = {str(facts["workspace"])} if facts.get("workspace") else recording.places
        alternatives = "|".join(re.escape(place) for place in sorted(places, key=len, reverse=True))
        names = "|".join(map(re.escape, {*OF_TRIALS, *facts, LAST_TOOL_RESULT, BRACES}))
        self._placeholder = re.compile(rf"\{{\{{(?=\s*(?:{names})\s*\}}\}})")
        self._workspace = re.compile(rf"(?:{alternatives})(?![\w.-])") if places else None

    def turn(self, message: Message) -> dict[str, Any]:
        """The turn that says a message again."""
        turn = self._said(message)
        if message.stop_reason in _REASONS and "calls" not in turn:
            turn["stop_reason"] = message.stop_reason
        return {**turn, "usage": message.usage} if message.usage else turn

    def _said(self, message: Message) -> dict[str, Any]:
        blocks = [block for block in message.blocks if block.get("thinking") != ""]
        kinds = "".join(_LETTERS.get(str(block.get("type")), "x") for block in blocks)
        if not _USUAL.fullmatch(kinds):
            return {"content": [self._block(block) for block in blocks]}
        turn: dict[str, Any] = {}
        for block in blocks:
            if block["type"] == "tool_use":
                turn.setdefault("calls", []).append({str(block.get("name")): self._input(block)})
            else:
                key, text = ("think", "thinking") if block["type"] == "thinking" else ("text", "text")
                turn[key] = self._plain(str(block.get(text, "")))
        return turn

    def _block(self, block: Mapping[str, Any]) -> dict[str, Any]:
        """A block as the API has it, without what is made anew each time."""
        if block.get("type") == "tool_use":
            return {"type": "tool_use", "name": block.get("name"), "input": self._input(block)}
        return {key: self._data(value) for key, value in block.items() if key not in ("signature", "id")}

    def _input(self, block: Mapping[str, Any]) -> Any:
        given = self._data(block.get("input") or {})
        name = self.names.get(str(block.get("id")))
        if name and isinstance(given, dict):
            given["prompt"] = f"{given.get('prompt', '')}\n\n[[script:{name}]]"
        return given

    def _data(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._plain(value)
        if isinstance(value, dict):
            return {_writable(key): self._data(item) for key, item in value.items()}
        return [self._data(item) for item in value] if isinstance(value, list) else value

    def _plain(self, text: str) -> str:
        """A text that means itself in a script, with the workspace as a placeholder."""
        text = self._placeholder.sub(f"{{{{ {BRACES} }}}}", _writable(text))
        return self._workspace.sub("{{ workspace }}", text) if self._workspace else text


def _writable(text: str) -> str:
    """A text without what no script can hold: NUL, and halves of characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _remarks(recording: Recording, facts: Mapping[str, Scalar], text: str) -> Iterator[str]:
    yield f"# Recorded from the trial {facts['trial']}." if facts.get("trial") else "# Recorded from a trial."
    if _HIDDEN in text:
        yield f"# Secrets were hidden when it was recorded: calls with {_HIDDEN} in them may fail now."
    if recording.unreadable:
        yield f"# Lines of the transcript that could not be read, and are left out: {recording.unreadable}."
