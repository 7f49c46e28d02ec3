"""What does it cost to run agents as trials, rather than to run them?

Compared: seven agent sessions at once, `pytest --parex spec.yaml --parex-rehearse -n 7`, against a script of 30 lines
that drives seven bare sessions of claude-agent-sdk in one asyncio process, in seven clones that it has made, and saves
seven patches. Both talk to the same scripted model, which takes two seconds for each of eight answers, as a quick model
would; the agent program and its tools are real on both sides.
How: whole processes, taking turns; medians.
Bar: ≤ 1.1.
"""

from __future__ import annotations

import json
import shutil
import sys

from measuring import Cost, cost, folder, interleaved, options, show, wall_and_cpu

from pytest_parex.testing import Project

AGENTS = [f"v{number}" for number in range(7)]
ANSWER_S = 2.0

SPEC = {
    "experiment": "agents",
    "task": "Write a module and look at it.",
    "variants": dict.fromkeys(AGENTS, "As you like."),
    "runner": {"claude": {"model": "claude-sonnet-5", "max_turns": 20}},
    "workspace": {"keep": "none"},
}
WRITE = {"calls": [{"Bash": {"command": "echo 'x = 1' >> module.py", "description": "write"}}], "delay_s": ANSWER_S}
LOOK = {"calls": [{"Bash": {"command": "git diff; cat module.py", "description": "look"}}], "delay_s": ANSWER_S}
SCRIPT = {"sessions": [{"turns": [*[WRITE, LOOK] * 3, WRITE, {"text": "Done.", "delay_s": ANSWER_S}]}]}
BARE = """\
import asyncio, json, os, subprocess, sys, tempfile
from pathlib import Path
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query
from pytest_parex.testing import ScriptedModel

async def agent(name, model):
    subprocess.run(["git", "clone", "--quiet", ".", f"../bare/{name}"], check=True)
    env = {**model.environment(), "CLAUDE_CONFIG_DIR": tempfile.mkdtemp(), "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1"}
    options = ClaudeAgentOptions(
        cwd=f"../bare/{name}", env=env, model="claude-sonnet-5", max_turns=20, permission_mode="acceptEdits",
        allowed_tools=["Bash"], setting_sources=["project"],
        system_prompt={"type": "preset", "preset": "claude_code"},
    )
    async for message in query(prompt="Write a module and look at it. As you like.", options=options):
        if isinstance(message, ResultMessage):
            assert not message.is_error, message
    patch = subprocess.run(["git", "diff"], cwd=f"../bare/{name}", capture_output=True, check=True).stdout
    Path(f"../bare/{name}.patch").write_bytes(patch)

async def main():
    with ScriptedModel(Path("rehearsal.yaml")) as model:
        await asyncio.gather(*(agent(name, model) for name in sys.argv[1:]))

asyncio.run(main())
"""


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, rounds=3).parse_args()
    with folder() as place:
        project = Project(place / "repo", {"module.py": "", "bare.py": BARE, "rehearsal.yaml": json.dumps(SCRIPT)})
        project.spec(SPEC)
        project.commit()
        lean = ("-p", "no:randomly", "-p", "no:timeout", "-p", "no:rerunfailures", "-p", "no:cov")
        parex = project.command("--parex-rehearse", "-n", "7", *lean)
        bare = [sys.executable, "bare.py", *AGENTS]

        def of_bare() -> Cost:
            shutil.rmtree(place / "bare", ignore_errors=True)
            return cost(bare, project.path, project.environment())

        measured = interleaved(
            {"parex": lambda: cost(parex, project.path, project.environment()), "bare": of_bare}, asked.rounds
        )
    show(
        wall_and_cpu("seven agents at once", "bare sessions", measured["parex"], measured["bare"], 1.1), file=asked.json
    )


if __name__ == "__main__":
    main()
