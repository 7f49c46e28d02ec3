"""The tools that an agent reports with: `report_metric` and `report_progress`, on an MCP server in the driver."""

from __future__ import annotations

import math
from typing import Any

from pytest_parex.runners.claude.record import Record

SERVER = "parex"
NAMES = tuple(f"mcp__{SERVER}__{name}" for name in ("report_metric", "report_progress"))
METRIC = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "short name, such as p99_ms"},
        "value": {"type": "number"},
        "unit": {"type": "string"},
        "better": {"type": "string", "enum": ["higher", "lower"]},
    },
    "required": ["name", "value"],
}
PROGRESS = {
    "type": "object",
    "properties": {
        "done": {"type": "string", "description": "what is done by now, in a sentence"},
        "remaining": {"type": "string", "description": "what is still to be done"},
    },
    "required": ["done"],
}


def server(record: Record) -> Any:
    """The server, for `ClaudeAgentOptions.mcp_servers`."""
    from claude_agent_sdk import create_sdk_mcp_server, tool

    async def report_metric(given: dict[str, Any]) -> dict[str, Any]:
        value = float(given["value"])
        if not math.isfinite(value):
            return _answer(f"{value} is not a finite number: nothing was recorded", is_error=True)
        record.add("metric", name=str(given["name"]), value=value, unit=given.get("unit"), better=given.get("better"))
        return _answer("recorded")

    async def report_progress(given: dict[str, Any]) -> dict[str, Any]:
        record.add("progress", done=str(given["done"]), remaining=str(given.get("remaining", "")))
        return _answer("noted")

    tools = [
        tool("report_metric", "Report a number that you measured on your work.", METRIC)(report_metric),
        tool("report_progress", "Say how far you are, so that others can see it.", PROGRESS)(report_progress),
    ]
    return create_sdk_mcp_server(SERVER, tools=tools)


def _answer(text: str, is_error: bool = False) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "is_error": is_error}
