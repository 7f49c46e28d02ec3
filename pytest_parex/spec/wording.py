"""What is wrong with a value, in our own short sentences: what was found, what is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_parex.model import SLUG
from pytest_parex.model.stages import PYTHON_REFERENCE
from pytest_parex.spec.document import Keys
from pytest_parex.spec.nearest import listed, meant
from pytest_parex.spec.slugs import ALLOWED

Error = Mapping[str, Any]
"""One error of a validation: `type`, `loc`, `ctx`."""

_PATTERNS = {SLUG: ALLOWED, PYTHON_REFERENCE: "`module:function`, for example `mypackage.grading:score`"}
_MAPPINGS = {
    "Command": "a command, or a mapping with `command`",
    "Variant": "a prompt, or a mapping",
    "Case": "a text, or a mapping",
    "Check": "a command, or a mapping with `command` or `python`",
    "Setup": "a command, a list of commands, `auto`, or a mapping",
    "Repeats": "a whole number, or a mapping with `min` and `max`",
}
_SECTIONS = (("variants",), ("cases",), ("checks",), ("metrics",))
_LISTS_OF_MAPPINGS = ("gates", "include", "exclude")


def path_text(path: Keys) -> str:
    """`variants.oop.env`, `gates[0].metric`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def shown(value: Any) -> str:
    """A value that was found, for a message."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:40]}…")
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def unknown_key(path: Keys, known: Sequence[str]) -> str:
    """A key that has no meaning where it stands."""
    where = f"`{path_text(path[:-1])}`: " if len(path) > 1 else ""
    return f"{where}unknown key `{path[-1]}`; known here: {listed(known, 40)}{meant(str(path[-1]), known)}"


def sentence(errors: Sequence[Error], path: Keys, value: Any) -> str:
    """What is wrong with the value at `path`: all errors that were found there, as one sentence."""
    where = f"`{path_text(path)}`: " if path else ""
    error = errors[0]
    if len(errors) > 1 and all(each["type"].endswith("_type") for each in errors):
        return f"{where}found {shown(value)}; allowed: text, a number, true or false"
    if error["type"] == "missing":
        return f"{where}`{error['loc'][-1]}` is missing"
    if error["type"] == "value_error":
        found = f"found {shown(value)}; " if not isinstance(value, dict | list) else ""
        return f"{where}{found}{error['ctx']['error']}"
    allowed = _ALLOWED.get(error["type"], _nothing_else)(error, path, value)
    return f"{where}found {shown(value)}; allowed: {allowed}"


def _words(error: Error, path: Keys, value: Any) -> str:
    words = [word.strip("' ") for word in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
    return ", ".join(words) + (meant(value, words) if isinstance(value, str) else "")


def _text(error: Error, path: Keys, value: Any) -> str:
    return "text; put it in quotes" if isinstance(value, int | float) else "text"


def _list(error: Error, path: Keys, value: Any) -> str:
    if path[-1] in _LISTS_OF_MAPPINGS:
        return "a list of mappings"
    if path[0] == "matrix":
        return "a list of values"
    return "a list of commands" if path[-1] == "steps" else "a text, or a list of texts"


def _mapping(error: Error, path: Keys, value: Any) -> str:
    return _MAPPINGS.get(error.get("ctx", {}).get("class_name", ""), "a mapping")


def _nothing_else(error: Error, path: Keys, value: Any) -> str:
    return "another value"


_ALLOWED: Mapping[str, Callable[[Error, Keys, Any], str]] = {
    "string_type": _text,
    "string_unicode": lambda *_: "text without half characters",
    "int_type": lambda *_: "a whole number",
    "float_type": lambda *_: "a number",
    "finite_number": lambda *_: "a finite number",
    "bool_type": lambda *_: "true, false",
    "dict_type": lambda error, path, _: "names with their entries" if path in _SECTIONS else "a mapping",
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "tuple_type": _list,
    "literal_error": _words,
    "greater_than": lambda error, *_: f"more than {error['ctx']['gt']:g}",
    "greater_than_equal": lambda error, *_: f"{error['ctx']['ge']:g} or more",
    "less_than_equal": lambda error, *_: f"{error['ctx']['le']:g} or less",
    "string_too_short": lambda *_: "text that is not empty",
    "string_pattern_mismatch": lambda error, *_: _PATTERNS.get(error["ctx"]["pattern"], "another text"),
    "too_short": lambda *_: "at least one entry",
}
