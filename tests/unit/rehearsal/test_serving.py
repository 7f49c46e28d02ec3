"""The scripted model as a server: many sessions at once, starting and stopping, what it remembers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_parex.testing import ScriptedModel

from .client import ask, result, said, send, user

CALL = {"Bash": {"command": "true"}}


def test_forty_sessions_at_once_get_each_their_own_turns() -> None:
    names = [f"v{number}" for number in range(40)]
    sessions = [
        {"when": {"variant": name}, "turns": [{"text": f"{name}: {turn}", "calls": [CALL]} for turn in range(10)]}
        for name in names
    ]
    with ScriptedModel({"sessions": sessions}) as model:

        def work(name: str) -> list[str]:
            texts, history = [], [user("Begin.")]
            for _ in range(10):
                headers = {"x-claude-code-session-id": name}
                texts.append(ask(model, *history, facts={"variant": name}, headers=headers).text)
                history += [said(texts[-1], calls=1), result()]
            return texts

        with ThreadPoolExecutor(40) as threads:
            found = dict(zip(names, threads.map(work, names), strict=True))
        requests = model.requests

    assert found == {name: [f"{name}: {turn}" for turn in range(10)] for name in names}
    assert len(requests) == 400
    assert {request.attempt for request in requests} == {1}
    for name in names:
        mine = [request for request in requests if request.session == name]
        assert [request.turn for request in mine] == list(range(1, 11))
        assert {request.facts["variant"] for request in mine} == {name}


def test_requests_say_what_was_sent_and_no_credentials() -> None:
    with ScriptedModel({}) as model:
        ask(model, user("a"), headers={"X-Api-Key": "key", "Authorization": "Bearer key", "X-Other": "b"})
        ask(model, user("c"))
        first, second = model.requests

    assert first.body["messages"] == [user("a")]
    assert first.headers["x-other"] == "b"
    assert "key" not in "".join(first.headers.values())
    assert first.received <= second.received


def test_requests_can_be_read_after_the_end_and_are_kept_over_a_new_start() -> None:
    model = ScriptedModel({"sessions": [{"turns": ["a"]}]})
    for number in (1, 2):
        model.start()
        model.start()
        assert ask(model).text == "a"
        model.stop()
        model.stop()
        assert len(model.requests) == number


def test_there_is_no_url_while_nobody_listens() -> None:
    model = ScriptedModel({})
    with pytest.raises(RuntimeError, match="between start"):
        model.environment()
    with model:
        url = model.url

    assert url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="between start"):
        assert model.url


def test_models_do_not_share_anything() -> None:
    with (
        ScriptedModel({"sessions": [{"turns": ["a"]}]}) as one,
        ScriptedModel({"sessions": [{"turns": ["b"]}]}) as other,
    ):
        assert (ask(one).text, ask(other).text) == ("a", "b")
        send(other, path="/elsewhere")

        assert (len(one.requests), len(other.requests)) == (1, 2)
