"""Reading results, quickly and one by one: a damaged file costs its own trial and no other."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from pytest_parex.errors import StoreError
from pytest_parex.model import Metric, Model, Result
from pytest_parex.store import files
from pytest_parex.store.attempt import RESULT

FORMAT = 1
RECORDED = "recorded"
_ATTEMPT = re.compile(r"attempt-([1-9]\d*)")


class Recorded(Model):
    """The metrics that one test recorded on a finished attempt: a file of `recorded/`."""

    by: str
    metrics: dict[str, Metric]


def unsaid(notice: str) -> None:
    """For callers that only want what can be read."""


def attempts(trial: str) -> list[int]:
    """The numbers of the attempts in a trial's folder, finished or not, in order."""
    try:
        names = os.listdir(trial)  # noqa: PTH208 - thousands of folders are read, and a Path for each entry is felt
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{trial} cannot be read: {error.strerror or error}") from None
    return sorted(int(found[1]) for name in names if (found := _ATTEMPT.fullmatch(name)))


def last(trial: str, notice: Callable[[str], None]) -> Result | None:
    """The result of the last finished attempt in a trial's folder, with recorded metrics.

    None if no attempt has finished, or if the last result cannot be read: `notice` is given the reason.
    """
    try:
        for number in reversed(attempts(trial)):
            directory = f"{trial}/attempt-{number}"
            if (result := read(f"{directory}/{RESULT}")) is not None:
                return _with_recorded(result, directory, notice)
    except StoreError as error:
        notice(str(error))
    return None


def read(file: str) -> Result | None:
    """The result in this file; None if there is no file."""
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - as above
            data = stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror or error}") from None
    try:
        result = Result.model_validate_json(data)
    except ValidationError as error:
        raise StoreError(_damage(file, data, error)) from None
    if result.format != FORMAT:
        raise StoreError(_other_format(file, result.format))
    return result


def record(attempt: Path, name: str, metric: Metric, by: str) -> None:
    """Keep a metric that the test `by` (its node id) measured on a finished attempt."""
    if not math.isfinite(metric.value):
        raise StoreError(f"{by}: metric `{name}` cannot be recorded: {metric.value} is not a finite number")
    result = read(str(attempt / RESULT))
    if result is None:
        raise StoreError(f"{by}: metric `{name}` cannot be recorded: {attempt} has no result yet")
    if name in result.metrics:
        raise StoreError(f"{by}: the grading measures `{name}` already; record yours under another name")
    folder = attempt / RECORDED
    files.make_folder(folder)
    file = folder / _file_name(by)
    known = _recorded(str(file)).metrics if file.exists() else {}
    files.write_atomically(file, Recorded(by=by, metrics={**known, name: metric}).model_dump_json())


def _with_recorded(result: Result, directory: str, notice: Callable[[str], None]) -> Result:
    folder = f"{directory}/{RECORDED}"
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))  # noqa: PTH208 - as above
    except FileNotFoundError:
        return result
    metrics: dict[str, Metric] = {}
    for name in names:
        try:
            metrics.update(_recorded(f"{folder}/{name}").metrics)
        except StoreError as error:
            notice(str(error))
    return result.model_copy(update={"metrics": {**metrics, **result.metrics}})


def _recorded(file: str) -> Recorded:
    data = files.read_text(Path(file))
    try:
        return Recorded.model_validate_json(data)
    except ValidationError:
        raise StoreError(f"{file} is damaged: its metrics are missing; delete it and run the test again") from None


def _file_name(by: str) -> str:
    """Readable, and different for different tests."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", by).strip("-.")[-80:]
    return f"{readable}-{hashlib.sha256(by.encode()).hexdigest()[:8]}.json"


def _damage(file: str, data: bytes, error: ValidationError) -> str:
    try:
        found = json.loads(data).get("format", FORMAT)
    except (ValueError, AttributeError):
        return f"{file} is damaged: the trial counts as missing; delete the file to have it executed again"
    if found != FORMAT:
        return _other_format(file, found)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return (
        f"{file} is not as this version of pytest-parex writes it ({where}: {first['msg']}): the trial counts as "
        "missing; read it with the version that wrote it, or delete the file to have it executed again"
    )


def _other_format(file: str, found: object) -> str:
    return (
        f"{file} has format {found!r}, and this version of pytest-parex reads format {FORMAT}: "
        "use the version that wrote it"
    )
