"""Failures that a script asks for, and that the scripted model must survive."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_parex.testing import ScriptedModel

from .client import PROMPT, ask, connect, said, send, user


def failing(**fail: Any) -> ScriptedModel:
    return ScriptedModel({"sessions": [{"turns": [{"text": "answered", "fail": fail}, "next"]}]})


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("fail", "status", "kind"),
    [
        ({"status": 429}, 429, "rate_limit_error"),
        ({"status": 529}, 529, "overloaded_error"),
        ({"status": 401}, 401, "authentication_error"),
        ({"status": 502}, 502, "api_error"),
        ({"status": 400, "type": "billing_error"}, 400, "billing_error"),
        ({}, 500, "api_error"),
    ],
)
def test_http_answers_with_an_error_of_the_api(fail: dict[str, Any], status: int, kind: str, stream: bool) -> None:
    headers = {"retry-after": 7, "x-should-retry": False}
    with failing(kind="http", message="slow down", headers=headers, **fail) as model:
        reply = ask(model, stream=stream)

    assert reply.status == status
    assert reply.data == {"type": "error", "error": {"type": kind, "message": "slow down"}}
    assert (reply.headers["retry-after"], reply.headers["x-should-retry"]) == ("7", "false")


@pytest.mark.parametrize("stream", [True, False])
def test_refuse_closes_the_connection_without_a_reply(stream: bool) -> None:
    with failing(kind="refuse") as model, pytest.raises(http.client.RemoteDisconnected):
        ask(model, stream=stream)


@pytest.mark.parametrize("events", [0, 1, 4, 6])
def test_cut_ends_a_stream_behind_so_many_events(events: int) -> None:
    with failing(kind="cut", after_events=events) as model:
        reply = ask(model, stream=True)

    assert reply.status == 200
    names = ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"]
    assert [event["type"] for event in reply.events] == [*names, "message_stop"][:events]


def test_cut_ends_an_answer_that_is_no_stream_in_its_middle() -> None:
    with failing(kind="cut") as model:
        reply = ask(model)

    assert reply.broken
    assert reply.content.startswith(b'{"id": "msg_')


def test_malformed_sends_an_event_that_is_no_json() -> None:
    with failing(kind="malformed", after_events=2) as model:
        reply = ask(model, stream=True)

    assert [event["type"] for event in reply.events] == ["message_start", "content_block_start"]
    assert reply.content.endswith(b"data: {not json\n\n")


def test_sse_error_is_said_in_the_stream_or_as_a_status() -> None:
    error = {"type": "overloaded_error", "message": "busy"}
    with failing(kind="sse_error", message="busy") as model:
        assert ask(model, stream=True).events[1:] == [{"type": "error", "error": error}]
        reply = ask(model)
    assert (reply.status, reply.data) == (529, {"type": "error", "error": error})

    with failing(kind="sse_error", type="api_error") as model:
        assert ask(model).status == 500


@pytest.mark.parametrize(("kind", "stream"), [("not_sse", True), ("not_sse", False), ("malformed", False)])
def test_a_page_of_html_comes_where_an_answer_is_expected(kind: str, stream: bool) -> None:
    with failing(kind=kind) as model:
        reply = ask(model, stream=stream)

    assert (reply.status, reply.headers["content-type"]) == (200, "text/html")
    assert reply.content.startswith(b"<html>")


@pytest.mark.parametrize(("events", "stream"), [(3, True), (0, True), (-1, True), (0, False)])
def test_a_silence_ends_after_its_seconds(events: int, stream: bool) -> None:
    with failing(kind="hang", after_events=events, seconds=0.01) as model:
        if events < 0:
            with pytest.raises(http.client.RemoteDisconnected):
                ask(model, stream=stream)
        elif stream:
            assert len(ask(model, stream=True).events) == events
        else:
            assert ask(model).broken


def begin(model: ScriptedModel) -> http.client.HTTPResponse:
    """Ask for a stream and wait for the beginning of its first event."""
    connection = connect(model)
    connection.request("POST", "/v1/messages", json.dumps({"messages": [PROMPT], "stream": True}))
    response = connection.getresponse()
    assert response.readline() == b"event: message_start\n"
    return response


def repliers() -> int:
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def test_stopping_breaks_silences_off() -> None:
    with failing(kind="hang") as model:
        replies = [begin(model) for _ in range(3)]
        assert repliers() == 3

    wait_until(lambda: repliers() == 0)
    assert [reply.read().count(b"event:") for reply in replies] == [0, 0, 0]


@pytest.mark.parametrize("turn", [{"fail": {"kind": "hang"}}, {"event_gap_s": 1000}, {"delay_s": 1000}])
def test_a_wait_is_over_when_the_client_hangs_up(turn: dict[str, Any]) -> None:
    with ScriptedModel({"sessions": [{"turns": [turn]}]}) as model:
        connection = connect(model)
        connection.request("POST", "/v1/messages", json.dumps({"messages": [PROMPT], "stream": True}))
        wait_until(lambda: model.requests)
        connection.close()

        wait_until(lambda: repliers() == 0)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_a_failure_is_over_after_its_times_in_a_row() -> None:
    with failing(kind="http", times=2) as model:
        for session in ("a", "b"):
            headers = {"x-claude-code-session-id": session}
            assert [ask(model, headers=headers).status for _ in range(4)] == [500, 500, 200, 200]
            assert ask(model, PROMPT, said("answered"), user("?"), headers=headers).text == "next"
            assert [ask(model, headers=headers).status for _ in range(3)] == [500, 500, 200]


def test_a_failure_without_times_never_ends() -> None:
    with failing(kind="http") as model:
        assert [ask(model).status for _ in range(12)] == [500] * 12


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b'"text"',
        b"{}",
        b'{"messages": []}',
        b'{"messages": "text"}',
        b'{"messages": [1, null]}',
        b"\xff\xfe",
    ],
)
def test_a_body_without_messages_is_refused(content: bytes) -> None:
    with ScriptedModel({}) as model:
        reply = send(model, content)

        assert (reply.status, reply.data["error"]["type"]) == (400, "invalid_request_error")
        assert [request.kind for request in model.requests] == ["unknown"]


@pytest.mark.parametrize("content", [None, 5, "", [], [1, None], [{"type": "text"}], [{"type": "tool_result"}], {}])
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_odd_contents_of_messages_are_no_trouble(role: str, content: Any) -> None:
    with ScriptedModel({"sessions": [{"turns": ["{{ last_tool_result }}."]}]}) as model:
        assert ask(model, PROMPT, {"role": role, "content": content}, user("?")).status == 200


def test_clients_that_send_nothing_or_nonsense_disturb_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    with ScriptedModel({"sessions": [{"turns": ["fine"]}]}) as model:
        address = urlsplit(model.url)
        begun = b"POST /v1/messages HTTP/1.1\r\ncontent-length: "
        for content in (b"", b"nonsense\r\n\r\n", begun + b"100\r\n\r\nshort", begun + b"x\r\n\r\n"):
            with socket.create_connection((address.hostname, address.port)) as connection:
                connection.sendall(content)
        assert ask(model).text == "fine"

    assert capfd.readouterr() == ("", "")
