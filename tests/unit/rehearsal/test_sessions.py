"""The real agent program works with the scripted model."""

from __future__ import annotations

import json
import uuid
from typing import Any

from claude_agent_sdk import ClaudeSDKClient

from pytest_parex.testing import ScriptedModel

from .agents import Agent, Session, program, until
from .conftest import Trap

SLOW = "touch started; python3 -c 'import time; time.sleep(100)'"


def bash(command: str) -> dict[str, Any]:
    return {"Bash": {"command": command}}


def everybody(*turns: Any, **more: Any) -> dict[str, Any]:
    """A script with one session for everybody."""
    return {"sessions": [{"turns": list(turns), **more}]}


def asked(model: ScriptedModel) -> list[tuple[int, int]]:
    """The turns that were asked for, with the number of the attempt."""
    return [(request.turn, request.attempt) for request in model.requests]


def test_a_session_plays_the_turns_of_its_trial_over_all_prompts(agent: Agent) -> None:
    content = "a = {'{{ variant }}': {}}\nb = '{{ case }}'\n"
    written = {"Write": {"file_path": "{{ workspace }}/limits.py", "content": content}}
    mine = [
        {"think": "Pure.", "text": "I write it.", "calls": [written], "usage": {"input_tokens": 1000}},
        {"calls": [bash("echo '{{last_tool_result}}' > result.txt"), bash("cat limits.py")]},
        "Written.",
        "And read.",
    ]
    sessions = [
        {"when": {"variant": "oop"}, "turns": ["Not for me."]},
        {"when": {"variant": "functional", "Modell ü": ["a", "b c"], "step": 1}, "turns": mine},
    ]
    facts = {"variant": "functional", "Modell ü": "b c", "step": "1", "workspace": str(agent.workspace)}

    with ScriptedModel({"sessions": sessions}) as model:
        session = agent.work(model, "Write a limiter.", "Read it.", "More?", facts=facts)

    assert session.failed is None
    assert session.said == [["I write it.", "Written."], ["And read."], ["Done."]]
    assert (agent.workspace / "limits.py").read_text() == "a = {'functional': {}}\nb = '{{ case }}'\n"
    assert "created successfully" in (agent.workspace / "result.txt").read_text()
    assert session.results[0].model_usage["claude-sonnet-5"]["inputTokens"] == 1200
    assert session.results[0].model_usage["claude-sonnet-5"]["outputTokens"] == 150
    assert asked(model) == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]
    assert {(request.kind, request.session) for request in model.requests} == {("turn", session.results[0].session_id)}
    assert model.requests[0].facts == facts


def test_a_session_that_was_killed_goes_on_with_the_next_turn_and_so_does_its_fork(agent: Agent) -> None:
    """The program adds an answer of its own when it resumes, which takes no turn."""
    script = everybody({"text": "One.", "calls": [bash(SLOW)]}, {"text": "Two.", "calls": [bash("true")]}, "Three.")
    session_id = str(uuid.uuid4())

    async def kill(client: ClaudeSDKClient, session: Session) -> None:
        await until((agent.workspace / "started").exists)
        victim = program()
        tools = victim.children(recursive=True)
        for process in (victim, *tools):  # the tools would outlive it
            process.kill()

    with ScriptedModel(script) as model:
        killed = agent.work(model, "Begin.", session_id=session_id, meanwhile=kill)
        resumed = agent.work(model, "Go on.", resume=session_id)
        forked = agent.work(model, "And now?", resume=session_id, fork_session=True)

    assert killed.failed is not None
    assert resumed.said == [["Two.", "Three."]]
    assert forked.said == [["Done."]]
    assert asked(model) == [(1, 1), (2, 1), (3, 1), (4, 1)]


def test_a_turn_that_was_interrupted_before_its_calls_is_said_again(agent: Agent) -> None:
    silence = {"kind": "hang", "after_events": 5, "times": 1}
    script = everybody({"text": "One.", "calls": [bash("true")], "fail": silence}, "Two.")

    async def interrupt(client: ClaudeSDKClient, session: Session) -> None:
        await until(lambda: session.said[0])
        await client.interrupt()

    with ScriptedModel(script) as model:
        session = agent.work(model, "Begin.", "And now?", meanwhile=interrupt)

    assert session.said[1] == ["One.", "Two."]
    assert asked(model) == [(1, 1), (1, 2), (2, 1)]


def test_failures_are_said_as_often_as_scripted_over_retries_and_resumed_sessions(agent: Agent) -> None:
    """The program tries twice in each session."""
    overloaded = {"kind": "http", "status": 529, "times": 3}
    script = everybody({"calls": [bash("true")]}, {"text": "At last.", "fail": overloaded})
    session_id = str(uuid.uuid4())

    with ScriptedModel(script) as model:
        failed = agent.work(model, "Begin.", session_id=session_id)
        resumed = agent.work(model, "Go on.", resume=session_id)

    assert failed.results[0].is_error
    assert failed.results[0].api_error_status == 529
    assert resumed.said == [["At last."]]
    assert asked(model) == [(1, 1), (2, 1), (2, 2), (2, 3), (2, 4)]


def test_answers_that_the_program_continues_by_itself_are_turns(agent: Agent) -> None:
    """A full answer, an empty one, and one that is cut off behind its text."""
    cut = {"kind": "cut", "after_events": 5, "times": 1}
    script = everybody(
        {"text": "One.", "stop_reason": "max_tokens"},
        {"content": []},
        {"text": "Three.", "calls": [bash("true")], "fail": cut},
        "Four.",
    )

    with ScriptedModel(script) as model:
        session = agent.work(model, "Begin.")

    assert session.said[-1][-2:] == ["Three.", "Four."]
    assert asked(model) == [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1)]


def test_a_summarized_conversation_goes_on_where_it_was(agent: Agent) -> None:
    script = everybody(
        {"text": "One.", "calls": [bash("true")]}, "Two.", {"text": "Three.", "calls": [bash("true")]}, "Four."
    )

    with ScriptedModel(script) as model:
        session = agent.work(model, "Begin.", "/compact", "Go on.", "/compact", "Go on.")

    assert [said for said in session.said if said] == [["One.", "Two."], ["Three.", "Four."], ["Done."]]
    assert [request.kind for request in model.requests] == [
        "turn",
        "turn",
        "summary",
        "turn",
        "turn",
        "summary",
        "turn",
    ]


def test_subagents_play_the_script_that_their_prompt_names(agent: Agent) -> None:
    def call(prompt: str) -> dict[str, Any]:
        return {"Agent": {"subagent_type": "general-purpose", "description": "a part", "prompt": prompt}}

    script = {
        "sessions": [
            {"turns": [{"calls": [call("Write it. [[script:write]]"), call("Anything.")]}, "{{ last_tool_result }}"]}
        ],
        "scripts": {"write": [{"calls": [bash("echo written > part.txt")]}, "The part is written."]},
    }

    with ScriptedModel(script) as model:
        session = agent.work(model, "Begin.")

    assert session.failed is None
    assert (agent.workspace / "part.txt").read_text() == "written\n"
    by_agent = {}
    for request in model.requests:
        by_agent.setdefault(request.agent, []).append((request.turn, request.attempt))
    assert by_agent.pop("") == [(1, 1), (2, 1)]
    assert sorted(by_agent.values()) == [[(1, 1)], [(1, 1), (2, 1)]]


def test_settings_and_proxies_of_the_user_do_not_lead_to_another_model(agent: Agent, trap: Trap) -> None:
    elsewhere = {"ANTHROPIC_BASE_URL": trap.url, "ANTHROPIC_AUTH_TOKEN": "real", "CLAUDE_CODE_USE_BEDROCK": "1"}
    agent.settings.write_text(json.dumps({"env": elsewhere}))
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), trap.url)

    with ScriptedModel(everybody("Rehearsed.")) as model:
        settings = json.dumps({"env": model.environment()})
        session = agent.work(model, "Begin.", setting_sources=["user"], settings=settings, env=proxies)

    assert session.said == [["Rehearsed."]]
    assert trap.connections == 0
    assert all("authorization" not in request.headers for request in model.requests)
