"""The environment of a session: variants are kept apart, and the program is bounded in how long it waits.

What each variable does was measured with Claude Code 2.1.329.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
)
"""Variables that log Claude Code in without its configuration folder."""

BOUNDS = {
    # Otherwise a shell command over its time limit goes on in the background, and a session has several results.
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    # Otherwise all workspaces of a repository share one memory.
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    # Ten by default, three minutes even for a wrong key; parex tries again itself, with the session's work kept.
    "CLAUDE_CODE_MAX_RETRIES": "4",
    "API_TIMEOUT_MS": "300000",
    "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "120000",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
    # Titles of sessions, which cost money and are shown to nobody; telemetry; updates.
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}


def user_config(env: Mapping[str, str]) -> Path:
    """The configuration folder of Claude Code that this environment names: the user's."""
    named = env.get("CLAUDE_CONFIG_DIR")
    return Path(named) if named else Path(env.get("HOME") or Path.home()) / ".claude"


def is_logged_in_by(env: Mapping[str, str]) -> bool:
    """Whether the environment holds credentials, so that no configuration folder is needed for them."""
    return any(env.get(name) for name in CREDENTIALS)


def is_logged_in(env: Mapping[str, str]) -> bool:
    """Whether there are credentials at all, as far as files can tell."""
    config = user_config(env)
    if is_logged_in_by(env) or (config / ".credentials.json").is_file():
        return True
    try:
        return "apiKeyHelper" in json.loads((config / "settings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def session_environment(env: Mapping[str, str], own: Path, temporary: Path, as_root: bool) -> dict[str, str]:
    """The trial's environment as a session needs it.

    `own` is the configuration folder that the sessions of this trial have for themselves, if the login does not lie in
    the user's. `as_root` allows bypassing permissions for root.
    """
    bounds = {name: value for name, value in BOUNDS.items() if name not in env}
    config = {"CLAUDE_CONFIG_DIR": str(own)} if is_logged_in_by(env) else {}
    sandbox = {"IS_SANDBOX": "1"} if as_root and os.geteuid() == 0 else {}
    temporary_folders = {name: str(temporary) for name in ("CLAUDE_CODE_TMPDIR", "TMPDIR")}
    return {**env, **bounds, **config, **sandbox, **temporary_folders}
