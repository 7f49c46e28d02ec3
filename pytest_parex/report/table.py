"""A table before anybody knows how it will be shown: the same rows for terminal, Markdown and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_parex.model import Outcome, TrialSummary

Kind = Literal["text", "name", "trial", "good", "bad", "muted"]
"""`name` is something people could type, `trial` a trial's id; `good`, `bad` and `muted` say how to take the text."""

MARKS: dict[Outcome, str] = {"passed": "✓", "failed": "✗", "missing": "–", "not needed": "·", "not selected": "·"}


@dataclass(frozen=True)
class Column:
    """A heading; numbers are set right."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Cell:
    """What stands in one place. With `trials` it is one mark per trial, and `text` says the same in marks."""

    text: str
    kind: Kind = "text"
    trials: tuple[TrialSummary, ...] = ()
    note: str = ""
    """A word that stands behind it."""


@dataclass(frozen=True)
class Row:
    """The first cell says what the row is about; `best` marks the leader's."""

    cells: tuple[Cell, ...]
    best: bool = False


@dataclass(frozen=True)
class Table:
    """Columns, rows, and a sentence on how to read them."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows)


def marks(trials: Sequence[TrialSummary]) -> Cell:
    """One mark per trial, in order; nothing where there is no trial."""
    if not trials:
        return Cell("", "muted")
    outcomes = {trial.outcome for trial in trials}
    kind: Kind = "good" if outcomes == {"passed"} else "bad" if outcomes == {"failed"} else "text"
    return Cell("".join(MARKS[trial.outcome] for trial in trials), kind, tuple(trials))
