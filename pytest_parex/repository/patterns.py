"""Patterns for paths, in the words of .gitignore.

`conftest.py` means every file or folder of that name, `/conftest.py` and `tests/unit` the one at the top, `tests/` and
`tests/**` all that is in the folder, `*.lock` and `docs/*.md` what one would expect, `!tests/data/` the exception.
A pattern that means a folder means all that is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path (relative, with `/`) is meant by the patterns; the last one that fits decides."""
    rules = [(not pattern.startswith("!"), _expression(pattern.removeprefix("!"))) for pattern in patterns]

    def matches(path: str) -> bool:
        return next((meant for meant, expression in reversed(rules) if expression.fullmatch(path)), False)

    return matches


def _expression(pattern: str) -> re.Pattern[str]:
    folder = pattern.endswith("/")
    body = pattern.strip("/")
    anchored = pattern.startswith("/") or "/" in body
    parts = body.split("/")
    text = "" if anchored else "(?:.*/)?"
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            text += ".+" if last else "(?:.*/)?"
        else:
            text += _part(part) + ("" if last else "/")
    inside = "/.*" if folder else "(?:/.*)?"
    try:
        return re.compile(text + inside, re.DOTALL)
    except re.error:  # a range that runs backwards: it means nothing but itself
        return re.compile(re.escape(body) + inside, re.DOTALL)


def _part(part: str) -> str:
    """One name with `*`, `?`, `[…]` and `\\\\`, none of which crosses a `/`."""
    text, position = "", 0
    while position < len(part):
        letter = part[position]
        position += 1
        if letter == "*":
            text += "[^/]*"
        elif letter == "?":
            text += "[^/]"
        elif letter == "[" and (end := part.find("]", position + 1)) > 0:
            inner = part[position:end].replace("\\", r"\\")
            text += f"[^/{inner[1:]}]" if inner[0] in "!^" else f"(?!/)[{inner}]"
            position = end + 1
        elif letter == "\\" and position < len(part):
            text += re.escape(part[position])
            position += 1
        else:
            text += re.escape(letter)
    return text
