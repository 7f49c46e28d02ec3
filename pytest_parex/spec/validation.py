"""Data → experiment. All faults at once, each where it stands; the rest of the data stays usable for further checks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pytest_parex.errors import Fault
from pytest_parex.model import Experiment
from pytest_parex.spec.document import Document, Keys
from pytest_parex.spec.wording import Error, sentence, unknown_key

_HARMLESS: dict[str, Any] = {
    "variants": {},
    "cases": {},
    "checks": {"command": "true"},
    "metrics": {"python": "unknown:unknown"},
    "gates": {"metric": "success_rate", "at_least": 0},
}
"""Section → an entry that nothing is wrong with, put in the place of one that cannot be mended otherwise."""
_ROUNDS = 8


@dataclass(frozen=True)
class Draft:
    """What could be understood of a spec: an experiment in which harmless values stand for faulty ones."""

    experiment: Experiment | None
    """None if hardly anything could be understood."""
    faults: tuple[Fault, ...] = ()
    lost: frozenset[str] = field(default_factory=frozenset)
    """Sections that were left out because of their faults: nothing is known of what they name."""


def validate(document: Document) -> Draft:
    """Check the form of the document's data: keys, types, ranges."""
    data = copy.deepcopy(document.data)
    faults: list[Fault] = []
    lost: set[str] = set()
    for round_ in range(_ROUNDS):
        try:
            return Draft(Experiment.model_validate(data), tuple(faults), frozenset(lost))
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            if not round_:
                faults.extend(explained(document, errors))
            for path in sorted({_path(data, each["loc"]) for each in errors}, key=repr, reverse=True):
                lost.update(_mend(data, path))
    return Draft(None, tuple(faults))


def known_keys(path: Keys, form: type[BaseModel] = Experiment) -> list[str]:
    """The keys that the mapping at this path of a spec may have; empty if any."""
    here: Any = form
    for key in path:
        here = _inside(here, key)
    here = _bare(here)
    return _keys(here) if isinstance(here, type) and issubclass(here, BaseModel) else []


def explained(document: Document, errors: list[Any], form: type[BaseModel] = Experiment) -> Iterator[Fault]:
    """What pydantic found in a document's data, in words and where it stands; `form` is what the data have to be."""
    by_path: dict[Keys, list[Error]] = {}
    for error in errors:
        by_path.setdefault(_path(document.data, error["loc"]), []).append(error)
    for path, found in by_path.items():
        value = _value(document.data, path)
        if found[0]["type"] == "extra_forbidden":
            yield document.at_key(path, unknown_key(path, known_keys(path[:-1], form)))
        elif found[0]["type"] != "too_short" or not value:  # a list whose items are at fault is not too short
            yield document.at(path, sentence(found, path, value))


def _path(data: Any, loc: tuple[int | str, ...]) -> Keys:
    """The way to a value in the file; steps that are only in the expanded form of a shorthand are left out."""
    path: list[str | int] = []
    here = data
    steps = list(loc)
    while steps:
        step: int | str | None = steps.pop(0)
        if isinstance(here, list) and path[-1:] == ["setup"] and isinstance(step, str):
            step = _setup_item(here, step, steps)
        if step is not None and _has(here, step):
            here = here[step]
            path.append(step)
    return tuple(path)


def _has(here: Any, step: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here


def _setup_item(items: list[Any], step: str, steps: list[int | str]) -> int | None:
    """The index in a list of setup steps that `steps[n]` or `verify` of its expanded form has."""
    is_verify = [isinstance(item, dict) and set(item) == {"verify"} for item in items]
    if step == "verify":
        steps.insert(0, "verify")
        return is_verify.index(True)
    ordinary = [index for index, item in enumerate(items) if not is_verify[index] and item != "auto"]
    number = steps.pop(0) if steps else None
    return ordinary[number] if isinstance(number, int) and number < len(ordinary) else None


def _value(data: Any, path: Keys) -> Any:
    for key in path:
        data = data[key]
    return data


def _mend(data: dict[str, Any], path: Keys) -> set[str]:
    """Take the faulty value out, with as little around it as possible; the sections that are lost by it."""
    if not path:
        return set()
    section, rest = str(path[0]), path[1:]
    entries = data.get(section)
    if not rest or section not in _HARMLESS or not isinstance(entries, dict | list):
        return _drop(data, path)
    name = rest[0]
    entry = entries[name]  # type: ignore[index]
    if len(rest) > 1 and isinstance(entry, dict):
        entry.pop(rest[1], None)
    else:
        entries[name] = copy.deepcopy(_HARMLESS[section])  # type: ignore[index]
    return set()


def _drop(data: dict[str, Any], path: Keys) -> set[str]:
    section = str(path[0])
    inner = data.get(section)
    if len(path) > 1 and section != "matrix" and isinstance(inner, dict):
        inner.pop(path[1], None)
        return set()
    data.pop(section, None)
    if section == "variants":
        data[section] = {"unnamed": {}}
    elif section == "experiment":
        data[section] = "unnamed"
    return {section}


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _inside(annotation: Any, key: str | int) -> Any:
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {info.alias or name: info.annotation for name, info in annotation.model_fields.items()}
        return fields.get(str(key))
    arguments = get_args(annotation)
    return arguments[1] if get_origin(annotation) is dict else arguments[0] if arguments else None


def _bare(annotation: Any) -> Any:
    """Without Annotated and None."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(each for each in get_args(annotation) if each is not type(None)))
    return annotation
