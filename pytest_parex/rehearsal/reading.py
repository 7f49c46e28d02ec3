"""A script file, or the same as plain data → a script, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pytest_parex.errors import SpecError
from pytest_parex.rehearsal.script import Script
from pytest_parex.spec.document import Document, read_document
from pytest_parex.spec.validation import explained


def read_script(path: Path) -> Script:
    """Read a rehearsal script, YAML or (by its suffix) JSON; SpecError with all its faults."""
    return _script(read_document(path, key="sessions"))


def script_of(said: Script | Mapping[str, Any] | Path | str) -> Script:
    """The script that is meant: itself, its data, or the path of its file; SpecError with all its faults."""
    if isinstance(said, Script):
        return said
    return _script(Document("script", dict(said))) if isinstance(said, Mapping) else read_script(Path(said))


def _script(document: Document) -> Script:
    faults = document.faults
    try:
        script = Script.model_validate(document.data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        unreadable = {(fault.line, fault.column) for fault in faults}
        found = explained(document, errors, Script)
        faults = [*faults, *(fault for fault in found if not faults or (fault.line, fault.column) not in unreadable)]
        raise SpecError(faults) from None
    if faults:
        raise SpecError(faults)
    return script
