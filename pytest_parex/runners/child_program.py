"""The child process of `child.py`: calls one function and writes down what becomes of it.

Started by its path with a request and an answer file. It imports nothing of parex, so that it starts fast and the
function finds the modules that it would find anywhere else.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

LAST_FRAMES = 3


class MissingError(Exception):
    """There is no such function."""


@dataclass(frozen=True)
class Trial:
    """What a function is told about its trial."""

    experiment: str
    id: str
    variant: str
    case: str | None
    """Name of the case; None without cases."""
    case_facts: Mapping[str, Any]
    """What the spec says of the case: `text` or `file`, and keys of its own."""
    matrix: Mapping[str, Any]
    """Axis → value."""
    repeat: int
    """Counted from 1."""
    prompt: str | None
    """The variant's prompt, templates filled in."""
    task: str | None
    """The experiment's task."""
    workspace: Path
    """The trial's workspace, which is also the current directory."""
    env: Mapping[str, str] = field(repr=False)
    """The whole environment, `PAREX_*` included."""
    _say: Callable[..., None] = field(repr=False, compare=False)

    def report(
        self, name: str, value: float, *, unit: str | None = None, better: Literal["higher", "lower"] | None = None
    ) -> None:
        """Report a metric. It is kept even if the function fails afterwards; a later report replaces an earlier one."""
        if better not in (None, "higher", "lower"):
            raise ValueError(f"better is 'higher', 'lower' or None, not {better!r}")
        if isinstance(value, str | bytes):
            raise TypeError(f"the value of a metric is a number, not {value!r}")
        self._say("metric", name=str(name), value=float(value), unit=None if unit is None else str(unit), better=better)


def main(request: Path, answer: Path) -> int:
    """Do the call; the exit code is 0 if the function returned."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    sys.path.insert(0, asked["folder"])

    def say(kind: str, **said: Any) -> None:
        line = json.dumps({"is": kind, **said}, default=_plain)
        with answer.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    facts = asked["trial"]
    trial = Trial(**{**facts, "workspace": Path(facts["workspace"])}, env=dict(os.environ), _say=say)
    try:
        returned = _function(asked["reference"])(trial, **asked["arguments"])
        try:
            say("returned", value=returned)
        except (TypeError, ValueError) as error:
            say("raised", how=f"returned something that is no plain data ({error}): {returned!r:.200}")
            return 1
    except MissingError as missing:
        say("missing", why=str(missing))
        return 1
    except BaseException as error:
        traceback.print_exc()
        say("raised", how=f"raised {_in_words(error, (asked['folder'], facts['workspace']))}")
        return 1
    return 0


def _function(reference: str) -> Callable[..., Any]:
    name, _, attribute = reference.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise MissingError(f"there is no module `{error.name}`") from None
    function = getattr(module, attribute, None)
    if not callable(function):
        what = "is no function" if hasattr(module, attribute) else "is not defined there"
        raise MissingError(f"`{attribute}` {what}, in {module.__file__}")
    return function  # type: ignore[no-any-return]


def _in_words(error: BaseException, homes: tuple[str, ...]) -> str:
    """The exception and the last frames of the user's own code, which lives in `homes`."""
    told = traceback.TracebackException.from_exception(error)
    own = [frame for frame in told.stack if frame.filename.startswith(homes) and "site-packages" not in frame.filename]
    lines = traceback.StackSummary.from_list(own[-LAST_FRAMES:]).format()
    return "".join([*told.format_exception_only(), *lines]).rstrip()


def _plain(value: Any) -> Any:
    """Numbers of numpy and the like, as Python has them."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
