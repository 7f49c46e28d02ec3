"""Reading XML that a variant wrote: as a stream, without document type definitions and entities.

Entities are how a small file becomes gigabytes, or reads another file. A plain reference to an external definition, as
Cobertura writes it, is allowed, since it is never fetched.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from pytest_parex.grading.found import opened
from pytest_parex.grading.reading import UnreadableError, shortened

LARGEST = 64 * 1024**2
"""Bytes. A stream needs no memory to speak of, but a few seconds for a file of this size."""
_PIECE = 1024**2


def stream(
    workspace: Path, file: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]
) -> None:
    """Call `start(tag, attributes)` and `end(tag)` for every element of the file, in order."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_own_definition
    parser.EntityDeclHandler = _refuse_entity
    shown = shortened(file)
    with os.fdopen(opened(workspace, file), "rb") as content:
        if os.fstat(content.fileno()).st_size > LARGEST:
            raise UnreadableError(f"{shown} is larger than {LARGEST // 1024**2} MiB, the most that is read")
        try:
            while piece := content.read(_PIECE):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnreadableError(f"{shown} is not well-formed XML: {shortened(str(error))}") from None
        except (ValueError, LookupError) as error:
            raise UnreadableError(f"{shown} has an encoding that cannot be read: {shortened(str(error))}") from None


def _refuse_own_definition(name: str, system: str | None, public: str | None, has_internal_subset: bool) -> None:
    if has_internal_subset:
        raise UnreadableError("it holds a document type definition, which is not read for safety")


def _refuse_entity(*declaration: Any) -> None:
    raise UnreadableError("it declares an entity, which is not read for safety")
