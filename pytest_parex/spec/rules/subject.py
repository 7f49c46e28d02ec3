"""What rules look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_parex.model import Experiment
from pytest_parex.spec.document import Document


@dataclass(frozen=True)
class Subject:
    """An experiment that has the right form, with the file that it came from."""

    experiment: Experiment
    document: Document
    folder: Path
    """The folder of the spec: paths are relative to it."""
    lost: frozenset[str] = frozenset()
    """Sections of which nothing is known, because their form is wrong: what refers to them is not judged."""
