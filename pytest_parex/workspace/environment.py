"""The environment of a trial's processes: the caller's, without what belongs to the caller's own tools, and with the
facts of the trial as `PAREX_*` variables.

A deny-list, not an allow-list: variants need the caller's PATH, proxies, certificates and credentials, and nobody can
list what a project's build reads. What is removed either points into the user's checkout (a variant that follows it
works on the wrong files) or would make a tool in the workspace believe that it runs inside the caller's.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Experiment, Plan, Trial
from pytest_parex.planning import template_names
from pytest_parex.spec import render

REMOVED_PREFIXES = (
    "GIT_",
    "PYTEST_",
    "PY_COLORS",
    "COVERAGE_",
    "COV_CORE_",
    "PAREX_",
    "XDIST_",
    "EXECNET_",
    "TOX_",
    "NOX_",
    "npm_lifecycle_",
    "npm_package_",
)
REMOVED = frozenset(
    {
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONSTARTUP",
        "PYTHONSAFEPATH",
        "PYTHONPLATLIBDIR",
        "__PYVENV_LAUNCHER__",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "UV_RUN_RECURSION_DEPTH",
        "POETRY_ACTIVE",
        "PIPENV_ACTIVE",
        "PIPENV_PIPFILE",
        "HATCH_ENV_ACTIVE",
        "CLAUDECODE",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_EXECPATH",
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_CODE_SSE_PORT",
        "CLAUDE_ENV_FILE",
        "CLAUDE_PROJECT_DIR",
        "COMPOSE_PROJECT_NAME",
        "COMPOSE_FILE",
        "INIT_CWD",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "OLDPWD",
        "_",
    }
)
LONGEST = 120_000
"""Bytes. Linux ends a single variable at 128 KiB, and the process could not be started at all."""

_SECRET_NAME = re.compile(
    r"(TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|SIGNING_?KEY"
    r"|ENCRYPTION_?KEY)(_|$)",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"://[^/@:\s]*:([^/@\s]+)@")
SHORTEST_SECRET = 6


def variant_environment(
    plan: Plan,
    trial: Trial,
    workspace: Path,
    environ: Mapping[str, str],
    *,
    attempt: int,
    case_file: Path | None = None,
    ports: Mapping[str, int] = {},
    kind_env: Mapping[str, str] = {},
    git_config: Mapping[str, str] = {},
) -> dict[str, str]:
    """The whole environment for the trial's processes, made from the caller's `environ`.

    `case_file` is the copy of the case's file that the variant may see, `kind_env` what the kind of workspace needs,
    `git_config` settings for git processes only. A fact that is too long for an environment variable is left out.
    """
    experiment = plan.experiment
    env = {
        **{name: value for name, value in environ.items() if not _is_removed(name)},
        **kind_env,
        **experiment.env,
        **experiment.variants[trial.variant].env,
        **{name: str(port) for name, port in ports.items()},
        **{name: text for name, text in facts(plan, trial).items() if len(text.encode()) <= LONGEST},
        **({"PAREX_CASE_FILE": str(case_file)} if case_file else {}),
        "PAREX_ATTEMPT": str(attempt),
        "PAREX_WORKSPACE": str(workspace),
        "COMPOSE_PROJECT_NAME": _compose_project(plan, trial),
        "PWD": str(workspace),
        "GIT_CEILING_DIRECTORIES": str(workspace.parent),
        "GIT_TERMINAL_PROMPT": "0",
    }
    if git_config:
        env = with_git_config(env, git_config)
    env["PATH"] = search_path(workspace, env.get("PATH", os.defpath))
    for name, value in env.items():
        if "\0" in value:
            raise WorkspaceError(f"{name} holds a NUL character, which no process can be given: change it in the spec")
    return env


def facts(plan: Plan, trial: Trial) -> dict[str, str]:
    """What a command is told about its trial, by the names of the variables."""
    experiment = plan.experiment
    case = experiment.cases[trial.case] if trial.case is not None else None
    prompt = experiment.variants[trial.variant].prompt
    texts = {
        "PAREX_PROMPT": None if prompt is None else str(render(prompt, template_names(experiment, trial))),
        "PAREX_TASK": _task(experiment, Path(plan.spec).parent),
        "PAREX_CASE": trial.case,
        "PAREX_CASE_TEXT": case.text if case else None,
    }
    own = (case.model_extra or {}) if case else {}
    return {
        **{f"PAREX_CASE_{_upper(key)}": _text(value) for key, value in own.items()},
        **{f"PAREX_MATRIX_{_upper(axis)}": _text(value) for axis, value in trial.matrix.items()},
        **{name: text for name, text in texts.items() if text is not None},
        "PAREX_EXPERIMENT": experiment.experiment,
        "PAREX_RUN": plan.run,
        "PAREX_TRIAL": trial.id,
        "PAREX_VARIANT": trial.variant,
        "PAREX_REPEAT": str(trial.repeat),
        "PAREX_BASE": plan.base_of(trial.variant).commit,
    }


def search_path(workspace: Path, path: str) -> str:
    """PATH for a trial: the workspace's own tools, then this Python's folder if it was not activated, then `path`.

    So `python -m pytest` means the workspace's environment if it has one, else the one that runs parex.
    """
    folders = path.split(os.pathsep)
    here = str(Path(sys.executable).parent)
    if here not in folders:
        folders.insert(0, here)
    own = [str(workspace / ".venv" / "bin"), str(workspace / "node_modules" / ".bin")]
    found = [folder for folder in own if Path(folder).is_dir()]
    return os.pathsep.join([*found, *(folder for folder in folders if folder not in found)])


def with_git_config(env: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The environment with more git settings, for git processes only: no configuration file is written."""
    known = env.get("GIT_CONFIG_COUNT", "")
    first = int(known) if known.isdecimal() else 0
    added = {
        name: text
        for number, (key, value) in enumerate(settings.items(), first)
        for name, text in ((f"GIT_CONFIG_KEY_{number}", key), (f"GIT_CONFIG_VALUE_{number}", value))
    }
    return {**env, **added, "GIT_CONFIG_COUNT": str(first + len(settings))}


def secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    """The values in this environment that look like secrets, by their names; and passwords inside of URLs.

    Values of fewer than six characters are left out: hiding `true` or `1234` everywhere would spoil every log. Of a
    value with several lines (a key in PEM form) each line is one, since logs are written by lines. Longest first.
    """
    named = [value for name, value in env.items() if _SECRET_NAME.search(name)]
    in_urls = [found for value in env.values() for found in _PASSWORD_IN_URL.findall(value)]
    lines = [line.strip() for value in named for line in value.splitlines()]
    values = {value for value in (*named, *in_urls, *lines) if len(value) >= SHORTEST_SECRET}
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def _is_removed(name: str) -> bool:
    return name in REMOVED or name.startswith(REMOVED_PREFIXES)


def _task(experiment: Experiment, folder: Path) -> str | None:
    if experiment.task_file is None:
        return experiment.task
    try:
        return (folder / experiment.task_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"the task file {experiment.task_file} cannot be read: {error}") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _upper(name: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "_", name.upper())


def _compose_project(plan: Plan, trial: Trial) -> str:
    """A Compose project of its own for every trial: two of one name would share containers and volumes."""
    name = f"parex-{plan.run}-{trial.id}"
    allowed = re.sub(r"[^a-z0-9_-]", "-", name.lower())
    return allowed if allowed == name else f"{allowed}-{zlib.crc32(name.encode()):08x}"
