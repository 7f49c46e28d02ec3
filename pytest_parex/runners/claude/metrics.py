"""What a trial's sessions used, as metrics, from their record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from pytest_parex.model import BUILT_IN_METRICS, Metric
from pytest_parex.runners.claude.prices import Tokens
from pytest_parex.runners.claude.record import Row

LOWER: Any = "lower"


def metrics(rows: Iterable[Row], reserved: Collection[str] = ()) -> dict[str, Metric]:
    """The metrics of a record, over all attempts that it tells of.

    `duration_s` (of the prompts, without what the program took to start), `cost_usd`, `tokens_…` by kind and
    `tokens_….MODEL` by model if there are several, `turns`,
    `tool_calls`, `tool_errors`, `permission_denials`, `api_s`, `step.NAME.s` and `step.NAME.cost_usd` where there are
    several steps, and what the agent reported, unless it is called like one of these, of `reserved` or of parex's own.
    """
    found = list(rows)
    own = {**_usage(found), **_counts(found), **_steps(found)}
    reported = {
        row["name"]: Metric(value=row["value"], unit=row["unit"], better=row["better"])
        for row in found
        if row["is"] == "metric" and row["name"] not in {*own, *reserved, *BUILT_IN_METRICS}
    }
    return {**reported, **own}


def _usage(rows: list[Row]) -> dict[str, Metric]:
    last = {row["session"]: row for row in rows if row["is"] == "usage"}
    if not last:
        return {}
    by_model: dict[str, Tokens] = {}
    for row in last.values():
        for model, counts in row["tokens"].items():
            by_model[model] = by_model.get(model, Tokens()) + Tokens(**counts)
    total = sum(by_model.values(), Tokens())
    found = {"cost_usd": Metric(value=sum(row["usd"] for row in last.values()), unit="USD", better=LOWER)}
    found |= {name: Metric(value=value, better=LOWER) for name, value in _by_kind(total).items()}
    if len(by_model) > 1:
        for model, tokens in by_model.items():
            found |= {f"{name}.{model}": Metric(value=value) for name, value in _by_kind(tokens).items()}
    return found


def _by_kind(tokens: Tokens) -> dict[str, int]:
    return {
        "tokens_input": tokens.input,
        "tokens_output": tokens.output,
        "tokens_cache_read": tokens.cache_read,
        "tokens_cache_write": tokens.cache_write + tokens.cache_write_1h,
    }


def _counts(rows: list[Row]) -> dict[str, Metric]:
    last = {row["process"]: row["counts"] for row in rows if row["is"] == "usage"}
    if not last:
        return {}
    total: Counter[str] = Counter()
    for counts in last.values():
        total.update(counts)
    denied = sum(row["is"] == "denied" for row in rows)
    return {
        "turns": Metric(value=total["turns"], better=LOWER),
        "tool_calls": Metric(value=total["tool_calls"]),
        "tool_errors": Metric(value=total["tool_errors"], better=LOWER),
        "permission_denials": Metric(value=denied, better=LOWER),
        "api_s": Metric(value=total["api_ms"] / 1000, unit="s", better=LOWER),
    }


def _steps(rows: list[Row]) -> dict[str, Metric]:
    """Duration and cost of each step: a step that was gone on with has taken the time of all its parts."""
    seconds: Counter[str] = Counter()
    paid: dict[str, float] = {}
    for row in rows:
        if row["is"] == "step":
            seconds[row["name"]] += row["s"]
            paid[row["name"]] = row["total_usd"]
    if not paid:
        return {}
    found, before = {"duration_s": Metric(value=seconds.total(), unit="s", better=LOWER)}, 0.0
    if len(paid) == 1:
        return found
    for name, total in paid.items():
        found[f"step.{name}.s"] = Metric(value=seconds[name], unit="s", better=LOWER)
        found[f"step.{name}.cost_usd"] = Metric(value=round(total - before, 6), unit="USD", better=LOWER)
        before = total
    return found
