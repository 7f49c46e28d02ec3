"""What a session has used so far: from the transcript that Claude Code writes as it goes.

The program tells the cost of a session when a prompt is done, over all prompts and earlier resumptions of the session,
but not of parts that were killed. The transcript on disk has the final usage of every answer, those of subagents too,
and survives a kill. So the cost is what the program says, plus the price of the tokens that it does not know of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_parex.runners.claude.prices import Tokens, price, priced_as
from pytest_parex.runners.claude.record import Row, Tail

SYNTHETIC = "<synthetic>"
"""The model of messages that the program writes itself."""


@dataclass
class Ledger:
    """The usage of one session, read again and again from its transcript, of which only the new part is read."""

    transcript: Path | None
    """The session's own transcript; those of its subagents lie in the folder of the same name."""
    answers: dict[str, tuple[str, Tokens]] = field(default_factory=dict)
    """Id of an answer of the model → its model, its tokens."""
    _tails: dict[Path, Tail] = field(default_factory=dict)

    def update(self) -> dict[str, Mapping[str, Any]]:
        """Read what has been written since; returns the final usage of answers that are new, as the API words it."""
        new = {}
        for file in self._files():
            for row in self._tails.setdefault(file, Tail(file)).rows():
                message = row.get("message") if row.get("type") == "assistant" else None
                if isinstance(message, dict) and message.get("model") != SYNTHETIC and "usage" in message:
                    self.answers[message["id"]] = (message["model"], _of_api(message["usage"]))
                    new[message["id"]] = message["usage"]
        return new

    def began(self, answer: str, model: str, usage: Mapping[str, Any] | None) -> None:
        """An answer has begun; until the transcript has its final usage, what it began with counts."""
        if usage and model != SYNTHETIC:
            self.answers.setdefault(answer, (model, _of_api(usage)))

    def tokens(self) -> dict[str, Tokens]:
        """Entry of the price list → its tokens."""
        total: dict[str, Tokens] = defaultdict(Tokens)
        for model, tokens in self.answers.values():
            total[priced_as(model)] += tokens
        return dict(total)

    def with_told(self, told: Mapping[str, Tokens]) -> dict[str, Tokens]:
        """Entry of the price list → all its tokens: those that the program tells of, and those that it has missed."""
        seen = self.tokens()
        return {
            name: told.get(name, Tokens()) + seen.get(name, Tokens()).beyond(told.get(name, Tokens()))
            for name in sorted({*seen, *told})
        }

    def cost(self, told: Mapping[str, Tokens], told_usd: float) -> float:
        """US dollars: what the program has told, and the price of the tokens that are not in what it has told."""
        untold = {name: tokens.beyond(told.get(name, Tokens())) for name, tokens in self.tokens().items()}
        return told_usd + sum(price(name, tokens) for name, tokens in untold.items())

    def dearest_answer(self) -> float:
        """US dollars that the dearest answer so far has cost."""
        return max((price(priced_as(model), tokens) for model, tokens in self.answers.values()), default=0.0)

    def _files(self) -> Iterator[Path]:
        if self.transcript is not None:
            yield self.transcript
            yield from sorted(self.transcript.with_suffix("").glob("subagents/*.jsonl"))


def told_tokens(model_usage: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Tokens]:
    """The tokens of a result's `model_usage`, by the entries of the price list."""
    total: dict[str, Tokens] = defaultdict(Tokens)
    for model, usage in (model_usage or {}).items():
        hour = usage.get("cacheCreationEphemeral1hInputTokens", 0)
        total[priced_as(usage.get("canonicalModel") or model)] += Tokens(
            usage["inputTokens"],
            usage["outputTokens"],
            usage["cacheReadInputTokens"],
            usage["cacheCreationInputTokens"] - hour,
            hour,
        )
    return dict(total)


def recounted(rows: Iterable[Row], config: Path) -> Iterator[Row]:
    """The usage of the sessions in a record as their transcripts tell it, for a record whose writer was killed."""
    found = list(rows)
    for session in dict.fromkeys(row["id"] for row in found if row["is"] == "session"):
        of_it = [row for row in found if row.get("session") == session]
        told = next((row for row in reversed(of_it) if row["is"] == "told"), None)
        known = {name: Tokens(**count) for name, count in told["tokens"].items()} if told else {}
        ledger = Ledger(find_transcript(config, session))
        ledger.update()
        usd = round(ledger.cost(known, told["usd"] if told else 0.0), 6)
        tokens = {name: vars(count) for name, count in ledger.with_told(known).items()}
        counted = next((row for row in reversed(of_it) if row["is"] == "usage"), {"process": "", "counts": {}})
        yield {**counted, "is": "usage", "session": session, "usd": usd, "tokens": tokens}


def find_transcript(config: Path, session: str) -> Path | None:
    """The transcript of a session in this configuration folder; None before its first answer."""
    return next(config.glob(f"projects/*/{session}.jsonl"), None)


def _of_api(usage: Mapping[str, Any]) -> Tokens:
    by_time = usage.get("cache_creation") or {}
    hour = by_time.get("ephemeral_1h_input_tokens") or 0
    return Tokens(
        usage.get("input_tokens") or 0,
        usage.get("output_tokens") or 0,
        usage.get("cache_read_input_tokens") or 0,
        (usage.get("cache_creation_input_tokens") or 0) - hour,
        hour,
    )
