"""Digests of what a trial's execution and its grading depend on: equal digests, equal work.

Files count by their contents, not by their names or dates. Every file is read once and every variant and case is put
together once, so that ten thousand trials cost ten thousand small hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base, Experiment, Trial
from pytest_parex.spec import is_slash_command

_WORKSPACE = {"kind", "carry", "submodules", "sparse", "ports", "branch"}
"""Settings that a trial's work can depend on; where a workspace is and whether it is kept are none."""


class Inputs:
    """The digests of an experiment with these bases (as in `Plan.bases`); `folder` is the spec's."""

    def __init__(
        self, experiment: Experiment, folder: Path, bases: Mapping[str, Base], rehearsal: Path | None = None
    ) -> None:
        self._experiment = experiment
        self._folder = folder
        self._bases = bases
        self._rehearsal = rehearsal
        self._files: dict[str, str] = {}
        common = self._common()
        self._variants = {name: _digest([common, self._variant(name)]) for name in experiment.variants}
        self._cases = {name: _digest(self._case(name)) for name in experiment.cases}

    def of_trial(self, trial: Trial) -> str:
        """Digest of everything that the execution of this trial depends on."""
        case = self._cases[trial.case] if trial.case is not None else None
        return _digest([self._variants[trial.variant], case, trial.matrix, trial.repeat])

    def of_grading(self) -> str:
        """Digest of everything that grading depends on."""
        said = self._experiment.model_dump(mode="json", include={"protect", "checks", "metrics"})
        return _digest({**said, "holdout": self._contents(self._experiment.holdout)})

    def _common(self) -> dict[str, Any]:
        experiment = self._experiment
        return {
            "experiment": experiment.experiment,
            "task": experiment.task,
            "task_file": self._contents(experiment.task_file),
            "instructions": [
                name if is_slash_command(name) else self._contents(name) for name in experiment.instructions
            ],
            "workspace": experiment.workspace.model_dump(mode="json", include=_WORKSPACE),
            **({"rehearsal": _contents(self._rehearsal)} if self._rehearsal else {}),
        }

    def _variant(self, name: str) -> dict[str, Any]:
        experiment, variant = self._experiment, self._experiment.variants[name]
        source = variant.source or ""
        start = f"{source}@{variant.ref}" if variant.ref else source
        return {
            "name": name,
            "base": self._bases[source].commit,
            "start": self._bases[start].commit,
            "prompt": variant.prompt,
            "env": experiment.env_of(name),
            "files": {target: self._contents(file) for target, file in variant.files.items()},
            "patch": self._contents(variant.patch),
            "runner": experiment.runner_of(name).model_dump(mode="json"),
            "setup": experiment.setup_of(name).model_dump(mode="json"),
            "timeout": experiment.timeout_of(name),
        }

    def _case(self, name: str) -> dict[str, Any]:
        case = self._experiment.cases[name]
        return {"name": name, **case.model_dump(mode="json"), "contents": self._contents(case.file)}

    def _contents(self, name: str | None) -> str | None:
        if name is None:
            return None
        if name not in self._files:
            try:
                self._files[name] = _contents(self._folder / name)
            except OSError as error:
                raise WorkspaceError(f"{name}, which the spec names, cannot be read: {error.strerror}") from None
        return self._files[name]


def _contents(path: Path) -> str:
    """Digest of a file, or of a folder with everything in it: names, executable bits, links."""
    if path.is_dir() and not path.is_symlink():
        return _digest([[os.fsdecode(entry.name), _contents(entry)] for entry in sorted(path.iterdir())])
    if path.is_symlink() and not path.is_file():
        return _digest(["link", str(path.readlink())])
    if path.exists() and not path.is_file():
        return _digest("neither a file nor a folder")  # a pipe would be waited for
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return _digest([content, os.access(path, os.X_OK)])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
