"""Hiding values that look like secrets in what is written for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

HIDDEN = "***"
SHORTEST = 4
"""Shorter values are left alone: replacing every `1` or `yes` would spoil the text and hide nothing."""


def redact(text: str, secrets: Collection[str]) -> str:
    """The text with every secret replaced by `***`; longest first, so that no part of a longer one remains."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    return text


def redact_data(value: Any, secrets: Collection[str]) -> Any:
    """Plain JSON data with every text in it redacted; keys are left as they are."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, Mapping):
        return {key: redact_data(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_data(item, secrets) for item in value]
    return value
