"""Plain HTTP requests to the scripted model, without the agent program."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_parex.model import Scalar
from pytest_parex.testing import ScriptedModel

DEADLINE_S = 60.0
PROMPT = {"role": "user", "content": "Begin."}


@dataclass(frozen=True)
class Reply:
    """What came back; `broken` if the connection ended before the reply did."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    broken: bool = False

    @property
    def data(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        """The texts of the message."""
        return "".join(block["text"] for block in self.data["content"] if block["type"] == "text")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of the server-sent events; a last one that is no JSON is left out."""
        found = []
        for part in self.content.decode().split("\n\n")[:-1]:
            name, data = part.split("\n")
            assert name.startswith("event: ")
            try:
                found.append(json.loads(data.removeprefix("data: ")))
            except ValueError:
                continue
        return found


def connect(model: ScriptedModel) -> http.client.HTTPConnection:
    address = urlsplit(model.url)
    return http.client.HTTPConnection(str(address.hostname), address.port, timeout=DEADLINE_S)


def send(
    model: ScriptedModel,
    content: bytes | Mapping[str, Any] = b"",
    path: str = "/v1/messages?beta=true",
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> Reply:
    """Any request; ConnectionError if there is no reply at all."""
    connection = connect(model)
    try:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.headers.items()}
        try:
            return Reply(response.status, told, response.read())
        except http.client.IncompleteRead as error:
            return Reply(response.status, told, error.partial, broken=True)
    finally:
        connection.close()


def ask(
    model: ScriptedModel,
    *messages: Mapping[str, Any],
    facts: Mapping[str, Scalar] | None = None,
    headers: Mapping[str, str] | None = None,
    **body: Any,
) -> Reply:
    """A request for a turn, as the agent program sends it; without messages it is for the first."""
    lines = model.environment(facts)["ANTHROPIC_CUSTOM_HEADERS"].splitlines()
    content = {"model": "claude-x", "tools": [{"name": "Bash"}], "messages": list(messages) or [PROMPT], **body}
    return send(model, content, headers={**dict(line.split(": ", 1) for line in lines), **(headers or {})})


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def said(*texts: str, calls: int = 0) -> dict[str, Any]:
    """An answer of the model, as it stands in the messages of the next request."""
    tools = [{"type": "tool_use", "id": f"toolu_{index}", "name": "Bash", "input": {}} for index in range(calls)]
    return {"role": "assistant", "content": [*({"type": "text", "text": text} for text in texts), *tools]}


def result(text: str = "", *texts: str) -> dict[str, Any]:
    """The result of a call, with what the user says behind it."""
    block = {"type": "tool_result", "tool_use_id": "toolu_0", "content": text}
    return {"role": "user", "content": [block, *user(*texts)["content"]]}
