"""The Messages API on loopback: a thread per connection, one request per connection."""

from __future__ import annotations

import json
import selectors
import socket
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pytest_parex.model import Scalar
from pytest_parex.rehearsal.answers import LAST_TOOL_RESULT, event, events, message
from pytest_parex.rehearsal.facts import facts_in
from pytest_parex.rehearsal.history import Conversation
from pytest_parex.rehearsal.playing import part, side_answer
from pytest_parex.rehearsal.requests import Log, body_of
from pytest_parex.rehearsal.script import Fail, Script, Turn, as_text

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_OVERLOADED = 529
_CREDENTIALS = ("authorization", "x-api-key")
"""Headers that are not remembered: a user's own settings may have put a real key there."""
_PAGE = b"<html><body>Bad gateway</body></html>"
_CLOSING_S = 10.0


class Server(ThreadingHTTPServer):
    """Serves one script; closing it ends every reply that is under way."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Script, log: Log) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.log = log
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, and serve it in a thread of its own."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection, and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def server_close(self) -> None:
        """Close all connections, and wait until their threads are done with them."""
        super().server_close()
        with self._changed:
            for connection in self._open:
                _hang_up(connection)
            self._changed.wait_for(lambda: not self._open, _CLOSING_S)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def handle(self) -> None:
        """Answer one request. Clients that hang up, as programs do that are interrupted, are no fault."""
        with suppress(OSError):
            self.handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Print nothing: standard error is pytest's."""

    def do_HEAD(self) -> None:
        self._send(200, b"", {})

    def do_GET(self) -> None:
        self._not_found()

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        content = self.rfile.read(int(length) if length.isdecimal() else 0)
        headers = {name.lower(): text for name, text in self.headers.items() if name.lower() not in _CREDENTIALS}
        facts = facts_in(headers.items())
        log, path = self.server.log, self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            log.add("count", facts, headers, content)
            self._send_json(200, {"input_tokens": len(content) // 4})
        elif path == "/v1/messages":
            self._message(body_of(content), facts, headers, content)
        else:
            log.add("unknown", facts, headers, content)
            self._not_found()

    def _message(
        self, body: dict[str, Any], facts: Mapping[str, str], headers: Mapping[str, str], content: bytes
    ) -> None:
        conversation = Conversation(body)
        if not conversation.messages:
            self.server.log.add("unknown", facts, headers, content)
            self._send_json(400, _error("invalid_request_error", "messages: at least one message is required"))
            return
        subagent = "x-claude-code-agent-id" in headers
        played = part(self.server.script, conversation, facts, subagent=subagent)
        if conversation.side:
            self.server.log.add(conversation.side, facts, headers, content)
            self._answer(side_answer(conversation, played), body, facts, None)
            return
        said = conversation.said(played.turn)
        request = self.server.log.add("turn", facts, headers, content, said + 1, conversation.script or "")
        turn = played.turn(said)
        fails = turn.fail and (turn.fail.times is None or request.attempt <= turn.fail.times)
        names = {**facts, LAST_TOOL_RESULT: conversation.last_tool_result}
        self._answer(turn, body, names, turn.fail if fails else None)

    def _answer(self, turn: Turn, body: Mapping[str, Any], names: Mapping[str, str], fail: Fail | None) -> None:
        self._wait(turn.delay_s)
        if fail and fail.kind == "http":
            kind = fail.type or _TYPES.get(fail.status, "api_error")
            self._send_json(fail.status, _error(kind, fail.message), fail.headers)
        elif fail and (fail.kind == "refuse" or fail.after_events < 0):
            self._wait(fail.seconds if fail.kind == "hang" else 0)
        elif body.get("stream"):
            self._stream(turn, message(turn, str(body.get("model", "")), names), fail)
        else:
            self._whole(turn, message(turn, str(body.get("model", "")), names), fail)

    def _stream(self, turn: Turn, whole: Mapping[str, Any], fail: Fail | None) -> None:
        if fail and fail.kind == "not_sse":
            self._send(200, _PAGE, {"content-type": "text/html"})
            return
        self._begin(200, {"content-type": "text/event-stream", **turn.headers})
        for index, each in enumerate(events(whole)):
            if fail and index >= fail.after_events:
                break
            self._wait(turn.event_gap_s)
            self.wfile.write(each)
        if fail and fail.kind == "hang":
            self._wait(fail.seconds)
        elif fail and fail.kind == "malformed":
            self.wfile.write(b"event: content_block_delta\ndata: {not json\n\n")
        elif fail and fail.kind == "sse_error":
            self.wfile.write(event("error", error=_error_of(fail)))

    def _whole(self, turn: Turn, whole: Mapping[str, Any], fail: Fail | None) -> None:
        """The form that the program asks for after a stream that failed."""
        content = json.dumps(whole).encode()
        if fail is None:
            self._send(200, content, {"content-type": "application/json", **turn.headers})
        elif fail.kind == "sse_error":
            status = _OVERLOADED if _error_of(fail)["type"] == _TYPES[_OVERLOADED] else 500
            self._send_json(status, {"type": "error", "error": _error_of(fail)})
        elif fail.kind in ("malformed", "not_sse"):
            self._send(200, _PAGE, {"content-type": "text/html"})
        else:
            self._begin(200, {"content-type": "application/json", "content-length": len(content)})
            self._wait(fail.seconds if fail.kind == "hang" else 0)
            self.wfile.write(content[: len(content) // 2])

    def _wait(self, seconds: float) -> None:
        """Wait; ConnectionError if the client or the server hangs up before."""
        if seconds > 0:
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection, selectors.EVENT_READ)
                if selector.select(seconds):
                    raise ConnectionAbortedError

    def _not_found(self) -> None:
        self._send_json(404, _error("not_found_error", f"the scripted model has no {self.path}"))

    def _send_json(self, status: int, data: Any, headers: Mapping[str, Scalar] | None = None) -> None:
        self._send(status, json.dumps(data).encode(), {"content-type": "application/json", **(headers or {})})

    def _send(self, status: int, content: bytes, headers: Mapping[str, Scalar]) -> None:
        self._begin(status, {"content-length": len(content), **headers})
        self.wfile.write(content)

    def _begin(self, status: int, headers: Mapping[str, Scalar]) -> None:
        self.send_response(status)
        for name, value in {"request-id": f"req_{uuid.uuid4().hex[:24]}", "connection": "close", **headers}.items():
            self.send_header(name, as_text(value) or "")
        self.end_headers()


def _error(kind: str, text: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": text}}


def _error_of(fail: Fail) -> dict[str, str]:
    return {"type": fail.type or _TYPES[_OVERLOADED], "message": fail.message}


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        connection.shutdown(socket.SHUT_RDWR)
