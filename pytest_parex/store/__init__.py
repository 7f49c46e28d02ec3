"""The run directory: what a run leaves behind, written so that a kill or a full disk cannot spoil what is there.

Every file has one writer. `events.jsonl` grows by one `write` per line; every other file appears whole or not at all.
Everything that compares and reports is computed from these files again, so nothing else needs to be kept.
"""

from pytest_parex.store.attempt import AttemptWriter
from pytest_parex.store.cooldown import Cooldown, wait_until_allowed
from pytest_parex.store.files import FULL
from pytest_parex.store.history import (
    durations,
    experiments,
    latest,
    make_runs_directory,
    new_run_id,
    open_run,
    remove_runs_directory,
    runs,
)
from pytest_parex.store.layout import run_directory_of
from pytest_parex.store.money import COST, Purse
from pytest_parex.store.redaction import redact
from pytest_parex.store.run import Run
from pytest_parex.store.starting import starting

__all__ = [
    "COST",
    "FULL",
    "AttemptWriter",
    "Cooldown",
    "Purse",
    "Run",
    "durations",
    "experiments",
    "latest",
    "make_runs_directory",
    "new_run_id",
    "open_run",
    "redact",
    "remove_runs_directory",
    "run_directory_of",
    "runs",
    "starting",
    "wait_until_allowed",
]
