"""What is seen of a session while it is going on: messages of the SDK → rows of the record, and lines for run.log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_parex.runners.claude.ledger import Ledger, find_transcript, told_tokens
from pytest_parex.runners.claude.prices import Tokens
from pytest_parex.runners.claude.record import Record, Row
from pytest_parex.runners.claude.transcript import Transcript, plain, result_text

SHOWN = 160
"""Characters of a text or an input in a line of run.log."""


class Watch:
    """Watches one session at a time; told of every message, in order."""

    def __init__(
        self, process: str, config: Path, record: Record, transcript: Transcript, earlier: Iterable[Row]
    ) -> None:
        self._process = process
        self._config = config
        self._record = record
        self._transcript = transcript
        self._usd: dict[str, float] = {}
        """Session → what it has cost so far, those of earlier attempts included."""
        self._told: dict[str, tuple[dict[str, Tokens], float]] = {}
        """Session → the tokens and the cost that the program has told of it."""
        for row in earlier:
            if row["is"] == "usage":
                self._usd[row["session"]] = row["usd"]
            elif row["is"] == "told":
                tokens = {name: Tokens(**count) for name, count in row["tokens"].items()}
                self._told[row["session"]] = (tokens, row["usd"])
        self.counts: Counter[str] = Counter()
        """Turns, tool calls, tool errors, denials, and milliseconds that the provider took; of this process."""
        self.begin("")

    def begin(self, session: str) -> None:
        """A session begins or goes on; what it had used before belongs to it too."""
        self._session = session
        self._ledger = Ledger(None)
        self._answers: set[str] = set()
        self._api_ms = 0
        self.provider: dict[str, Any] = {}
        """What the provider last said when it did not answer."""

    @property
    def total_usd(self) -> float:
        """What all sessions of the trial have cost so far, as far as is known."""
        return sum(self._usd.values())

    @property
    def dearest_answer(self) -> float:
        """What the dearest answer of this session has cost."""
        return self._ledger.dearest_answer()

    def see(self, step: int, message: Any) -> None:
        """Journal a message."""
        self._transcript.message(step, message)
        data = plain(message)
        match type(message).__name__:
            case "AssistantMessage":
                self._assistant(step, data)
            case "UserMessage":
                self._user(step, data)
            case "ResultMessage":
                self._result(data)
            case "RateLimitEvent":
                self.provider = {**self.provider, "resets_at": data["rate_limit_info"].get("resets_at")}
            case "SystemMessage":
                self._system(step, data["subtype"], data["data"])

    def use(self) -> None:
        """Record what the session has used so far."""
        if not self._session:
            return
        if self._ledger.transcript is None:
            self._ledger.transcript = find_transcript(self._config, self._session)
        for answer, usage in self._ledger.update().items():
            self._transcript.usage(answer, usage)
        told, told_usd = self._told.get(self._session, ({}, 0.0))
        self._usd[self._session] = self._ledger.cost(told, told_usd)
        tokens = {name: vars(count) for name, count in self._ledger.with_told(told).items()}
        usd = {"usd": round(self._usd[self._session], 6), "total_usd": round(self.total_usd, 6)}
        counts = {"process": self._process, "counts": dict(self.counts)}
        self._record.add("usage", session=self._session, **usd, tokens=tokens, **counts)

    def _result(self, data: dict[str, Any]) -> None:
        told, usd = told_tokens(data["model_usage"]), data["total_cost_usd"] or 0.0
        self._told[self._session] = (told, usd)
        tokens = {name: vars(count) for name, count in told.items()}
        self._record.add("told", session=self._session, usd=usd, tokens=tokens)
        self.counts["api_ms"] += data["duration_api_ms"] - self._api_ms
        self._api_ms = data["duration_api_ms"]
        self.use()

    def _assistant(self, step: int, data: dict[str, Any]) -> None:
        if data["error"]:
            self.provider = {**self.provider, "kind": data["error"]}
        else:
            self._ledger.began(data["message_id"], data["model"], data["usage"])
        is_new = data["message_id"] not in self._answers and data["parent_tool_use_id"] is None and not data["error"]
        self._answers.add(data["message_id"])
        if is_new:
            self.counts["turns"] += 1
            self._record.add("turn", step=step, turn=self.counts["turns"])
        for block in data["content"]:
            if block["type"] == "tool_use":
                self.counts["tool_calls"] += 1
                what = _shortened(json.dumps(block["input"], ensure_ascii=False))
                self._record.add("tool", step=step, turn=self.counts["turns"], name=block["name"], input=what)
                _say(f"[{self.counts['turns']}] {block['name']} {what}")
            elif block["type"] == "text":
                _say(f"[{self.counts['turns']}] {_shortened(block['text'])}")

    def _user(self, step: int, data: dict[str, Any]) -> None:
        for block in data["content"] if isinstance(data["content"], list) else []:
            if block["type"] == "tool_result" and block.get("is_error"):
                self.counts["tool_errors"] += 1
                why = _shortened(result_text(block))
                self._record.add("tool failed", step=step, why=why)
                _say(f"    failed: {why}")
        if data["parent_tool_use_id"] is None:
            self.use()

    def _system(self, step: int, subtype: str, data: dict[str, Any]) -> None:
        if subtype == "init":
            about = {"model": data.get("model"), "version": data.get("claude_code_version")}
            self._record.add("session", step=step, id=self._session, process=self._process, **about)
            _say(f"session {self._session}, model {data.get('model')}, Claude Code {data.get('claude_code_version')}")
            for error in data.get("plugin_errors") or []:
                self._record.add("note", text=f"plugin {error.get('plugin')}: {error.get('message')}")
        elif subtype == "permission_denied":
            self.counts["denials"] += 1
            self._record.add("denied", step=step, tool=data.get("tool_name"), why=data.get("message"))
            _say(f"    denied: {data.get('tool_name')}: {data.get('message')}")
        elif subtype == "api_retry":
            self.provider = {
                "error": data.get("error"),
                "status": data.get("error_status"),
                "wait_s": (data.get("retry_delay_ms") or 0) / 1000,
            }
            self._record.add("retry", step=step, **self.provider, attempt=data.get("attempt"))
            _say(f"    the provider did not answer: {data.get('error')} ({data.get('error_status')})")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the output of this process is run.log
