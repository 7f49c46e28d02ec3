"""How the facts of a trial reach the scripted model: as headers that the agent program adds to its requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from pytest_parex.model import Scalar
from pytest_parex.rehearsal.script import as_text

OF_TRIALS = ("experiment", "variant", "case", "repeat", "trial", "step", "workspace")
"""Facts that are no axes of the matrix."""

_PREFIX = "x-parex-"
_AXIS = "matrix-"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


_LOOPBACK = "127.0.0.1,localhost"
_OTHER_WAYS = (
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_ENABLE_TELEMETRY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_GATEWAY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
)
"""Variables of the caller that would lead to a paid model or elsewhere; empty they do nothing."""


def environment(url: str, facts: Mapping[str, Scalar] | None = None) -> dict[str, str]:
    """The environment variables with which the agent program talks to the scripted model at this URL, and to no other.

    `facts` says which trial it works on: `experiment`, `variant`, `case`, `repeat`, `trial`, `step`, `workspace`, and
    the axes of the matrix by name. Facts that are None are left out.

    What a settings file of the user or the project says under `env` is stronger than the environment, and might lead
    to a model that costs money. Sessions that read such files need the same variables as `settings={"env": …}` too.
    """
    headers = [f"{_header(name)}: {quote(text)}" for name, value in (facts or {}).items() if (text := as_text(value))]
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-ant-rehearsal",
        "ANTHROPIC_CUSTOM_HEADERS": "\n".join(headers),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
        **dict.fromkeys(_OTHER_WAYS, ""),
    }


def facts_in(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The facts that a request's headers carry."""
    carried = [(name.lower().removeprefix(_PREFIX), unquote(text)) for name, text in headers if _carries(name)]
    axes = {unquote(name.removeprefix(_AXIS)): text for name, text in carried if name.startswith(_AXIS)}
    return {**axes, **{name: text for name, text in carried if not name.startswith(_AXIS)}}


def _carries(name: str) -> bool:
    return name.lower().startswith(_PREFIX)


def _header(name: str) -> str:
    """The header of a fact. Capitals are encoded, since the names of headers have none."""
    return _PREFIX + (name if name in OF_TRIALS else _AXIS + "".join(map(_encoded, name)))


def _encoded(character: str) -> str:
    return character if character in _PLAIN else "".join(f"%{byte:02x}" for byte in character.encode())
