"""Keeping an agent's own tools in its workspace.

Two lines, since neither sees everything: a hook that the program asks before every call of a tool that writes a file,
and rules that refuse writing to places that must never be written to, which also hold for those shell commands whose
redirections the program understands. Both hold in every permission mode. A shell command can still write wherever the
user may: that is what `sandbox` and the workspace kind `container` are for, and what the audit finds out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

PATH_OF = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}
"""Tools that write a file → where in their input its path is."""


def refusal(tool: str, given: dict[str, Any], workspace: Path, allowed: Iterable[Path]) -> str | None:
    """Why this call of a tool must not be made; None if it may.

    Links are followed: a link in the workspace that leads out of it does not lead around the guard.
    """
    if tool not in PATH_OF:
        return None
    path = given.get(PATH_OF[tool])
    if not isinstance(path, str) or not path:
        return f"{tool} without a path is refused: nobody could tell where it writes"
    place = (workspace / Path(path).expanduser()).resolve()
    if any(place.is_relative_to(folder.resolve()) for folder in (workspace, *allowed)):
        return None
    return f"{path} is outside of the workspace {workspace}: write only inside of it"


def deny_rules(folders: Iterable[Path]) -> list[str]:
    """Rules for `disallowed_tools` that refuse writing anywhere in these folders."""
    return [f"Edit(/{folder}/**)" for folder in dict.fromkeys(folders)]
