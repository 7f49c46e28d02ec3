"""Protected files: restored from the base before anything is graded, so that nobody passes by editing the tests."""

from __future__ import annotations

from pytest_parex import repository
from pytest_parex.model import Place


def protect(place: Place) -> tuple[str, ...]:
    """Restore what the spec protects; the paths that the variant had changed, added or deleted, which are reported."""
    experiment = place.plan.experiment
    touched = repository.restore(place.workspace, place.plan.base_of(place.trial.variant), experiment.protect)
    if touched:
        more = f" and {len(touched) - 5} more" if len(touched) > 5 else ""
        place.emit("note", text=f"protected files restored: {', '.join(touched[:5])}{more}")
    return touched
