"""A turn → the message of the Messages API that says it, whole and as a stream of events."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_parex.rehearsal.script import DONE, Turn

_PLACEHOLDER = re.compile(r"\{\{\s*([^\s{}][^{}]*?)\s*\}\}")
LAST_TOOL_RESULT = "last_tool_result"
BRACES = "braces"
"""`{{ braces }}` stands for two opening braces, where a text looks like a placeholder and is none."""


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """Plain data with `{{ name }}` replaced in every text; names that are not known stay as they are."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {key: fill(item, names) for key, item in value.items()}
    return [fill(item, names) for item in value] if isinstance(value, list | tuple) else value


def message(turn: Turn, asked_for: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The whole message; `asked_for` is the model that the request names."""
    content = [_complete(block) for block in fill(_blocks(turn), {BRACES: "{{", **names})]
    calls = any(block["type"] == "tool_use" for block in content)
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": turn.model or asked_for,
        "content": content,
        "stop_reason": turn.stop_reason or ("tool_use" if calls else "end_turn"),
        "stop_sequence": None,
        "usage": turn.usage.model_dump(exclude={"cache_creation"} if not turn.usage.cache_creation else None),
    }


def events(whole: Mapping[str, Any]) -> Iterator[bytes]:
    """The same message as server-sent events, in the API's order."""
    usage = {**whole["usage"], "output_tokens": min(1, whole["usage"]["output_tokens"])}
    yield event("message_start", message={**whole, "content": [], "stop_reason": None, "usage": usage})
    for index, block in enumerate(whole["content"]):
        empty, deltas = _deltas(block)
        yield event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event("message_delta", delta=delta, usage=whole["usage"])
    yield event("message_stop")


def event(name: str, **data: Any) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


def _blocks(turn: Turn) -> list[dict[str, Any]]:
    if turn.content is not None:
        return list(turn.content)
    text = turn.text if turn.text is not None or turn.calls else DONE.text
    thinking = [{"type": "thinking", "thinking": turn.think}] if turn.think else []
    texts = [{"type": "text", "text": text}] if text else []
    return [*thinking, *texts, *({"type": "tool_use", "name": call.tool, "input": call.input} for call in turn.calls)]


def _complete(block: dict[str, Any]) -> dict[str, Any]:
    """A block with what only the API knows: ids and signatures."""
    if block["type"] == "tool_use":
        return {"id": f"toolu_{uuid.uuid4().hex[:24]}", "input": {}, **block}
    return {"signature": "rehearsed", **block} if block["type"] == "thinking" else block


def _deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it starts, and what is added to it."""
    match block["type"]:
        case "text":
            return {**block, "text": ""}, [{"type": "text_delta", "text": block.get("text", "")}]
        case "thinking":
            added = [
                {"type": "thinking_delta", "thinking": block.get("thinking", "")},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
            return {"type": "thinking", "thinking": "", "signature": ""}, added
        case "tool_use" | "server_tool_use":
            added = [{"type": "input_json_delta", "partial_json": json.dumps(block.get("input", {}))}]
            return {**block, "input": {}}, added
    return block, []
