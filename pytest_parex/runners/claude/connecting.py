"""A request → the options of the SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytest_parex.runners.claude import guard, reporting
from pytest_parex.runners.claude.options import SystemPrompt
from pytest_parex.runners.claude.record import Record
from pytest_parex.runners.claude.request import Request

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

BUFFER = 256 * 1024 * 1024
"""Bytes of one message; an edit's message carries the whole file, several times."""
HEADERS = "ANTHROPIC_CUSTOM_HEADERS"
SANDBOX = {
    "enabled": True,
    "failIfUnavailable": True,
    "autoAllowBashIfSandboxed": True,
    "allowUnsandboxedCommands": False,
}


def sdk_options(
    request: Request,
    step: int,
    session: str,
    resume: bool,
    money: float | None,
    record: Record,
    limit: Callable[[], str],
    notice: Callable[[], str | None],
) -> ClaudeAgentOptions:
    """The options for a session that begins with this step, counted from 1.

    After every call of a tool `limit` is asked whether to stop here, and `notice` for something to tell the agent.
    """
    from claude_agent_sdk import AgentDefinition, ClaudeAgentOptions, HookMatcher

    async def before_tool(given: Any, tool_use_id: str | None, context: Any) -> Any:
        why = guard.refusal(given["tool_name"], given["tool_input"], request.workspace, request.writable)
        if why is None:
            return {}
        record.add("denied", tool=given["tool_name"], why=why)
        said = {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": why}
        return {"hookSpecificOutput": said}

    async def after_tool(given: Any, tool_use_id: str | None, context: Any) -> Any:
        if reached := limit():
            return {"continue_": False, "stopReason": reached}
        text = notice()
        said = {"hookEventName": given["hook_event_name"], "additionalContext": text}
        return {"hookSpecificOutput": said} if text else {}

    options = request.options
    prompt: Any = options.system_prompt
    if isinstance(prompt, SystemPrompt):
        prompt = {"type": "preset", **prompt.model_dump(exclude_none=True)}
    more: dict[str, Any] = {**options.others, ("resume" if resume else "session_id"): session}
    more["settings"] = _settings(request, step)
    if options.sandbox:
        more["sandbox"] = SANDBOX
    return ClaudeAgentOptions(
        cwd=request.workspace,
        model=options.model,
        effort=options.effort,
        fallback_model=options.fallback_model,
        max_turns=options.max_turns,
        max_budget_usd=money,
        permission_mode=options.permission_mode,
        allowed_tools=[*options.allowed_tools, *reporting.NAMES],
        disallowed_tools=[*options.disallowed_tools, *guard.deny_rules(request.denied)],
        setting_sources=list(options.setting_sources),
        system_prompt=prompt,
        mcp_servers={**options.mcp_servers, reporting.SERVER: reporting.server(record)},  # type: ignore[dict-item]
        plugins=[{"type": "local", "path": path} for path in options.plugins],
        agents={name: AgentDefinition(**agent.model_dump()) for name, agent in options.agents.items()} or None,
        add_dirs=list(request.writable),
        hooks={
            "PreToolUse": [HookMatcher(matcher="|".join(guard.PATH_OF), hooks=[before_tool], on_failure="block")],
            "PostToolUse": [HookMatcher(hooks=[after_tool])],
            "PostToolUseFailure": [HookMatcher(hooks=[after_tool])],
        },
        max_buffer_size=BUFFER,
        stderr=lambda line: print(line, flush=True),  # noqa: T201 - the output of this process is run.log
        **more,
    )


def _settings(request: Request, step: int) -> str | None:
    """The settings that are laid over all files of settings.

    In a rehearsal they lead to the scripted model, whatever a file of the user or the project says, and tell it with
    which step the session begins.
    """
    given: str | None = request.options.others.get("settings")
    if not request.rehearsal:
        return given
    rehearsal = {**request.rehearsal, HEADERS: f"{request.rehearsal[HEADERS]}\nx-parex-step: {step}"}
    settings = {}
    if given is not None:
        text = given if given.lstrip().startswith("{") else (request.workspace / given).read_text(encoding="utf-8")
        settings = json.loads(text)
    return json.dumps({**settings, "env": {**settings.get("env", {}), **rehearsal}})
