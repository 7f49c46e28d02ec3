"""What a workspace is given from the user's side: carried files, and the case's own file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_parex import repository
from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base, Emit, Plan, Trial
from pytest_parex.repository import Git
from pytest_parex.workspace.carry import INCLUDE_FILE, Carry, carry

EVENT_FILES = 200
"""Carried files told in one event; a journal's line should stay short."""


def copy_case_file(plan: Plan, trial: Trial, directory: Path) -> Path | None:
    """Copy the case's file into the attempt's directory, so that a variant does not learn what lies beside it."""
    case = plan.experiment.cases[trial.case] if trial.case is not None else None
    if case is None or case.file is None:
        return None
    file = Path(plan.spec).parent / case.file
    try:
        (directory / "case").mkdir(exist_ok=True)
        return Path(shutil.copyfile(file, directory / "case" / file.name))
    except OSError as error:
        raise WorkspaceError(f"the case's file {file} cannot be copied: {error.strerror or error}") from None


def carry_over(plan: Plan, base: Base, workspace: Path, directory: Path, emit: Emit) -> tuple[str, ...]:
    """Carry the files that the source and the spec name, journal them, and return what people should know."""
    patterns = plan.experiment.workspace.carry
    if base.checkout is None:
        return (f"workspace.carry: {base.source} is no local checkout, so nothing can be carried",) if patterns else ()
    checkout = Path(base.checkout)
    if not patterns and not (checkout / INCLUDE_FILE).is_file():
        return ()
    carried = carry(_git_of(checkout, base, directory), checkout, workspace, patterns, _withheld(plan))
    for first in range(0, len(carried.files), EVENT_FILES):
        files = [[file.path, file.size, file.sha256] for file in carried.files[first : first + EVENT_FILES]]
        emit("carried", files=files)
    return tuple(_said(patterns, carried))


def _said(patterns: Sequence[str], carried: Carry) -> Iterator[str]:
    if patterns and not carried.files and not carried.left:
        yield f"workspace.carry: nothing to carry for {', '.join(patterns)}"
    if carried.left:
        more = f" (and {len(carried.left) - 3} more)" if len(carried.left) > 3 else ""
        yield f"not carried: {'; '.join(carried.left[:3])}{more}"


def _git_of(checkout: Path, base: Base, directory: Path) -> Git:
    """git that tells the user's files apart: the checkout's own; in a plain directory every file is unknown to it."""
    if (checkout / ".git").exists():
        return Git(checkout)
    nothing = {"GIT_INDEX_FILE": str(directory / "no.index")}
    return Git(checkout, git_dir=repository.captures(Path(base.mirror)), work_tree=checkout, env=nothing)


def _withheld(plan: Plan) -> list[Path]:
    """What no variant may see, whatever a pattern names: stored runs, and what is laid over for grading."""
    runs = Path(plan.directory).parent.parent
    holdout = plan.experiment.holdout
    return [runs.resolve(), *([(Path(plan.spec).parent / holdout).resolve()] if holdout else [])]
