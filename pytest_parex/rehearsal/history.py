"""What a request's messages say about the conversation so far: how far it is, and what is asked.

The scripted model keeps no conversations. Everything is read from the messages of each request, so that sessions can be
resumed, forked, retried and interrupted. Not every message of an assistant in them is an answer of the model:

- The program adds one of its own when it resumes a session that was killed.
- An answer that was cut off or interrupted before its calls stays as a text without calls. Its turn is said again.
- When a long conversation is summarized, the answers before are gone, except some of the last. The summary, which the
  scripted model writes, therefore notes how many there were and what they looked like.
- An empty answer leaves nothing but the program's complaint.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pytest_parex.rehearsal.script import Turn

_MARKER = re.compile(r"\[\[script:([^\[\]\s]+)\]\]")
_NOTE = re.compile(r"\[\[rehearsed:(\d+):([0-9a-f,]*)\]\]")
_ADDED_ON_RESUME = "No response requested."
COMPLAINT = "[Your previous response had no visible output."
"""What the program says after an empty answer."""
_SUMMARIZE = "REMINDER: Do NOT call any tools"
_REMEMBERED = 50
"""Answers that a summary notes; the program keeps fewer beside it."""


@dataclass(frozen=True)
class Conversation:
    """The messages of a request."""

    body: Mapping[str, Any]

    @cached_property
    def messages(self) -> list[Mapping[str, Any]]:
        """The messages of the user and the assistant; what else there is in the list is left out."""
        found = self.body.get("messages")
        listed = found if isinstance(found, list) else []
        return [each for each in listed if isinstance(each, Mapping) and each.get("role") in ("user", "assistant")]

    @property
    def side(self) -> Literal["title", "summary"] | None:
        """What the program asks for itself, beside the agent's turns: `title`, `summary`, or None."""
        prompt = "\n".join(_texts(self.messages[-1])) if self.messages else ""
        if _SUMMARIZE in prompt and "<summary>" in prompt:
            return "summary"
        asks_for_json = "format" in (self.body.get("output_config") or {})
        return "title" if not self.body.get("tools") and (asks_for_json or prompt.startswith("<session>")) else None

    @property
    def script(self) -> str | None:
        """The name in the last marker `[[script:NAME]]` of a prompt."""
        return self._marker[1]

    @property
    def last_tool_result(self) -> str:
        """The text of the latest result of a tool; empty if there is none."""
        for message in reversed(self.messages):
            for block in reversed(_blocks(message)):
                if block.get("type") == "tool_result":
                    content = block.get("content")
                    return content if isinstance(content, str) else "".join(_texts({"content": content or []}))
        return ""

    def said(self, turn: Callable[[int], Turn]) -> int:
        """How many turns of its script the model has said, since the marker if there is one; `turn(n)` is the nth."""
        start, count, noted = self._start
        answers = [_digest(blocks) for message in self.messages[start:] if (blocks := _own(message))]
        kept = max(k for k in range(len(noted) + 1) if noted[len(noted) - k :] == answers[:k])
        for message in self.messages[start:]:
            if message["role"] == "user":
                count += sum(text.startswith(COMPLAINT) for text in _texts(message))
            elif not (blocks := _own(message)):
                continue
            elif kept:
                kept -= 1
            else:
                count += not (turn(count).has_calls and not any(block.get("type") == "tool_use" for block in blocks))
        return count

    def note(self, said: int) -> str:
        """What a summary of this conversation has to say for the count to go on behind it."""
        last = [_digest(blocks) for message in self.messages if (blocks := _own(message))][-_REMEMBERED:]
        marker = f"[[script:{self.script}]] " if self.script else ""
        return f"{marker}[[rehearsed:{said}:{','.join(last)}]]"

    @property
    def _start(self) -> tuple[int, int, list[str]]:
        """The message from which answers are counted, the count there, and the last answers that are in the count."""
        start = self._marker[0]
        for index, found in self._found(_NOTE):
            if index >= start:
                return index, int(found[1]), found[2].split(",")
        return start, 0, []

    @property
    def _marker(self) -> tuple[int, str | None]:
        return next(((index, found[1]) for index, found in self._found(_MARKER)), (0, None))

    def _found(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
        """Where a pattern occurs in the user's texts, the last first."""
        messages = self.messages
        for index in range(len(messages) - 1, -1, -1):
            if messages[index]["role"] == "user":
                yield from (
                    (index, found) for found in reversed(list(pattern.finditer("\n".join(_texts(messages[index])))))
                )


def _blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def _texts(message: Mapping[str, Any]) -> list[str]:
    return [str(block.get("text", "")) for block in _blocks(message) if block.get("type") == "text"]


def _own(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the model itself said in a message of the assistant."""
    if message["role"] != "assistant":
        return []
    return [block for block in _blocks(message) if block.get("text") != _ADDED_ON_RESUME]


def _digest(blocks: list[Mapping[str, Any]]) -> str:
    said = [[block.get("text"), block.get("id")] for block in blocks if block.get("type") in ("text", "tool_use")]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]
