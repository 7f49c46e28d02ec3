"""`--parex-set KEY=VALUE`: values of a spec, replaced before it is checked.

KEY is the way to the value, joined by dots (`runner.claude.model`, `gates.0.at_least`); a name that has dots of its own
is found where the spec has it. VALUE is read as a YAML scalar, or as YAML if it begins like a list or a mapping; an
empty one takes the value out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pytest_parex.errors import Fault
from pytest_parex.spec import yaml_text
from pytest_parex.spec.document import Document, Keys, scalar, unfold
from pytest_parex.spec.yaml_text import UnreadableError

_SHORTHANDS = {"variants": "prompt", "cases": "text", "checks": "command"}
"""Section → what a plain text in it stands for."""


def override(document: Document, overrides: Iterable[str]) -> Iterator[Fault]:
    """Replace values in the document's data; yields what is wrong with the overrides."""
    for each in overrides:
        key, equals, text = each.partition("=")
        option = f"--parex-set {each if len(each) <= 60 else key}"
        if not equals or not key.strip():
            yield document.at((), f"{option}: expected KEY=VALUE, for example `repeats=3`")
            continue
        try:
            value, written = _value(text.strip())
            path = _set(document.data, key.strip(), value)
        except ValueError as error:
            yield document.at((), f"{option}: {error}")
        else:
            document.overridden[path] = option
            document.written = {known: was for known, was in document.written.items() if known[: len(path)] != path}
            document.written.update({(*path, *inner): was for inner, was in written.items()})


def _value(text: str) -> tuple[Any, dict[Keys, str]]:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("found characters that no file can hold; allowed: text")
    if not text.startswith(("[", "{", '"', "'")):
        return scalar(text), {(): text}
    try:
        read = unfold(yaml_text.compose(text))
    except UnreadableError as error:
        raise ValueError(error.message) from None
    if read.faults:
        raise ValueError(read.faults[0].message)
    return read.data, read.written


def _set(data: dict[str, Any], key: str, value: Any) -> Keys:
    """Put the value in its place, making mappings on the way; the path that it has now. ValueError if it has none."""
    path: list[str | int] = []
    here: Any = data
    parts = key.split(".")
    if "" in parts:
        raise ValueError("a part of the key is empty")
    while True:
        name, parts = _next(here, parts, path)
        path.append(name)
        if not parts:
            if value is None and isinstance(here, dict):
                here.pop(str(name), None)
            else:
                here[name] = value
            return tuple(path)
        if isinstance(here, dict) and not isinstance(here.get(str(name)), dict | list):
            here[name] = _opened(here.get(str(name)), path)
        here = here[name]


def _next(here: Any, parts: list[str], path: list[str | int]) -> tuple[str | int, list[str]]:
    if isinstance(here, list):
        if parts[0].isascii() and parts[0].isdecimal() and int(parts[0]) < len(here):
            return int(parts[0]), parts[1:]
        raise ValueError(f"`{'.'.join(map(str, path))}` is a list of {len(here)}, counted from 0; found {parts[0]!r}")
    if not isinstance(here, dict):
        raise ValueError(f"`{'.'.join(map(str, path))}` is no mapping, so it has no `{parts[0]}`")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in here:
            return name, parts[length:]
    return parts[0], parts[1:]


def _opened(value: Any, path: list[str | int]) -> dict[str, Any]:
    """A mapping in the place of a shorthand that the spec has there."""
    if value is None:
        return {}
    if isinstance(value, str) and len(path) == 2 and path[0] in _SHORTHANDS:
        return {_SHORTHANDS[str(path[0])]: value}
    if isinstance(value, str) and path == ["runner"]:
        return {value: None}
    if isinstance(value, int) and path == ["repeats"]:
        return {"min": value, "max": value}
    raise ValueError(f"`{'.'.join(map(str, path))}` is no mapping in the spec")
