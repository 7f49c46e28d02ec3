"""`json`: numbers from a JSON file."""

from __future__ import annotations

import json
from typing import Any

from pytest_parex.grading.found import whole
from pytest_parex.grading.freshness import one_fresh_match
from pytest_parex.grading.reading import Reading, UnreadableError, at_path, from_data, metric, shortened
from pytest_parex.model import MetricReader, Work

LARGEST = 16 * 1024**2
"""Bytes. Parsed, a hostile file of this size takes some hundred MB for a moment; a larger one could end the worker."""


def read_json(name: str, reader: MetricReader, work: Work) -> Reading:
    """With `path` the one number there, as `name`; without it every number, as `name.key.key`."""
    assert reader.json_file is not None
    file = one_fresh_match(work, reader.json_file)
    data = parsed(whole(work.workspace, file, LARGEST), file)
    try:
        if reader.path is not None:
            return Reading({name: metric(at_path(data, reader.path), reader)})
        return from_data(name, data, reader)
    except UnreadableError as reason:
        raise UnreadableError(f"{shortened(file)}: {reason}") from None


def parsed(text: bytes | str, file: str) -> Any:
    """The data; UnreadableError for whatever a hostile file can do to the parser."""
    try:
        return json.loads(text)
    except RecursionError:
        raise UnreadableError(f"{shortened(file)} is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"{shortened(file)} is not JSON: {shortened(str(error))}") from None
