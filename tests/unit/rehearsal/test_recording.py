"""What a session said becomes a script that says it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import SystemMessage
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_parex.errors import StoreError
from pytest_parex.model import Scalar
from pytest_parex.rehearsal import Script, as_script, read_script
from pytest_parex.rehearsal.script import Turn
from pytest_parex.runners.claude.transcript import plain
from pytest_parex.testing import ScriptedModel

from .agents import Agent, Session
from .client import ask, said, user

FACTS: dict[str, Scalar] = {
    "variant": "oop",
    "case": None,
    "trial": "oop--r2",
    "repeat": 2,
    "step": 1,
    "model": "sonnet",
}
PROMPT = ("prompt", {"text": "Begin.", "new_session": True})


def answer(*blocks: dict[str, Any], id: str = "m1", **more: Any) -> tuple[str, dict[str, Any]]:  # noqa: A002
    data = {"content": list(blocks), "model": "claude-x", "message_id": id, "parent_tool_use_id": None, "error": None}
    return "assistant", {**data, "usage": {"input_tokens": 5, "output_tokens": 1, "service_tier": "standard"}, **more}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def call(name: str, id: str = "t1", **given: Any) -> dict[str, Any]:  # noqa: A002
    return {"type": "tool_use", "id": id, "name": name, "input": given}


def returned(id: str = "t1", caller: str | None = None) -> tuple[str, dict[str, Any]]:  # noqa: A002
    block = {"type": "tool_result", "tool_use_id": id, "content": "…", "is_error": False}
    return "user", {"content": [block], "parent_tool_use_id": caller}


class Recorded:
    """A transcript in a file, and the script that it makes."""

    def __init__(self, folder: Path) -> None:
        self.transcript = folder / "transcript.jsonl"
        self.file = folder / "rehearsal.yaml"

    def rows(self, *rows: Any, step: int = 1) -> Recorded:
        with self.transcript.open("a") as file:
            for kind, data in rows:
                file.write(
                    json.dumps({"time": "2026-11-21T00:00:00Z", "step": step, "type": kind, "data": data}) + "\n"
                )
        return self

    def script(self, **facts: Scalar) -> Script:
        self.file.write_text(as_script(self.transcript, {**FACTS, **facts}), encoding="utf-8")
        return read_script(self.file)

    def turns(self, **facts: Scalar) -> tuple[Turn, ...]:
        [session] = self.script(**facts).sessions
        return session.turns


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_the_rows_of_a_message_are_one_turn(recorded: Recorded) -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "abc"}
    recorded.rows(PROMPT, answer(thinking), answer(text("I look.")), answer(call("Bash", command="ls")))
    recorded.rows(answer(call("Read", id="t2")), returned(), returned("t2"), answer(text("Done so."), id="m2"))

    first, second = recorded.turns()

    assert (first.think, first.text) == ("Hm.", "I look.")
    assert [(call.tool, call.input) for call in first.calls] == [("Bash", {"command": "ls"}), ("Read", {})]
    assert second.text == "Done so."
    assert recorded.script().sessions[0].when == {"variant": ("oop",), "model": ("sonnet",)}


def test_usage_is_the_most_that_any_row_tells(recorded: Recorded) -> None:
    final = {"message_id": "m1", "usage": {"input_tokens": 5, "output_tokens": 700, "cache_read_input_tokens": 30}}
    recorded.rows(PROMPT, answer(text("a")), answer(call("Bash")), returned(), ("usage", final))

    assert recorded.turns()[0].usage.model_dump() == {
        "input_tokens": 5,
        "output_tokens": 700,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": 0,
        "cache_creation": {},
    }


def test_tokens_that_only_the_result_tells_are_those_of_the_last_answer(recorded: Recorded) -> None:
    """The program tells what an answer began with, and when the prompt is done how many tokens there were in all."""
    recorded.rows(PROMPT, answer(text("a")), answer(text("b"), id="m2"), ("result", {"usage": {"output_tokens": 90}}))
    recorded.rows(
        ("prompt", {"text": "More."}), answer(text("c"), id="m3"), ("result", {"usage": {"output_tokens": 7}})
    )

    assert [turn.usage.output_tokens for turn in recorded.turns()] == [1, 89, 7]


def test_messages_of_the_program_itself_are_no_turns(recorded: Recorded) -> None:
    recorded.rows(PROMPT, answer(text("API Error: 529"), model="<synthetic>", error="server_error"))
    recorded.rows(("result", {}), PROMPT, answer(text("a"), id="m2"))

    assert [turn.text for turn in recorded.turns()] == ["a"]


def test_an_answer_that_went_on_without_a_prompt_had_come_to_its_limit(recorded: Recorded) -> None:
    recorded.rows(PROMPT, answer(text("a")), answer(text("b"), id="m2"), ("result", {}), answer(text("c"), id="m3"))

    assert [(turn.text, turn.stop_reason) for turn in recorded.turns()] == [
        ("a", "max_tokens"),
        ("b", None),
        ("c", None),
    ]


@pytest.mark.parametrize(
    ("words", "stop_reason"),
    [
        ("Output token limit hit. Resume directly.", "max_tokens"),
        ("Your response above was cut off mid-stream.", "max_tokens"),
        ("Your response above was stopped by a safety classifier", "refusal"),
        ("Stop hook feedback: not yet", None),
    ],
)
@pytest.mark.parametrize("as_blocks", [True, False])
def test_what_the_program_said_tells_why_an_answer_had_stopped(
    words: str, stop_reason: str | None, as_blocks: bool, recorded: Recorded
) -> None:
    user_row = ("user", {"content": [text(words)] if as_blocks else words, "parent_tool_use_id": None})
    recorded.rows(PROMPT, answer(text("a")), user_row, answer(text("b"), id="m2"))

    assert [turn.stop_reason for turn in recorded.turns()] == [stop_reason, None]


def test_an_empty_answer_is_known_by_the_complaint_about_it(recorded: Recorded) -> None:
    complaint = "[Your previous response had no visible output. Please continue.]"
    recorded.rows(PROMPT, ("user", {"content": complaint}), answer(text("a")))

    first, second = recorded.turns()

    assert (first.content, second.text) == ((), "a")


def test_the_last_words_of_a_subagent_come_from_the_result_of_its_call(recorded: Recorded) -> None:
    """The program tells the calls of a subagent, and of its texts only the last, between its own notes."""
    kind, data = returned("t1")
    blocks = [text("<note>"), text("one"), text("two"), text("<tail>")]
    told = {"content": blocks, "harnessNoteCount": 1, "harnessTailCount": 1, "usage": {"output_tokens": 9}}
    begun = ("user", {"content": [text("Do a.")], "parent_tool_use_id": "t1"})
    recorded.rows(PROMPT, answer(call("Agent", prompt="Do a.")), begun, (kind, {**data, "tool_use_result": told}))

    [turn] = recorded.script().scripts["agent-1"]

    assert (turn.text, turn.usage.output_tokens) == ("one\ntwo", 9)


def test_blocks_in_another_order_are_kept_as_blocks(recorded: Recorded) -> None:
    recorded.rows(PROMPT, answer(call("Bash", command="ls")), answer(text("a")), answer(text("b")))

    [turn] = recorded.turns()

    assert turn.content == ({"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}, text("a"), text("b"))


def test_sessions_of_later_steps_are_told_apart_by_their_steps(recorded: Recorded) -> None:
    again = ("prompt", {"text": "More.", "new_session": False})
    recorded.rows(PROMPT, answer(text("a"))).rows(again, answer(text("b"), id="m2"), step=2)
    recorded.rows(PROMPT, answer(text("c"), id="m3"), step=3)

    first, second = recorded.script().sessions

    assert (first.when["step"], second.when["step"]) == ((1, 2), (3,))
    assert ([turn.text for turn in first.turns], [turn.text for turn in second.turns]) == (["a", "b"], ["c"])
    assert first.fits({"variant": "oop", "model": "sonnet", "step": "2", "repeat": "1"})


def test_subagents_are_chosen_by_markers_in_the_prompts_of_their_calls(recorded: Recorded) -> None:
    recorded.rows(
        PROMPT,
        answer(call("Agent", id="t1", prompt="Do a."), call("Agent", id="t2", prompt="Do b. [[script:old]]")),
        answer(text("b1"), id="s2", parent_tool_use_id="t2"),
        answer(call("Agent", id="t3", prompt="Do c."), id="s1", parent_tool_use_id="t1"),
        answer(text("c1"), id="s3", parent_tool_use_id="t3"),
        returned("t3", caller="t1"),
        answer(text("a2"), id="s4", parent_tool_use_id="t1"),
        returned("t1"),
        answer(text("all done"), id="m2"),
    )
    script = recorded.script()

    with ScriptedModel(script) as model:

        def prompts(*messages: Any, **more: Any) -> list[str]:
            reply = ask(model, *messages, facts={"variant": "oop", "model": "sonnet"}, **more)
            return [block["input"]["prompt"] for block in reply.data["content"] if block["type"] == "tool_use"]

        first, second = prompts()
        [third] = prompts(user(first))
        assert first.startswith("Do a.\n")
        assert ask(model, user(first), said(calls=1), user("")).text == "a2"
        assert ask(model, user(second)).text == "b1"
        assert ask(model, user(third)).text == "c1"


def test_the_workspace_and_braces_mean_the_same_in_another_trial(recorded: Recorded) -> None:
    code = "{{ workspace }} {{ x }} {{variant}} /w/oop/a.py /w/oop-2/b /w/oop"
    init = ("system", {"subtype": "init", "data": {"cwd": "/w/oop"}})
    recorded.rows(init, PROMPT, answer(text(code), call("Write", file_path="/w/oop/a.py", content=code)))
    facts = {"variant": "oop", "model": "sonnet", "workspace": "/other"}
    moved = "{{ workspace }} {{ x }} {{variant}} /other/a.py /w/oop-2/b /other"

    for known in ({}, {"workspace": "/w/oop"}):
        with ScriptedModel(recorded.script(**known)) as model:
            content = ask(model, facts=facts).data["content"]
            assert content[0]["text"] == moved
            assert content[1]["input"] == {"file_path": "/other/a.py", "content": moved}


def test_torn_lines_and_hidden_secrets_are_remarked(recorded: Recorded) -> None:
    recorded.rows(PROMPT, answer(call("Bash", command="login ***")))
    with recorded.transcript.open("a") as file:
        file.write('\n[]\n{"type": "assistant", "data": {"cont')

    written = as_script(recorded.transcript, FACTS).splitlines()

    assert written[0] == "# Recorded from the trial oop--r2."
    assert "Secrets were hidden" in written[1]
    assert written[2].endswith("left out: 2.")
    assert len(recorded.turns()) == 1


def test_a_transcript_without_answers_makes_no_script(recorded: Recorded, tmp_path: Path) -> None:
    recorded.rows(PROMPT)

    with pytest.raises(StoreError, match="no answer of a model"):
        as_script(recorded.transcript, FACTS)
    with pytest.raises(StoreError, match="cannot be read"):
        as_script(tmp_path / "none.jsonl", FACTS)


ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["1e3", "0o14", "yes", "~", "<<", "a: b", "- x", "|", "x\n", "\n\nx", "  x\n y", "x \n", "\tx\ny", "\x85", "a\r\nb"]
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(ANYTHING, ANYTHING | st.integers() | st.booleans() | st.lists(ANYTHING), max_size=4), ANYTHING)
def test_every_text_and_input_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, given_: dict[str, Any], variant: str
) -> None:
    recorded = Recorded(tmp_path_factory.mktemp("recorded"))
    recorded.rows(PROMPT, answer(call("Write", **given_)))

    script = recorded.script(variant=variant)

    assert script.sessions[0].turns[0].calls[0].input == given_
    assert script.sessions[0].when["variant"] == (variant,)


def test_a_recorded_session_is_rehearsed_to_the_same_work(agent: Agent, recorded: Recorded, tmp_path: Path) -> None:
    """Everything that was said and done comes again, in another workspace: the tokens and the subagent too."""
    file = {"file_path": "{{ workspace }}/a.txt", "content": "{{ braces }} variant }}\n"}
    part = {"subagent_type": "general-purpose", "description": "a part", "prompt": "Write it. [[script:part]]"}
    script = {
        "sessions": [
            {
                "turns": [
                    {
                        "think": "Tests first.",
                        "calls": [{"Write": file}],
                        "usage": {"input_tokens": 1000, "cache_read_input_tokens": 200},
                    },
                    {"text": "To be continued", "stop_reason": "max_tokens"},
                    {"text": "A part.", "calls": [{"Agent": part}, {"Bash": {"command": "cp a.txt b.txt"}}]},
                    "First prompt done.",
                    {"calls": [{"Bash": {"command": "cat {{ workspace }}/b.txt > c.txt"}}]},
                    "All done.",
                ]
            }
        ],
        "scripts": {"part": [{"calls": [{"Bash": {"command": "echo part > part.txt"}}]}, "The part is done."]},
    }
    other = Agent(tmp_path / "other")

    with ScriptedModel(script) as model:
        facts = {"variant": "oop", "workspace": str(agent.workspace)}
        original = agent.work(model, "Begin.", "Go on.", facts=facts)
    for step, kind, data in rows_of(original):
        recorded.rows((kind, data), step=step)
    recorded.file.write_text(as_script(recorded.transcript, facts))
    with ScriptedModel(recorded.file) as model:
        facts = {"variant": "oop", "workspace": str(other.workspace)}
        rehearsed = other.work(model, "Begin.", "Go on.", facts=facts)

    assert rehearsed.said == original.said == [["To be continued", "A part.", "First prompt done."], ["All done."]]
    names = ["a.txt", "b.txt", "c.txt", "part.txt"]
    assert [path.name for path in sorted(other.workspace.glob("*.txt"))] == names
    assert (other.workspace / "c.txt").read_text() == "{{ variant }}\n"
    assert inputs(rehearsed) == inputs(original) == [1000 + 5 * 100, 1000 + 7 * 100]
    costs = [[found.total_cost_usd for found in session.results] for session in (original, rehearsed)]
    assert costs[1] == pytest.approx(costs[0], rel=0.1)  # but for what the subagent said between its calls


def rows_of(session: Session) -> Iterator[tuple[int, str, Any]]:
    """The rows of a session's transcript, with their steps, as the runner writes them."""
    prompts: list[str] = []
    for prompt, message in session.messages:
        if prompt not in prompts:
            prompts.append(prompt)
            yield len(prompts), "prompt", {"text": prompt, "new_session": len(prompts) == 1}
        kind = (
            "system" if isinstance(message, SystemMessage) else type(message).__name__.removesuffix("Message").lower()
        )
        yield len(prompts), kind, plain(message)


def inputs(session: Session) -> list[int]:
    """The tokens that were read so far, prompt by prompt."""
    return [found.model_usage["claude-sonnet-5"]["inputTokens"] for found in session.results if found.model_usage]


def test_what_no_script_can_hold_is_replaced(recorded: Recorded) -> None:
    recorded.rows(PROMPT, answer(text("a\0b\ud800c")))

    assert recorded.turns()[0].text == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
