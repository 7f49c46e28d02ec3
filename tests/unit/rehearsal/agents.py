"""Real sessions of the bundled agent program, whose model is scripted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    Message,
    ResultMessage,
    TextBlock,
)
from claude_agent_sdk import __file__ as sdk

from pytest_parex.testing import ScriptedModel

PROGRAM = Path(sdk).parent / "_bundled" / "claude"
DEADLINE_S = 120.0


@dataclass
class Session:
    """What came of a session."""

    said: list[list[str]] = field(default_factory=list)
    """The model's texts, by prompt."""
    results: list[ResultMessage] = field(default_factory=list)
    failed: ClaudeSDKError | None = None
    messages: list[tuple[str, Message]] = field(default_factory=list)
    """Everything that the program said, with the prompt that it was said to."""

    def add(self, message: Message) -> None:
        if isinstance(message, AssistantMessage) and message.parent_tool_use_id is None:
            self.said[-1] += [block.text for block in message.content if isinstance(block, TextBlock)]
        elif isinstance(message, ResultMessage):
            self.results.append(message)


class Agent:
    """Runs sessions of the agent program in `workspace`, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "workspace"
        self.workspace.mkdir(parents=True)
        self.settings = folder / "config" / "settings.json"
        self.settings.parent.mkdir()
        self._environment = {
            "CLAUDE_CONFIG_DIR": str(self.settings.parent),
            "HOME": str(folder),
            "CLAUDE_CODE_TMPDIR": str(folder),
            "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
            "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
            "CLAUDE_CODE_MAX_RETRIES": "1",
            "IS_SANDBOX": "1",
        }

    def work(
        self,
        model: ScriptedModel,
        *prompts: str,
        facts: Mapping[str, str] | None = None,
        meanwhile: Callable[[ClaudeSDKClient, Session], Awaitable[None]] | None = None,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Session:
        """A session with these prompts in turn, to its end; `meanwhile` happens while the first is worked on."""
        chosen = ClaudeAgentOptions(
            env={**self._environment, **model.environment(facts), **(env or {})},
            cwd=self.workspace,
            permission_mode="bypassPermissions",
            model="claude-sonnet-5",
            stderr=lambda line: None,
            **{"setting_sources": [], **options},
        )
        session = Session()
        asyncio.run(asyncio.wait_for(self._work(chosen, prompts, meanwhile, session), DEADLINE_S))
        return session

    async def _work(
        self, options: ClaudeAgentOptions, prompts: tuple[str, ...], meanwhile: Any, session: Session
    ) -> None:
        try:
            async with ClaudeSDKClient(options) as client:
                for prompt in prompts:
                    session.said.append([])
                    await client.query(prompt)
                    disturbance = asyncio.create_task(meanwhile(client, session)) if meanwhile else None
                    meanwhile = None
                    async for message in client.receive_response():
                        session.messages.append((prompt, message))
                        session.add(message)
                    if disturbance:
                        await disturbance
        except ClaudeSDKError as error:
            session.failed = error


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition of a session that is under way."""
    while not condition():
        await asyncio.sleep(0.02)


def program() -> psutil.Process:
    """The agent program that this process has started."""
    [found] = [child for child in psutil.Process().children() if child.name().startswith("claude")]
    return found
