"""Whatever an agent does, its trial ends rightly, the evidence is there, and nothing of it is left running."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.endings import Cause

from .stories import SLEEP, Story, bash, claude, session, write

MARK = "36000.271828182845"
"""Seconds that no other process sleeps."""
OUTSIDE = "/tmp/parex-test-outside.txt"
COMMAND = "---\ndescription: as scripted\n---\nGENERATE $ARGUMENTS\n"
SERVER = """\
import json
import sys

for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("method") == "initialize":
        about = {"capabilities": {"tools": {}}, "serverInfo": {"name": "own", "version": "1"}}
        result = {"protocolVersion": asked["params"]["protocolVersion"], **about}
    elif asked.get("method") == "tools/list":
        schema = {"type": "object", "properties": {"n": {"type": "number"}}}
        result = {"tools": [{"name": "double", "description": "doubles", "inputSchema": schema}]}
    elif asked.get("method") == "tools/call":
        result = {"content": [{"type": "text", "text": f"doubled: {2 * asked['params']['arguments']['n']}"}]}
    else:
        result = {}
    if "id" in asked:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
SKILL = "---\nname: my-skill\ndescription: as scripted\n---\nSKILL $ARGUMENTS\n"


@pytest.fixture(scope="module")
def done(told: Callable[..., Story]) -> Story:
    sessions = [
        session("works", [
            {"think": "a plan", "text": "I begin.", "calls": [write("made.py"), bash("false")],
             "usage": {"input_tokens": 1000, "output_tokens": 200, "cache_read_input_tokens": 5000}},
            {"calls": [
                {"mcp__parex__report_metric": {"name": "accuracy", "value": 0.93, "unit": "%", "better": "higher"}},
                {"mcp__parex__report_metric": {"name": "cost_usd", "value": 0}},
                {"mcp__parex__report_progress": {"done": "half of it", "remaining": "the rest"}},
            ]},
            {"calls": [write("RESULTS.md", "# Done well\n"), write("PROGRESS.md", "- all\n"),
                       bash("echo key: $ANTHROPIC_API_KEY")]},
            "Finished.",
        ]),
        session("delegates", [
            {"calls": [
                {"Agent": {"subagent_type": "general-purpose", "description": "d", "prompt": "[[script:sub]]"}},
            ]},
            "the subagent is done",
        ]),
        session("writes-outside", [
            {"calls": [bash("ln -s /var/tmp link")]},
            {"calls": [write(OUTSIDE), write("link/parex-test-linked.txt"), write("../sibling"),
                       write("~/parex-test-home.txt")]},
            {"calls": [bash('echo x > "{{ workspace }}/../../../repo/spec.yaml"')]},
            "tried",
        ]),
        session("leaves-daemons", [
            {"calls": [
                bash(f"(setsid env -i sleep {MARK} >/dev/null 2>&1 &) ; nohup sleep {MARK} >/dev/null 2>&1 & echo"),
            ]},
            "left",
        ]),
        session("big-edit", [
            {"calls": [bash("yes 'x = 1' | head -c 5000000 > big.py")]},
            {"calls": [{"Read": {"file_path": "{{ workspace }}/big.py", "limit": 1}}]},
            {"calls": [{"Edit": {"file_path": "{{ workspace }}/big.py", "old_string": "x = 1", "new_string": "y = 2",
                                 "replace_all": True}}]},
            "edited",
        ]),
        session("slow-command", [{"calls": [bash(SLEEP, timeout=1500)]}, "it took too long"]),
        session("background", [{"calls": [bash(SLEEP, run_in_background=True)]}, "on we go"]),
        session("wrong-tools", [
            {"calls": [{"Nope": {}}, {"Edit": {"file_path": "nope", "old_string": "a", "new_string": "b"}}]},
            "well",
        ]),
        session("unknown-command", ["never asked"]),
        session("command", ["done"]),
        session("skill", ["done"]),
        session("plugin", ["done"]),
        session("server", [{"calls": [{"mcp__own__double": {"n": 21}}]}, "done"]),
        session("helper", [
            {"calls": [{"Agent": {"subagent_type": "tester", "description": "d", "prompt": "[[script:sub]]"}}]}, "done",
        ]),
        {"when": {"variant": "steps", "step": 3}, "turns": [{"calls": [bash("echo 3 > three")]}, "fresh"]},
        session("steps", [
            {"calls": [bash("echo 1 > one")]}, "one done", {"calls": [bash("echo 2 > two")]}, "two done",
        ]),
    ]  # fmt: skip
    plugin = {
        "tools/.claude-plugin/plugin.json": '{"name": "own-tools", "version": "1.0.0", "description": "as scripted"}',
        "tools/commands/measure.md": COMMAND,
    }
    helper = {"tester": {"description": "tests", "prompt": "You test.", "model": "claude-haiku-5-5"}}
    server = {"own": {"command": "python3", "args": ["server.py"]}}
    overlay = {
        **plugin,
        "server.py": SERVER,
        "extra/commands/generate.md": COMMAND,
        "extra/skills/my-skill/SKILL.md": SKILL,
    }
    steps = ["/generate {{ variant }}", {"prompt": "go on", "name": "more"}, {"prompt": "afresh", "session": "new"}]
    variants = {
        **{one["when"]["variant"]: {"prompt": "go"} for one in sessions},
        "unknown-command": {"runner": claude(prompt="/nonsense now")},
        "command": {"runner": claude(prompt="/generate {{ variant }}"), "files": {".claude": "extra"}},
        "skill": {"runner": claude(prompt="/my-skill {{ prompt }}"), "files": {".claude": "extra"}},
        "plugin": {"runner": claude(prompt="/own-tools:measure it", plugins=["tools"])},
        "helper": {"runner": claude(agents=helper)},
        "server": {"runner": claude(mcp_servers=server, allowed_tools=["mcp__own__double"])},
        "steps": {"runner": claude(steps=steps), "files": {".claude": "extra"}},
    }
    script = {
        "sessions": sessions,
        "scripts": {"sub": [{"calls": [write("sub.txt")], "usage": {"output_tokens": 1000}}, "done"]},
    }
    spec = {"variants": variants, "instructions": ["think.md"], "retries": 0, "checks": {"fine": "true"}}
    return told("deeds", spec, script, "-n4", files={"think.md": "Think hard.\n", **overlay})


def test_work_is_captured_graded_and_priced(done: Story) -> None:
    assert done.result("works").cause is Cause.PASSED, done.result("works").message
    assert {"made.py", "RESULTS.md"} <= done.changed("works")
    numbers = {name: metric.value for name, metric in done.result("works").metrics.items()}
    # claude-sonnet-5 costs 2, 10 and 0.2 USD per million tokens of input, output and cache read
    assert numbers["cost_usd"] == pytest.approx((1000 * 2 + 200 * 10 + 5000 * 0.2 + 3 * (100 * 2 + 50 * 10)) / 1e6)
    assert numbers["tokens_input"] == 1300
    assert numbers["tokens_output"] == 350
    assert numbers["tokens_cache_read"] == 5000
    assert (numbers["turns"], numbers["tool_calls"], numbers["tool_errors"]) == (4, 8, 1)
    assert 0 < numbers["duration_s"] <= done.result("works").phases["execute"]


def test_an_agent_reports_metrics_and_progress_but_not_its_own_price(done: Story) -> None:
    metric = done.result("works").metrics["accuracy"]

    assert (metric.value, metric.unit, metric.better) == (0.93, "%", "higher")
    assert done.metric("works", "cost_usd") > 0
    assert [event.data["done"] for event in done.events("works", "progress")] == ["half of it"]
    assert done.text("works", "RESULTS.md") == "# Done well\n"
    assert done.text("works", "PROGRESS.md") == "- all\n"


def test_what_happens_is_journalled_while_it_happens(done: Story) -> None:
    assert [event.data["turn"] for event in done.events("works", "turn")] == [1, 2, 3, 4]
    assert [event.data["name"] for event in done.events("works", "tool")][:2] == ["Write", "Bash"]
    assert done.events("works", "cost")[-1].data["usd"] == pytest.approx(done.metric("works", "cost_usd"))
    assert done.events("works", "session")[0].data["model"] == "claude-sonnet-5"


def test_the_transcript_tells_everything_and_no_secrets(done: Story) -> None:
    rows = [json.loads(line) for line in done.text("works", "transcript.jsonl").splitlines()]
    readable = done.text("works", "transcript.md")

    assert rows[0]["type"] == "prompt"
    assert "Think hard." in rows[0]["data"]["text"]
    assert {"system", "assistant", "user", "result"} <= {row["type"] for row in rows}
    for said in ("Think hard.", "a plan", "I begin.", "made.py", "Exit code 1", "Finished."):
        assert said in readable
    everything = "".join(
        done.text("works", file) for file in ("transcript.jsonl", "transcript.md", "run.log", "events.jsonl")
    )
    assert "key: ***" in everything
    assert "sk-ant" not in everything


def test_instructions_are_read_for_each_trial_and_their_digest_is_kept(done: Story) -> None:
    (event,) = done.events("works", "instructions")

    assert event.data["file"] == "think.md"
    assert len(event.data["sha256"]) == 64


def test_a_subagents_work_and_tokens_count(done: Story) -> None:
    assert done.changed("delegates") == {"sub.txt"}
    assert done.metric("delegates", "tokens_output") == 50 + 50 + 1000 + 50
    assert done.metric("delegates", "turns") == 2
    assert done.metric("delegates", "tool_calls") == 2


def test_a_subagent_of_the_spec_has_its_own_model_and_price(done: Story) -> None:
    assert done.result("helper").cause is Cause.PASSED, done.result("helper").message
    assert done.metric("helper", "tokens_output.claude-haiku-5-5") == 1050
    assert done.metric("helper", "tokens_output.claude-sonnet-5") == 100
    haiku, sonnet = (2 * 100 * 0.1 + 1050 * 0.5) / 1e6, 2 * (100 * 2 + 50 * 10) / 1e6
    assert done.metric("helper", "cost_usd") == pytest.approx(haiku + sonnet)


def test_an_mcp_server_of_the_spec_is_there(done: Story) -> None:
    assert "doubled: 42" in done.text("server", "transcript.md")


def test_an_agents_tools_write_nowhere_but_in_its_workspace(done: Story) -> None:
    assert done.result("writes-outside").cause is Cause.PASSED
    assert done.changed("writes-outside") == {"link"}
    assert done.metric("writes-outside", "permission_denials") >= 4
    assert any("outside of the workspace" in event.data["why"] for event in done.events("writes-outside", "denied"))
    for path in (OUTSIDE, "/var/tmp/parex-test-linked.txt", str(Path.home() / "parex-test-home.txt")):
        assert not Path(path).exists()
    assert json.loads((done.runs.parent / "spec.yaml").read_text())


def test_nothing_that_an_agent_started_is_left_running(done: Story) -> None:
    commands = (Path(entry, "cmdline") for entry in Path("/proc").iterdir() if entry.name.isdigit())

    assert done.result("leaves-daemons").cause is Cause.PASSED
    assert not [path for path in commands if MARK.encode() in read_if_there(path)]


def read_if_there(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_an_edit_of_five_megabytes_does_not_end_the_session(done: Story) -> None:
    assert done.result("big-edit").cause is Cause.PASSED, done.result("big-edit").message
    assert done.metric("big-edit", "tool_errors") == 0
    workspace = Path(done.result("big-edit").workspace or "")
    assert (workspace / "big.py").read_text().startswith("y = 2")


@pytest.mark.parametrize("trial", ["slow-command", "background"])
def test_a_command_that_does_not_end_is_not_waited_for(done: Story, trial: str) -> None:
    assert done.result(trial).cause is Cause.PASSED, done.result(trial).message
    assert done.metric(trial, "turns") == 2


def test_wrong_calls_of_tools_are_counted_and_the_session_goes_on(done: Story) -> None:
    assert done.result("wrong-tools").cause is Cause.PASSED
    assert done.metric("wrong-tools", "tool_errors") == 2


def test_an_unknown_slash_command_is_a_fault_of_the_setup_and_costs_nothing(done: Story) -> None:
    result = done.result("unknown-command")

    assert result.cause is Cause.SETUP_FAILED
    assert "no command or skill `/nonsense`" in result.message
    assert result.metrics["cost_usd"].value == 0


@pytest.mark.parametrize("trial", ["command", "skill", "plugin"])
def test_commands_and_skills_of_the_workspace_and_of_plugins_can_be_the_prompt(done: Story, trial: str) -> None:
    assert done.result(trial).cause is Cause.PASSED, done.result(trial).message


def test_steps_are_timed_and_priced_each_on_its_own(done: Story) -> None:
    assert done.result("steps").cause is Cause.PASSED, done.result("steps").message
    assert done.changed("steps") == {"one", "two", "three"}
    for step in ("1", "more", "3"):
        assert done.metric("steps", f"step.{step}.s") > 0
        assert done.metric("steps", f"step.{step}.cost_usd") == pytest.approx(2 * (100 * 2 + 50 * 10) / 1e6)
    sessions = {event.data["id"] for event in done.events("steps", "session")}
    assert len(sessions) == 2
