"""A recorded trial's transcript → what the model said in it, conversation by conversation.

Of a subagent the program tells only the calls of tools, and the last text by way of the call that started it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_parex.errors import StoreError
from pytest_parex.rehearsal.history import COMPLAINT
from pytest_parex.rehearsal.script import Usage

_SYNTHETIC = "<synthetic>"
_CONTINUED = {
    "Output token limit hit": "max_tokens",
    "Your response above was cut off": "max_tokens",
    "Your response above was stopped by a safety classifier": "refusal",
}
"""What the program says so that the model goes on, and the reason for which the model had stopped."""


@dataclass
class Message:
    """What the model said in one turn, and in which step."""

    step: int
    blocks: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    stop_reason: str | None = None

    def tell_usage(self, usage: Mapping[str, Any]) -> None:
        """The rows of a message, and one that may come later, tell more and more of its tokens."""
        for key, count in usage.items():
            if key in Usage.model_fields and isinstance(count, int):
                self.usage[key] = max(count, self.usage.get(key, 0))


@dataclass
class Recording:
    """What the model said in a trial."""

    sessions: list[list[Message]] = field(default_factory=lambda: [[]])
    subagents: dict[str, list[Message]] = field(default_factory=dict)
    """By the id of the call that started them."""
    places: set[str] = field(default_factory=set)
    """The folders that sessions ran in."""
    unreadable: int = 0
    """Lines that are torn or no rows."""
    _by_id: dict[str, Message] = field(default_factory=dict)
    _last: dict[str | None, Message] = field(default_factory=dict)
    """By conversation, what the model said last, if nothing was said to it since."""
    _prompted: list[Message] = field(default_factory=list)
    """What the session's own agent said to this prompt."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Add the next row of the transcript."""
        data = row.get("data")
        if not isinstance(data, dict):
            self.unreadable += 1
            return
        kind, step, caller = row.get("type"), int(row.get("step") or 1), data.get("parent_tool_use_id")
        if kind == "assistant":
            self._add_answer(data, step, caller)
        elif kind == "user":
            self._add_user(data, step, caller)
        elif kind == "system":
            self.places.update(_places(data))
        elif kind == "prompt":
            self._end_prompt()
            if data.get("new_session") and self.sessions[-1]:
                self.sessions.append([])
        elif kind == "result":
            self._tell_output(data.get("usage") or {})
            self._end_prompt()
        elif message := self._by_id.get(str(data.get("message_id"))):
            message.tell_usage(data.get("usage") or {})

    def _end_prompt(self) -> None:
        self._last.pop(None, None)
        self._prompted.clear()

    def _tell_output(self, usage: Mapping[str, Any]) -> None:
        """Where rows tell only the tokens that an answer began with, the result of a prompt has those of its end."""
        known = sum(message.usage.get("output_tokens", 0) for message in self._prompted)
        total = usage.get("output_tokens")
        if self._prompted and isinstance(total, int) and total > known:
            last = self._prompted[-1].usage
            last["output_tokens"] = last.get("output_tokens", 0) + total - known

    def _conversation(self, caller: str | None) -> list[Message]:
        return self.sessions[-1] if caller is None else self.subagents.setdefault(caller, [])

    def _add_answer(self, data: Mapping[str, Any], step: int, caller: str | None) -> None:
        if data.get("model") == _SYNTHETIC or data.get("error"):
            return
        name = data.get("message_id")
        message = self._by_id.get(name) if name else None
        if message is None:
            if (before := self._last.get(caller)) and not before.stop_reason:
                before.stop_reason = "max_tokens"  # it went on by itself
            message = Message(step)
            self._conversation(caller).append(message)
            if caller is None:
                self._prompted.append(message)
            self._by_id[name or f"nameless {len(self._by_id)}"] = message
        self._last[caller] = message
        message.blocks += [block for block in data.get("content") or () if isinstance(block, dict)]
        message.stop_reason = data.get("stop_reason") or message.stop_reason
        message.tell_usage(data.get("usage") or {})

    def _add_user(self, data: Mapping[str, Any], step: int, caller: str | None) -> None:
        conversation, last = self._conversation(caller), self._last.pop(caller, None)
        content = data.get("content")
        for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            if not isinstance(block, dict):
                continue
            text = str(block.get("text", ""))
            if text.startswith(COMPLAINT):
                conversation.append(Message(step))
            elif last and not last.stop_reason:
                last.stop_reason = next((why for start, why in _CONTINUED.items() if text.startswith(start)), None)
            ended, told = self.subagents.get(str(block.get("tool_use_id"))), data.get("tool_use_result")
            if ended is not None and isinstance(told, dict):
                ended += _last_words(told, step)


def read_transcript(transcript: Path) -> Recording:
    """Read a transcript.jsonl, whose last line may be torn; StoreError if there is none."""
    recording = Recording()
    for row in _rows(transcript):
        if isinstance(row, dict):
            recording.add(row)
        else:
            recording.unreadable += 1
    return recording


def _rows(transcript: Path) -> Iterator[Any]:
    try:
        lines = transcript.read_bytes().splitlines()
    except OSError as error:
        raise StoreError(f"{transcript}: cannot be read: {error.strerror}") from None
    for line in filter(bytes.strip, lines):
        try:
            yield json.loads(line)
        except ValueError:  # the writer was killed
            yield None


def _last_words(told: Mapping[str, Any], step: int) -> Iterator[Message]:
    """The last answer of a subagent, without the notes of the program around it."""
    content, notes, tail = (told.get(key) or 0 for key in ("content", "harnessNoteCount", "harnessTailCount"))
    if isinstance(content, list):
        texts = [
            str(block.get("text", "")) for block in content[notes : len(content) - tail] if isinstance(block, dict)
        ]
        message = Message(step, [{"type": "text", "text": "\n".join(texts)}])
        message.tell_usage(told.get("usage") or {})
        yield message


def _places(data: Mapping[str, Any]) -> Iterator[str]:
    for each in (data, data.get("data")):
        if isinstance(each, dict) and str(each.get("cwd", "")).startswith("/"):
            yield str(each["cwd"])
