"""Slash commands and skills of Claude Code, which can stand where a prompt or the name of a file can."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"/[A-Za-z][\w:-]*")


def slash_command(text: str) -> str | None:
    """The slash command that a text begins with, with its slash; None if there is none. A path has more of them."""
    words = text.split(maxsplit=1)
    return words[0] if words and _COMMAND.fullmatch(words[0]) else None


def is_slash_command(text: str) -> bool:
    """Whether a text is a slash command and nothing else."""
    return slash_command(text) == text
