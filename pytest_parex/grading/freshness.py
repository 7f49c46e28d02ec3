"""Is a file what the variant or a check wrote, or was it there before?

A report that lies committed in the base, or that setup made, says nothing about the variant: read as its result, it
would give every variant that breaks the reporting the numbers of the base. So a file counts if the captured work
differs from the base in it, or if it was written after the workspace was ready. Where no runner works (`none`), the
files of the workspace are the variant itself, and all of them count.
"""

from __future__ import annotations

from datetime import datetime

from pytest_parex.grading.found import fitting
from pytest_parex.grading.reading import UnreadableError, shortened
from pytest_parex.model import Place, Work
from pytest_parex.store.attempt import EVENTS
from pytest_parex.store.journal import read

CLOCK_TICK_S = 0.01
"""File times come from a coarser clock than the journal's, up to one tick behind it."""


def fresh(work: Work, files: list[str]) -> list[str]:
    """Those of these files that are the variant's or a check's."""
    if work.plan.experiment.runner_of(work.trial.variant).name == "none":
        return files
    ready = _ready(work)
    if ready is None:
        return files
    changed = {change.path for change in work.changes.files if change.status != "deleted"}
    return [file for file in files if file in changed or _written(work, file) >= ready - CLOCK_TICK_S]


def fresh_matches(work: Work, pattern: str) -> list[str]:
    """The files that fit a pattern and are the variant's or a check's; UnreadableError if there is none."""
    fits = fitting(work.workspace, pattern)
    if not fits:
        raise UnreadableError(f"no file fits `{pattern}`")
    found = fresh(work, fits)
    if not found:
        shown = shortened(fits[0]) if len(fits) == 1 else f"each of the {len(fits)} files that fit `{pattern}`"
        raise UnreadableError(
            f"{shown} was there before the variant began, and neither the variant nor a check has written it"
        )
    return found


def one_fresh_match(work: Work, pattern: str) -> str:
    """The one file that fits; UnreadableError if there is none, or if there are several."""
    found = fresh_matches(work, pattern)
    if len(found) > 1:
        some = ", ".join(shortened(file) for file in found[:3])
        raise UnreadableError(f"{len(found)} files fit `{pattern}` ({some}{', …' if len(found) > 3 else ''}): name one")
    return found[0]


def _ready(place: Place) -> float | None:
    """When the workspace was ready, as the journal has it."""
    events = read(place.directory / EVENTS, place.trial.id, place.attempt)
    ends = [e.time for e in events if e.name == "phase-end" and e.data.get("phase") in ("prepare", "setup")]
    return datetime.fromisoformat(ends[-1]).timestamp() if ends else None


def _written(work: Work, file: str) -> float:
    try:
        return (work.workspace / file).stat().st_mtime
    except OSError:
        return 0.0
