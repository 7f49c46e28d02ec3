"""The plan: what exactly will be run, frozen before anything runs. Stored as `plan.json`, sent to every worker."""

from __future__ import annotations

from pytest_parex.model.base import Model, Scalar
from pytest_parex.model.experiment import Experiment


class Trial(Model):
    """Variant × case × matrix point × repeat: one pytest item."""

    id: str
    """Slugs joined by `--`, unnamed parts left out: `oop--stp-1--r2`. Unique and stable."""
    variant: str
    case: str | None = None
    matrix: dict[str, Scalar] = {}
    repeat: int = 1
    line: int = 1
    """Line of the variant in the spec file, counted from 1."""
    inputs: str = ""
    """Digest of everything that the execution depends on."""
    expected_s: float | None = None
    """Duration in earlier runs, in seconds, if there were any; longest first is scheduled by it."""


class Base(Model):
    """A pinned starting point: one commit of one source, held by a mirror that parex owns."""

    source: str
    """The source as the spec names it (path or URL), for people."""
    mirror: str
    """Path of the bare repository that holds the commit and its ancestors."""
    commit: str
    chosen: str
    """How the commit was found: `HEAD of main`, `snapshot of uncommitted changes on 3fa2…`."""
    checkout: str | None = None
    """The user's own checkout that the source is, if it is one; only ever read."""


class Plan(Model):
    """One run of an experiment, decided once by the controller. Workers never read the spec."""

    format: int = 1
    experiment: Experiment
    run: str
    """Run id: `YYYYMMDD-HHMMSS-xxxx` (UTC)."""
    created: str
    spec: str
    """Absolute path of the spec file; paths in the experiment are relative to its folder."""
    directory: str
    """Absolute path of the run directory."""
    root: str
    """Absolute path of the folder in which this run's workspaces are made."""
    bases: dict[str, Base]
    """Source, as named in the spec ("" for the experiment's own), and `source@ref` for a variant's ref → its base."""
    trials: tuple[Trial, ...]
    grading: str = ""
    """Digest of everything that grading depends on (protect, holdout, checks, metrics)."""
    rehearsal: str | None = None
    """Path of the script that agents played instead of talking to a real model; None: everything is real."""
    versions: dict[str, str] = {}
    notices: tuple[str, ...] = ()
    """What people should know before the run starts; printed in the header."""
    joined: dict[str, str] = {}
    """Only where several runs are compared as one: trial id → the folder of its attempts, relative to `directory`."""

    def trial(self, trial_id: str) -> Trial:
        """The trial with this id; KeyError if there is none."""
        for trial in self.trials:
            if trial.id == trial_id:
                return trial
        raise KeyError(trial_id)

    def base_of(self, variant: str) -> Base:
        """Where the captured work of a variant is compared against: the base of its source."""
        return self.bases[self.experiment.variants[variant].source or ""]

    def start_of(self, variant: str) -> Base:
        """Where a variant's workspaces start: its `ref` if it has one, else its base."""
        chosen = self.experiment.variants[variant]
        return self.bases[f"{chosen.source or ''}@{chosen.ref}"] if chosen.ref else self.base_of(variant)
