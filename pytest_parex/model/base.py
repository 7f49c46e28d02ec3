"""What all stored and spoken data share: frozen, closed to unknown keys, and written as plain JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Field, Strict

Scalar = str | int | float | bool | None

Flag = Annotated[bool, Strict()]
"""True or false, and no other word or number that could be taken for it."""
Whole = Annotated[int, Strict()]
"""A whole number; neither text nor true and false stand for one."""
Number = Annotated[float, Strict(), AllowInfNan(False)]
"""A finite number; neither text nor true and false stand for one."""
Text = Annotated[str, Field(min_length=1)]
"""Text that is not empty."""

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*", re.ASCII)
_LONGEST = 366 * 86400.0
_UNITS = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0}


class Model(BaseModel):
    """Base of all data classes: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, use_attribute_docstrings=True)


def _duration(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError('a duration is a number of seconds, or text such as "90s", "30m" or "2h"')
    if isinstance(value, int | float):
        seconds = float(value) if abs(value) < _LONGEST else _LONGEST
    elif isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        seconds = float(found[1]) * _UNITS[found[2]]
    else:
        raise ValueError('a duration is a number of seconds, or text such as "90s", "30m" or "2h"')
    if not 0 < seconds < _LONGEST:
        raise ValueError("a duration is more than zero and less than a year")
    return seconds


Seconds = Annotated[float, BeforeValidator(_duration, json_schema_input_type=float | str)]
"""A length of time in seconds; users may also write "90s", "30m", "2h"."""


def shorthand(field: str, *types: type) -> Callable[[Any], Any]:
    """A validator for `Annotated[M, BeforeValidator(...)]`: a bare value of `types` stands for `{field: value}`."""

    def expand(value: Any) -> Any:
        return {field: value} if isinstance(value, types) and not isinstance(value, bool) else value

    return expand


def one_or_many(value: Any) -> Any:
    """A single text stands for a list of one."""
    return [value] if isinstance(value, str) else value
