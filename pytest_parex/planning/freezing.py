"""Everything that is decided once per run, before anything runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_parex import __version__
from pytest_parex.errors import SetupError, SpecError
from pytest_parex.model import Base, Experiment, Plan, Trial
from pytest_parex.planning.digests import Inputs
from pytest_parex.planning.names import template_names
from pytest_parex.planning.place import workspace_root
from pytest_parex.repository import Git, Source, locate, pin, resolve
from pytest_parex.spec import fault_in, render

SOURCES = "sources"
"""The folder beside the experiments of a runs directory that holds the mirrors."""


def freeze(
    experiment: Experiment,
    trials: Sequence[Trial],
    *,
    spec: Path,
    run: str,
    directory: Path,
    created: str,
    expected: Mapping[str, float] = {},
    rehearsal: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Plan:
    """The plan of a run: pinned bases, trials with their digests, the place of the workspaces.

    `directory` is the run's, `<runs>/<experiment>/<run>`; the mirrors are filled under `<runs>/sources`, and nothing
    else is written. `created` is UTC, ISO 8601; `expected` is trial id → seconds that it took before; `rehearsal`
    is the script that agents play instead of talking to a real model. Raises WorkspaceError if a source cannot be
    pinned, SpecError if the spec wants the workspaces where they cannot be.
    """
    spec, directory = spec.absolute(), directory.absolute()
    # What may be refused comes first: a run that cannot be begun leaves nothing behind.
    _refuse_equal_branches(experiment, trials, spec)
    sources = _sources(experiment, spec)
    checkouts = [source.checkout for source in sources.values() if source.checkout]
    root, about_root = workspace_root(experiment, spec, checkouts, environ)
    bases, notices = _bases(experiment, spec, sources, directory.parent.parent / SOURCES)
    inputs = Inputs(experiment, spec.parent, bases, rehearsal)
    rehearsed = (
        [f"a rehearsal: agents play {rehearsal.name}, so nothing here tells about a real model"] if rehearsal else []
    )
    return Plan(
        experiment=experiment,
        run=run,
        created=created,
        spec=str(spec),
        directory=str(directory),
        root=str(root / run),
        bases=bases,
        trials=tuple(
            trial.model_copy(update={"inputs": inputs.of_trial(trial), "expected_s": expected.get(trial.id)})
            for trial in trials
        ),
        grading=inputs.of_grading(),
        rehearsal=str(rehearsal) if rehearsal else None,
        versions=_versions(),
        notices=tuple(dict.fromkeys([*rehearsed, *notices, *about_root])),
    )


def _sources(experiment: Experiment, spec: Path) -> dict[str, Source]:
    """The sources by the names that the variants give them; every `ref` is known to exist, where git can be asked."""
    sources: dict[str, Source] = {}
    for variant in experiment.variants.values():
        key = variant.source or ""
        if key not in sources:
            sources[key] = locate(variant.source or experiment.source, spec)
        if variant.ref and sources[key].kind == "repository":
            resolve(sources[key], variant.ref)
    return sources


def _bases(
    experiment: Experiment, spec: Path, sources: Mapping[str, Source], mirrors: Path
) -> tuple[dict[str, Base], list[str]]:
    """One base per source, and one per `ref` of a variant."""
    bases: dict[str, Base] = {}
    notices: list[str] = []
    leave_out = [spec.parent / experiment.holdout] if experiment.holdout else []
    for variant in experiment.variants.values():
        key = variant.source or ""
        wanted = [(key, experiment.base, experiment.dirty)]
        if variant.ref:
            wanted.append((f"{key}@{variant.ref}", variant.ref, "head"))
        for name, ref, dirty in wanted:
            if name not in bases:
                bases[name], said = pin(sources[key], ref, dirty=dirty, sources=mirrors, leave_out=leave_out)
                notices += said
    return bases, notices


def _refuse_equal_branches(experiment: Experiment, trials: Sequence[Trial], spec: Path) -> None:
    """Worktrees share a mirror, where a branch can be checked out once."""
    template = experiment.workspace.branch
    if template is None or experiment.workspace.kind not in ("auto", "worktree"):
        return
    seen: dict[str, str] = {}
    for trial in trials:
        try:
            branch = render(template, template_names(experiment, trial))
        except SetupError as error:
            raise SpecError([fault_in(spec, ("workspace", "branch"), f"`workspace.branch`: {error}")]) from None
        if branch in seen:
            message = (
                f"`workspace.branch`: {seen[branch]} and {trial.id} would both be on {branch!r}; use {{{{ trial }}}}"
            )
            raise SpecError([fault_in(spec, ("workspace", "branch"), message)])
        seen[branch] = trial.id


def _versions() -> dict[str, str]:
    return {
        "pytest-parex": __version__,
        "python": platform.python_version(),
        "git": Git()("version").removeprefix("git version "),
        "platform": platform.platform(),
    }
