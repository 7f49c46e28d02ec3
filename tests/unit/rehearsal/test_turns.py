"""Which turn a request gets is read from its messages alone."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_parex.testing import ScriptedModel

from .client import PROMPT, ask, result, said, user

CALL = {"Bash": {"command": "true"}}
TURNS = [{"text": "1", "calls": [CALL, CALL]}, {"text": "2", "calls": [CALL]}, "3", "4"]
ADDED_ON_RESUME = said("No response requested.")
COMPLAINT = "[Your previous response had no visible output. Please continue and produce a user-visible response.]"


@pytest.mark.parametrize(
    ("messages", "turn"),
    [
        ([PROMPT], "1"),
        ([PROMPT, said("1", calls=2), result()], "2"),
        ([PROMPT, said("1", calls=2), result(), said("2", calls=1), result(), said("3"), user("next")], "4"),
        pytest.param([PROMPT, *[said("…", calls=1), result()] * 4], "Done.", id="used up"),
        pytest.param([PROMPT, {"role": "system", "content": "environment"}], "1", id="system messages"),
        pytest.param([PROMPT, said("1", calls=2), result(), ADDED_ON_RESUME, user("go on")], "2", id="killed"),
        pytest.param([PROMPT, ADDED_ON_RESUME, user("a"), ADDED_ON_RESUME, user("b")], "1", id="killed twice"),
        pytest.param([PROMPT, said("1"), user("[Request interrupted by user]", "b")], "1", id="interrupted in a text"),
        pytest.param(
            [PROMPT, said("1", calls=1), result("", "[Request interrupted]")], "2", id="interrupted in a call"
        ),
        pytest.param(
            [PROMPT, said("1", calls=2), result(), said("2"), user("was cut off")], "2", id="cut before the call"
        ),
        pytest.param([PROMPT, said("1", calls=2), result("", "go on")], "2", id="failed, then resumed"),
        pytest.param([user("Begin.", COMPLAINT)], "2", id="empty answer"),
        pytest.param([PROMPT, {"role": "assistant", "content": "a text of its own"}, user("")], "1", id="plain text"),
    ],
)
def test_the_answers_that_the_model_itself_gave_are_counted(messages: list[Any], turn: str) -> None:
    with ScriptedModel({"sessions": [{"turns": TURNS}]}) as model:
        assert ask(model, *messages).text == turn


def summary_of(model: ScriptedModel, *messages: Any) -> dict[str, Any]:
    """The message with which the program goes on after it had the conversation summarized."""
    asked = "REMINDER: Do NOT call any tools. Answer with <analysis> and <summary> blocks."
    return user(f"This session is being continued. The summary:\n{ask(model, *messages, user(asked)).text}")


def test_a_summary_stands_for_the_turns_that_it_summarizes() -> None:
    with ScriptedModel({"sessions": [{"turns": TURNS}]}) as model:
        summary = summary_of(model, PROMPT, said("1", calls=2), result(), said("2", calls=1), result())

        assert ask(model, summary).text == "3"
        assert ask(model, summary, said("3"), user("next")).text == "4"


def test_answers_that_are_kept_beside_a_summary_count_once() -> None:
    with ScriptedModel({"sessions": [{"turns": TURNS}]}) as model:
        kept = said("2", calls=1)
        summary = summary_of(model, PROMPT, said("1", calls=2), result(), kept, result())

        assert ask(model, summary, kept, result()).text == "3"
        assert ask(model, summary, kept, result(), said("3"), user("next")).text == "4"


def test_answers_that_only_look_like_summarized_ones_count() -> None:
    turns = ["ok", {"text": "2", "calls": [CALL]}, "ok", "4"]
    with ScriptedModel({"sessions": [{"turns": turns}]}) as model:
        summary = summary_of(model, PROMPT, said("ok"), user("next"), said("2", calls=1), result())

        assert ask(model, summary).text == "ok"
        assert ask(model, summary, said("ok"), user("next")).text == "4"


def test_summaries_of_summaries_go_on_counting() -> None:
    with ScriptedModel({"sessions": [{"turns": TURNS}]}) as model:
        once = summary_of(model, PROMPT, said("1", calls=2), result())
        twice = summary_of(model, once, said("2", calls=1), result(), said("3"))

        assert ask(model, twice, user("next")).text == "4"


def test_a_summary_remembers_the_script_that_a_marker_has_chosen() -> None:
    script = {"sessions": [{"turns": TURNS}], "scripts": {"part": ["a", "b", "c"]}}
    with ScriptedModel(script) as model:
        summary = summary_of(model, PROMPT, said("1", calls=2), result("", "[[script:part]]"), said("a"))

        assert ask(model, summary, user("next")).text == "b"


def test_attempts_that_follow_each_other_are_counted_for_each_conversation() -> None:
    second = (PROMPT, said("1", calls=2), result())
    with ScriptedModel({"sessions": [{"turns": TURNS}]}) as model:
        for messages, session, subagent in [
            ((PROMPT,), "a", ""),
            ((PROMPT,), "a", ""),
            ((PROMPT,), "b", ""),
            ((PROMPT,), "a", "x"),
            (second, "a", ""),
            ((PROMPT,), "a", ""),
        ]:
            agent = {"x-claude-code-agent-id": subagent} if subagent else {}
            ask(model, *messages, headers={"x-claude-code-session-id": session, **agent})

        asked = [(request.session, request.agent, request.turn, request.attempt) for request in model.requests]

    assert asked == [
        ("a", "", 1, 1),
        ("a", "", 1, 2),
        ("b", "", 1, 1),
        ("a", "x", 1, 1),
        ("a", "", 2, 1),
        ("a", "", 1, 1),
    ]
