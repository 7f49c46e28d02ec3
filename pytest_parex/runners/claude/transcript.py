"""The transcript of a trial's sessions: every message as JSON, and a readable text, both written as it goes.

`transcript.jsonl` has a row per message, `{"time", "step", "type", "data"}`. The type is `prompt`, `usage` or that of
the SDK's message (`system`, `assistant`, `user`, `result`, …), the data are the message's fields; each block of a
message says its `type` as in the Messages API. An answer of the model is a row per block, with the same `message_id`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_parex.store.redaction import redact_data

JSON, TEXT = "transcript.jsonl", "transcript.md"
LONGEST = 4000
"""Characters of a tool's input or result in the readable text; the JSON has all of it."""
_BLOCKS = {
    "TextBlock": "text",
    "ThinkingBlock": "thinking",
    "ToolUseBlock": "tool_use",
    "ToolResultBlock": "tool_result",
    "ServerToolUseBlock": "server_tool_use",
    "ServerToolResultBlock": "server_tool_result",
}


class Transcript:
    """The one writer of an attempt's transcript; secrets are hidden in both forms."""

    def __init__(self, directory: Path, secrets: Collection[str]) -> None:
        self._json = (directory / JSON).open("a", encoding="utf-8", errors="replace")
        self._text = (directory / TEXT).open("a", encoding="utf-8", errors="replace")
        self._secrets = secrets

    def prompt(self, step: int, text: str, new_session: bool) -> None:
        """What the agent is told."""
        self._write(step, "prompt", {"text": text, "new_session": new_session})

    def message(self, step: int, message: Any) -> None:
        """A message of the SDK."""
        self._write(step, _type_of(message), plain(message))

    def usage(self, answer: str, usage: Mapping[str, Any]) -> None:
        """The final usage of an answer, which its messages do not have."""
        self._write(0, "usage", {"message_id": answer, "usage": dict(usage)})

    def _write(self, step: int, kind: str, data: Any) -> None:
        row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "step": step, "type": kind}
        row["data"] = redact_data(data, self._secrets)
        for file, text in ((self._json, json.dumps(row, default=str) + "\n"), (self._text, readable(row))):
            try:
                file.write(text)
                file.flush()
            except OSError:  # a full disk, which may be the variant's doing, costs the transcript and not the session
                continue


def plain(message: Any) -> Any:
    """A message of the SDK as plain JSON data; blocks say their type."""
    if dataclasses.is_dataclass(message) and not isinstance(message, type):
        found = {field.name: plain(getattr(message, field.name)) for field in dataclasses.fields(message)}
        kind = _BLOCKS.get(type(message).__name__)
        return {"type": kind, **found} if kind else found
    if isinstance(message, dict):
        return {str(key): plain(value) for key, value in message.items()}
    if isinstance(message, list | tuple):
        return [plain(value) for value in message]
    return message


def readable(row: dict[str, Any]) -> str:
    """A row as Markdown; empty for what nobody wants to read."""
    data = row["data"]
    match row["type"]:
        case "prompt":
            return f"## Prompt {row['step']}\n\n{_quoted(data['text'])}\n\n"
        case "assistant":
            return "".join(_block(block, nested=data["parent_tool_use_id"] is not None) for block in data["content"])
        case "user" if isinstance(data["content"], list):
            return "".join(_block(block, nested=data["parent_tool_use_id"] is not None) for block in data["content"])
        case "result":
            return _result(data)
        case "system" if data["subtype"] == "init":
            found = data["data"]
            return f"*session {found.get('session_id')}, model {found.get('model')}*\n\n"
        case "system" if data["subtype"] == "api_retry":
            return f"*the provider did not answer ({data['data'].get('error')}): asked again*\n\n"
        case _:
            return ""


def _block(block: dict[str, Any], nested: bool) -> str:
    who = "subagent: " if nested else ""
    match block.get("type"):
        case "text":
            return f"{_quoted(block['text']) if nested else block['text']}\n\n"
        case "thinking":
            return f"<details><summary>{who}thinking</summary>\n\n{block['thinking']}\n\n</details>\n\n"
        case "tool_use":
            return f"**{who}{block['name']}**\n\n{_fenced(json.dumps(block['input'], indent=1, ensure_ascii=False))}"
        case "tool_result":
            mark = " failed" if block.get("is_error") else ""
            return f"{who}result{mark}:\n\n{_fenced(result_text(block))}"
    return ""


def result_text(block: dict[str, Any]) -> str:
    """The text of a tool's result."""
    content = block.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", f"({part.get('type')})")) for part in content if isinstance(part, dict))
    return str(content or "")


def _result(data: dict[str, Any]) -> str:
    cost = data.get("total_cost_usd")
    paid = f", {cost:.4f} USD so far" if cost is not None else ""
    how = data.get("terminal_reason") or data["subtype"]
    return f"---\n\n*{how} after {data['num_turns']} turns, {data['duration_ms'] / 1000:.1f} s{paid}*\n\n"


def _fenced(text: str) -> str:
    cut = len(text) - LONGEST
    if cut > 0:
        text = f"{text[: LONGEST // 2]}\n… {cut} characters cut …\n{text[-LONGEST // 2 :]}"
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}\n\n"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _type_of(message: Any) -> str:
    """`AssistantMessage` → `assistant`; the SDK's special kinds of system messages are `system` too."""
    if hasattr(message, "subtype") and hasattr(message, "data"):
        return "system"
    name = type(message).__name__.removesuffix("Message").removesuffix("Event")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
