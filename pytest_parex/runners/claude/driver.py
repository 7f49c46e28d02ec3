"""The process that drives a trial's agent sessions, through the SDK's client.

The runner starts it contained (`processes.run`), so that Claude Code and everything that it starts are dead when this
process has ended, whoever was killed first. It keeps the time and money limits itself, since interrupting a session is
the only way to stop it that yields its cost; the runner's own limit lies behind, for the case that this process fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_parex.runners.claude.connecting import sdk_options
from pytest_parex.runners.claude.ledger import find_transcript
from pytest_parex.runners.claude.record import FILE, Record, rows
from pytest_parex.runners.claude.request import Prompt, Request
from pytest_parex.runners.claude.transcript import Transcript
from pytest_parex.runners.claude.watching import Watch
from pytest_parex.spec import slash_command
from pytest_parex.spec.nearest import listed, meant
from pytest_parex.store import starting
from pytest_parex.workspace import secrets

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeSDKClient

GRACE_S = 5.0
"""How long a session may take to end after it was interrupted."""
NOTICE_AT = 0.8
"""The part of a limit that is used up when the agent is told."""
CAREFUL = 1.25
"""The next answer may be so much dearer than the dearest so far: a conversation grows."""
TICK_S = 0.2
GO_ON = (
    "Your work was interrupted by a fault that was not yours. The workspace is as you left it, but the last tool call "
    "may not have been carried out: check before you rely on it. Go on where you stopped."
)


class Driver:
    """Drives the prompts of a request, one after the other."""

    def __init__(self, request: Request) -> None:
        self.request = request
        hidden = secrets(os.environ)
        earlier = rows(request.directory)
        self.record = Record(request.directory / FILE, hidden)
        self.transcript = Transcript(request.directory, hidden)
        self.watch = Watch(uuid.uuid4().hex[:8], request.config, self.record, self.transcript, earlier)
        self.client: ClaudeSDKClient | None = None
        self.deadline = math.inf
        self.stopped = ""
        """Which limit has stopped the session, or that it was interrupted; empty while it goes on."""
        self.noticed = False
        self.turns_before = 0
        """Turns before the prompt that is being answered."""

    async def drive(self) -> None:
        """All prompts, until one does not end well."""
        for number, prompt in enumerate(self.request.prompts[self.request.first :], self.request.first):
            if not await self._step(number, prompt):
                break
        await self._disconnect()

    async def _step(self, number: int, prompt: Prompt) -> bool:
        """One prompt; whether the next one may follow."""
        begun = time.monotonic()
        try:
            resumed = False
            if self.client is None or prompt.new_session:
                resumed = await self._connect(number)
                begun = time.monotonic()
            text = GO_ON if resumed else prompt.text
            if why := await self._unknown_command(text):
                self.record.add("broken", step=number + 1, kind="command", text=why)
                return False
            result = await self._ask(number, text, prompt.new_session and not resumed)
        except Exception as error:
            how = {"kind": type(error).__name__, "text": str(error), "exit_code": getattr(error, "exit_code", None)}
            self.record.add("broken", step=number + 1, **how, stopped=self.stopped, provider=self.watch.provider)
            return False
        else:
            how = {"subtype": result.subtype, "is_error": result.is_error, "reason": result.terminal_reason}
            how |= {"status": result.api_error_status, "errors": result.errors, "stop_reason": result.stop_reason}
            how |= {"text": result.result, "stopped": self.stopped, "provider": self.watch.provider}
            self.record.add("result", step=number + 1, **how)
            return not (result.is_error or self.stopped)
        finally:
            self.watch.use()
            seconds = round(time.monotonic() - begun, 3)
            self.record.add(
                "step", step=number + 1, name=prompt.name, s=seconds, total_usd=round(self.watch.total_usd, 6)
            )

    async def _connect(self, number: int) -> bool:
        """Start the program for a new session, or for the one that goes on; says whether it is that one."""
        await self._disconnect()
        resumed = self.request.resume if number == self.request.first else None
        if resumed and find_transcript(self.request.config, resumed) is None:
            resumed = None  # it was killed before anything of it was kept
        session = resumed or str(uuid.uuid4())
        self.watch.begin(session)
        left = None if self.request.money is None else max(self.request.money - self.watch.total_usd, 0.0001)
        with starting(self.request.locks):
            from claude_agent_sdk import ClaudeSDKClient

            options = sdk_options(
                self.request, number + 1, session, bool(resumed), left, self.record, self._stop_here, self._notice
            )
            self.client = ClaudeSDKClient(options)
            await self.client.connect()
        if self.deadline == math.inf:
            self.deadline = time.monotonic() + self.request.timeout
        return bool(resumed)

    async def _ask(self, number: int, text: str, new_session: bool) -> Any:
        """Send a prompt and listen until its result, or until it has not ended although a limit was reached."""
        assert self.client is not None
        self.turns_before = self.watch.counts["turns"]
        self.transcript.prompt(number + 1, text, new_session)
        await self.client.query(text)
        listening = asyncio.create_task(self._listen(number))
        limits = asyncio.create_task(self._end_at_limits(self.client))
        await asyncio.wait({listening, limits}, return_when=asyncio.FIRST_COMPLETED)
        limits.cancel()
        if not listening.done():
            listening.cancel()
            raise TimeoutError("the session did not end after it was interrupted")
        return listening.result()

    async def _listen(self, number: int) -> Any:
        assert self.client is not None
        result = None
        try:
            async for message in self.client.receive_response():
                self.watch.see(number + 1, message)
                if type(message).__name__ == "ResultMessage":
                    result = message
        except Exception:
            if result is None:  # the SDK raises the failure of a result again, behind it
                raise
        if result is None:
            raise EOFError("the program ended without a result")
        return result

    async def _end_at_limits(self, client: ClaudeSDKClient) -> None:
        """Interrupt the session when a limit is reached; returns when it had time enough to end."""
        while not self.stopped:
            await asyncio.sleep(TICK_S)
            if not self.stopped:  # an interrupt may have come meanwhile
                self.stopped = self._limit()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.interrupt(), GRACE_S)
        await asyncio.sleep(GRACE_S)

    def _limit(self) -> str:
        """The limit that is reached; empty if there is none."""
        if time.monotonic() >= self.deadline:
            return "time limit"
        money = self.request.money
        if money is not None and self.watch.total_usd + CAREFUL * self.watch.dearest_answer > money:
            return "money limit"
        return ""

    def _stop_here(self) -> str:
        """The same after a call of a tool: before the next answer begins, which could be too dear already."""
        self.watch.use()
        self.stopped = self.stopped or self._limit()
        return self.stopped

    def _notice(self) -> str | None:
        """What the agent is told once, when a limit is near."""
        if self.noticed or not self.request.options.notice:
            return None
        near = []
        left = self.deadline - time.monotonic()
        if left < (1 - NOTICE_AT) * self.request.timeout:
            near.append(f"{max(left, 0):.0f} seconds are left")
        turns, most = self.watch.counts["turns"] - self.turns_before, self.request.options.max_turns
        if most is not None and turns >= NOTICE_AT * most:
            near.append(f"{max(most - turns, 0)} of {most} turns are left")
        money, spent = self.request.money, self.watch.total_usd
        answers = 2 * CAREFUL * self.watch.dearest_answer
        if money is not None and (spent >= NOTICE_AT * money or spent + answers > money):
            near.append(f"{max(money - spent, 0):.2f} of {money:.2f} USD are left")
        if not near:
            return None
        self.noticed = True
        text = f"You are near your limit: {', '.join(near)}. Finish what you are doing, and save your work now."
        self.record.add("notice", text=text)
        return text

    async def _unknown_command(self, text: str) -> str:
        """Why a prompt that begins with a slash command cannot be sent: the program would take it for plain text."""
        first = slash_command(text)
        if first is None:
            return ""
        assert self.client is not None
        about = await self.client.get_server_info() or {}
        known = sorted(command["name"] for command in about.get("commands", []))
        if not known or first[1:] in known:
            return ""
        hint = meant(first[1:], known) or f"; it knows {listed(known, 40)}"
        return f"the session knows no command or skill `{first}`{hint}"

    async def _disconnect(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.disconnect(), 2 * GRACE_S)

    def interrupt(self) -> None:
        """The whole run is stopped: end the session as at a limit, so that its cost is known."""
        self.stopped = self.stopped or "interrupted"


async def _drive(request: Request) -> None:
    driver = Driver(request)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, driver.interrupt)
    await driver.drive()


def main(request: str) -> None:
    """Drive what the request file asks for."""
    asyncio.run(_drive(Request.model_validate_json(Path(request).read_text(encoding="utf-8"))))
    sys.stdout.flush()
    os._exit(0)  # threads and pipes of a session that did not end well must not keep us; the runner kills what is left
