"""How a turn is worded for the Messages API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_parex.testing import ScriptedModel

from .client import PROMPT, Reply, ask, result, said, send, user

BASH = {"Bash": {"command": "ls"}}


def answer(turn: Any, stream: bool = False) -> Reply:
    with ScriptedModel({"sessions": [{"turns": [turn]}]}) as model:
        return ask(model, stream=stream)


def test_blocks_come_in_the_order_thinking_text_calls() -> None:
    content = answer({"calls": [BASH, {"ListAgents": None}], "text": "I look.", "think": "Where?"}).data["content"]

    assert [block["type"] for block in content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [content[0]["thinking"], content[1]["text"]] == ["Where?", "I look."]
    assert [(block["name"], block["input"]) for block in content[2:]] == [
        ("Bash", {"command": "ls"}),
        ("ListAgents", {}),
    ]
    assert len({block["id"] for block in content[2:]}) == 2


def test_a_stream_says_the_same_as_the_whole_message() -> None:
    turn = {"think": "Where?", "text": "I lööK.", "calls": [BASH], "usage": {"output_tokens": 7}}
    whole, events = answer(turn).data, answer(turn, stream=True).events

    start, end = events[0]["message"], events[-2]
    blocks: list[dict[str, Any]] = []
    for event in events:
        if event["type"] == "content_block_start":
            blocks.append(event["content_block"])
        elif event["type"] == "content_block_delta":
            delta = event["delta"]
            kind = delta["type"].removesuffix("_delta")
            if kind == "input_json":
                assert blocks[-1]["input"] == {}
                blocks[-1]["input"] = json.loads(delta["partial_json"])
            else:
                blocks[-1][kind] += delta[kind]
    assert [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"]
    for block in (*blocks, *whole["content"]):
        block.pop("id", None)
    assert blocks == whole["content"]
    assert (start["model"], start["content"], start["usage"]["output_tokens"]) == ("claude-x", [], 1)
    assert (end["delta"]["stop_reason"], end["usage"]) == ("tool_use", whole["usage"])


@pytest.mark.parametrize(
    ("turn", "stop_reason"),
    [
        ("text", "end_turn"),
        ({"calls": [BASH]}, "tool_use"),
        ({"text": "x", "stop_reason": "refusal"}, "refusal"),
        ({"content": [{"type": "tool_use", "name": "Bash", "input": {}}]}, "tool_use"),
        ({"content": []}, "end_turn"),
    ],
)
def test_the_stop_reason_follows_from_the_calls(turn: Any, stop_reason: str) -> None:
    assert answer(turn).data["stop_reason"] == stop_reason


@pytest.mark.parametrize(
    ("turn", "text"), [({}, "Done."), ({"think": "x"}, "Done."), ({"calls": [BASH]}, ""), ("", "")]
)
def test_a_turn_that_says_nothing_else_is_done(turn: Any, text: str) -> None:
    assert answer(turn).text == text


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({}, (100, 50, 0, 0)),
        ({"input_tokens": 1, "cache_read_input_tokens": 3}, (1, 50, 3, 0)),
        ({"output_tokens": 0, "cache_creation_input_tokens": 4}, (100, 0, 0, 4)),
    ],
)
def test_usage_is_100_and_50_where_nothing_else_is_said(usage: dict[str, int], counts: tuple[int, ...]) -> None:
    found = answer({"usage": usage}).data["usage"]

    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert tuple(found[name] for name in names) == counts


def test_how_long_the_cache_is_kept_can_be_said() -> None:
    kept = {"ephemeral_1h_input_tokens": 4}

    assert (
        answer({"usage": {"cache_creation_input_tokens": 4, "cache_creation": kept}}).data["usage"]["cache_creation"]
        == kept
    )
    assert "cache_creation" not in answer("x").data["usage"]


@pytest.mark.parametrize("stream", [True, False])
def test_headers_and_the_model_can_be_said(stream: bool) -> None:
    headers = {"anthropic-ratelimit-unified-status": "allowed_warning", "x-number": 0.91}
    reply = answer({"headers": headers, "model": "claude-other"}, stream=stream)

    assert reply.headers["anthropic-ratelimit-unified-status"] == "allowed_warning"
    assert reply.headers["x-number"] == "0.91"
    assert (reply.events[0]["message"] if stream else reply.data)["model"] == "claude-other"


def test_raw_blocks_are_sent_as_they_are() -> None:
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "b"},
        {"type": "thinking", "thinking": "t", "signature": "s"},
    ]

    assert answer({"content": blocks}).data["content"] == blocks
    streamed = answer({"content": blocks}, stream=True).events
    assert [event["index"] for event in streamed if event["type"] == "content_block_stop"] == [0, 1, 2, 3]


def test_placeholders_are_filled_in_wherever_text_is_said() -> None:
    turn = {
        "think": "{{variant}}",
        "text": "{{ case }} {{ size }}",
        "calls": [
            {"Write": {"file_path": "{{ workspace }}/a", "lines": ["{{  variant  }}", 3, {"deep": "{{ case }}"}]}}
        ],
    }
    with ScriptedModel({"sessions": [{"turns": [turn]}]}) as model:
        facts = {"variant": "oop", "case": "{{ variant }}", "workspace": "/w s", "size": "XL"}
        content = ask(model, facts=facts).data["content"]

    assert content[0]["thinking"] == "oop"
    assert content[1]["text"] == "{{ variant }} XL"
    assert content[2]["input"] == {"file_path": "/w s/a", "lines": ["oop", 3, {"deep": "{{ variant }}"}]}


@pytest.mark.parametrize(
    "text",
    [
        "{{ unknown }}",
        "f'{{{x}}}'",
        "{variant}",
        "{{ variant | upper }}",
        "{{}}",
        "{% raw %}",
        "{{ variant",
        "${{ x.y }}",
    ],
)
def test_other_braces_stay_as_they_are(text: str) -> None:
    with ScriptedModel({"sessions": [{"turns": [text]}]}) as model:
        assert ask(model, facts={"variant": "oop"}).text == text


def test_braces_themselves_can_be_said() -> None:
    with ScriptedModel({"sessions": [{"turns": ["{{ braces }} variant }} is {{ variant }}"]}]}) as model:
        assert ask(model, facts={"variant": "oop"}).text == "{{ variant }} is oop"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("of it", "of it"),
        ([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], "ab"),
        (None, ""),
    ],
)
def test_the_last_result_of_a_tool_can_be_used(content: Any, text: str) -> None:
    block = {"type": "tool_result", "tool_use_id": "t", "content": content}
    with ScriptedModel({"sessions": [{"turns": [{"calls": [BASH]}, "<{{ last_tool_result }}>"]}]}) as model:
        messages = [
            PROMPT,
            said(calls=1),
            {"role": "user", "content": [*result("earlier")["content"], block]},
            user("x"),
        ]

        assert ask(model, *messages).text == f"<{text}>"


def test_what_the_program_asks_for_itself_takes_no_turn() -> None:
    with ScriptedModel({"sessions": [{"turns": ["1"]}]}) as model:
        title = ask(model, user("<session>Begin.</session>"), tools=[])
        as_json = ask(model, user("Begin."), tools=[], output_config={"format": {"type": "json_schema"}})
        summary = ask(model, PROMPT, said("1"), user("Now a <summary>. REMINDER: Do NOT call any tools."))
        count = send(model, {"messages": [PROMPT]}, path="/v1/messages/count_tokens?beta=true")
        turn = ask(model)
        kinds = [(request.kind, request.turn, request.attempt) for request in model.requests]

    assert title.text == as_json.text == '{"title": "Rehearsal"}'
    assert "<summary>" in summary.text
    assert count.data["input_tokens"] > 0
    assert turn.text == "1"
    assert kinds == [("title", 0, 1), ("title", 0, 1), ("summary", 0, 1), ("count", 0, 1), ("turn", 1, 1)]


def test_other_addresses_do_not_exist() -> None:
    with ScriptedModel({}) as model:
        assert send(model, path="/v1/complete").status == 404
        assert send(model, path="/v1/models", method="GET").status == 404
        assert send(model, path="/", method="HEAD").status == 200
        assert [request.kind for request in model.requests] == ["unknown"]
