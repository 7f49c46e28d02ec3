"""What a metric reader returns, and how text becomes a number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_parex.model import Metric, MetricReader

MOST_NUMBERS = 1_000
"""Numbers taken from one source: each becomes a metric of its own in every table."""
LONGEST_NAME = 200
DEEPEST = 50
"""Levels of nesting that names are made from."""

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


class UnreadableError(Exception):
    """Why a metric is missing, in words for people."""


@dataclass(frozen=True)
class Reading:
    """What one reader found."""

    metrics: dict[str, Metric]
    missing: dict[str, str] = field(default_factory=dict)
    """Metric name → reason, for what was looked for and not found."""


def number(text: str) -> float:
    """The number that the text is; `1,234.5` too. UnreadableError if it is none, or not finite."""
    text = text.strip()
    try:
        value = float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        raise UnreadableError(f"`{shortened(text)}` is not a number") from None
    return finite(value)


def finite(value: float) -> float:
    """The value; UnreadableError if it is NaN or infinite."""
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise UnreadableError(f"{value} is not a finite number")
    return value


def metric(value: float, reader: MetricReader) -> Metric:
    """A metric with the unit and direction that the spec gives it."""
    return Metric(value=finite(value), unit=reader.unit, better=reader.better)


def from_data(name: str, data: Any, reader: MetricReader) -> Reading:
    """Every number in plain JSON data: `name` itself if it is one, else `name.key.0.key`. Booleans are not numbers."""
    if _is_number(data):
        return Reading({name: metric(data, reader)})
    metrics: dict[str, Metric] = {}
    missing: dict[str, str] = {}
    for found, value in _numbers(name, data):
        if len(metrics) == MOST_NUMBERS:
            missing[name] = f"it has more than {MOST_NUMBERS} numbers, and only the first are kept: choose with `path`"
            break
        try:
            metrics[found] = metric(value, reader)
        except UnreadableError as reason:
            missing[found] = str(reason)
    if not metrics and not missing:
        raise UnreadableError("there is no number in it")
    return Reading(metrics, missing)


def at_path(data: Any, path: str) -> float:
    """The one number at a dotted path, as in `totals.percent` or `runs.0.mean` (also `runs[0].mean`, and -1 for the
    last). A key may hold dots itself."""
    steps = re.sub(r"\[(-?\d+)\]", r".\1", path).lstrip(".").split(".")
    found = list(_walk(data, steps))
    if not found:
        raise UnreadableError(f"there is nothing at `{path}`")
    if not _is_number(found[0]):
        raise UnreadableError(f"there is {_kind(found[0])} at `{path}`, not a number")
    return finite(found[0])


def shortened(text: str, longest: int = 80) -> str:
    """One line of printable text, for a message."""
    text = " ".join("".join(character if character.isprintable() else " " for character in text[: 4 * longest]).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _walk(data: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield data
    elif isinstance(data, Mapping):
        for length in range(len(steps), 0, -1):
            key = ".".join(steps[:length])
            if key in data:
                yield from _walk(data[key], steps[length:])
    elif isinstance(data, list) and re.fullmatch(r"-?\d{1,9}", steps[0]) and -len(data) <= int(steps[0]) < len(data):
        yield from _walk(data[int(steps[0])], steps[1:])


def _numbers(name: str, data: Any, depth: int = 0) -> Iterator[tuple[str, float]]:
    if _is_number(data):
        if len(name) <= LONGEST_NAME and name.isprintable():
            yield name, data
    elif depth < DEEPEST and isinstance(data, Mapping):
        for key, value in data.items():
            yield from _numbers(f"{name}.{key}", value, depth + 1)
    elif depth < DEEPEST and isinstance(data, list):
        for index, value in enumerate(data):
            yield from _numbers(f"{name}.{index}", value, depth + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    return "true or false" if isinstance(value, bool) else f"the text `{shortened(str(value), 40)}`"
