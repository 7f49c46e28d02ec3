"""What of a workspace is the variant's doing, and keeping it.

Work is compared with a commit: the trial's base. Files that parex itself lays into the workspace (the variant's
overlay, what setup leaves behind) are no work of the variant, although they differ from the base. So when everything
is in place, and before the variant begins, `settle` makes another commit to compare with: the base, with exactly those
paths laid over that differ from the given work. The given work is the start with the variant's patch: a `ref` and a
`patch` are the variant's doing and stay visible as changes.

Carried files are ignored by git, as a rule, and then in neither of the two.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_parex import repository
from pytest_parex.model import Base, Changes, Place, Plan, Trial
from pytest_parex.repository import Git
from pytest_parex.store import AttemptWriter
from pytest_parex.workspace.environment import secrets
from pytest_parex.workspace.kinds import git_dir_of
from pytest_parex.workspace.ownership import EVENT, MAY_HOLD_WORK, Made, is_ours, journal_of, last_made, path_of
from pytest_parex.workspace.place import Workspace, traces

_RESULT = "result.json"
_NOBODY = {
    f"GIT_{role}_{what}": text
    for role in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "parex"), ("EMAIL", "parex@localhost"), ("DATE", "946684800 +0000"))
}


def given_work(plan: Plan, trial: Trial, attempt: int, directory: Path, git_dir: Path | None) -> str:
    """Keep a workspace as the variant's patch has left it, and return the commit."""
    start, base = plan.start_of(trial.variant), plan.base_of(trial.variant)
    with _aside(directory) as folder:
        return repository.capture(
            path_of(plan, trial),
            start=start,
            base=base,
            git_dir=git_dir,
            ref=ref_of(plan, trial, attempt, "given"),
            attempt_directory=folder,
        ).commit


def settle(workspace: Workspace, place: Place) -> Workspace:
    """Call when setup is done and before the variant begins: what is there now is not the variant's doing.

    Returns the workspace with the base that its work is to be compared with.
    """
    base = place.plan.base_of(place.trial.variant)
    given = workspace.given.commit
    env = _told_env(workspace.env, place.env)
    if traces(workspace.path) == workspace.given.files:
        place.emit(EVENT, state="settled", laid=0, env=env)
        return workspace
    with _aside(place.directory) as folder:
        laid = repository.capture(
            workspace.path,
            start=workspace.start,
            base=_at(base, given),
            git_dir=workspace.git_dir,
            ref=ref_of(place.plan, place.trial, place.attempt, "laid"),
            attempt_directory=folder,
        )
        if laid.files:
            compared = _lay_over(base, given, laid.commit, folder / "compared.index")
            ref = ref_of(place.plan, place.trial, place.attempt, "compared")
            Git(git_dir=Path(laid.mirror))("update-ref", ref, compared)
            base = _at(base, compared)
    place.emit(EVENT, state="settled", compared_with=base.commit, laid=len(laid.files), env=env)
    return replace(workspace, base=base)


def capture(workspace: Workspace, plan: Plan, trial: Trial, writer: AttemptWriter) -> Changes:
    """Keep the variant's work as a commit, a ref and `changes.patch`, and journal that. WorkspaceError if it cannot."""
    changes = repository.capture(
        workspace.path,
        start=workspace.start,
        base=workspace.base,
        git_dir=workspace.git_dir,
        ref=ref_of(plan, trial, writer.number, "work"),
        attempt_directory=writer.directory,
    )
    writer.emit(EVENT, state="captured", changes=changes.model_dump(mode="json"))
    return changes


def rescue(plan: Plan, trial: Trial, attempt: int) -> Changes | None:
    """Keep the work of an attempt whose process died before it could; None if there was none yet, or is none any more.

    WorkspaceError if it cannot be kept. The caller holds the trial's claim.
    """
    made = last_made(plan, trial)
    if made is None or made.attempt != attempt or made.state not in MAY_HOLD_WORK:
        return None
    if made.captured is not None and is_kept(made.captured):
        return made.captured
    if os.path.lexists(made.path) and not is_ours(made.path, made):
        return None
    return _capture_again(plan, trial, made, "work", journal_of(plan).attempt_directory(trial.id, attempt))


def keep_what_came_later(plan: Plan, trial: Trial, made: Made) -> Changes | None:
    """Capture a workspace once more if anything in it has changed since its attempt ended; None if nothing has.

    Users who review a workspace may go on working in it; that must not be lost when it makes room.
    """
    directory = journal_of(plan).attempt_directory(trial.id, made.attempt)
    try:
        ended = (directory / _RESULT).stat().st_mtime_ns
    except FileNotFoundError:
        ended = 0
    if all(changed <= ended for _, _, changed, _ in traces(made.path).values()):
        return None
    with _aside(directory) as folder:
        return _capture_again(plan, trial, made, "later", folder)


def _capture_again(plan: Plan, trial: Trial, made: Made, what: str, directory: Path) -> Changes:
    start = plan.start_of(trial.variant)
    return repository.capture(
        made.path,
        start=start,
        base=compared_with(plan, trial, made),
        git_dir=git_dir_of(made.kind, start, made.path),
        ref=ref_of(plan, trial, made.attempt, what),
        attempt_directory=directory,
    )


def compared_with(plan: Plan, trial: Trial, made: Made) -> Base:
    """What the work in a workspace that is set up is compared with."""
    base = plan.base_of(trial.variant)
    return _at(base, made.compared_with or base.commit)


def _told_env(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None] | None:
    """What setup has changed in the environment, for the journal; None if it must not be written down, being secret."""
    changed = {name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    hidden = secrets(after)
    if any(secret in value for value in changed.values() if value for secret in hidden):
        return None
    return dict(sorted(changed.items()))


def is_kept(changes: Changes) -> bool:
    """Whether the captured commit is really there, reachable by its ref, and holds everything that could be read."""
    mirror = Path(changes.mirror)
    if changes.left_out or not mirror.is_dir():
        return False
    asked = f"{changes.ref}^{{commit}}\n{changes.ref}^{{tree}}\n"
    answered = Git(git_dir=mirror).run("cat-file", "--batch-check=%(objectname) %(objecttype)", input=asked)
    commit, tree = [*answered.stdout.decode(errors="replace").splitlines(), "", ""][:2]
    return commit == f"{changes.commit} commit" and tree.endswith(" tree")


def ref_of(plan: Plan, trial: Trial, attempt: int, what: str) -> str:
    """The ref of a capture: `work`; `given`, `laid`, `compared` for what leads up to it; `later`."""
    name = re.sub(r"\.\.+|\.lock$|\.$", "-", trial.id)
    unique = name if name == trial.id else f"{name}-{zlib.crc32(trial.id.encode()):08x}"
    return f"refs/parex/{plan.run}/{unique}/{attempt}/{what}"


def _lay_over(base: Base, given: str, laid: str, index: Path) -> str:
    """A commit on the base that has, of every path that differs between `given` and `laid`, the latter's state."""
    git = Git(git_dir=repository.captures(Path(base.mirror)), env={"GIT_INDEX_FILE": str(index), **_NOBODY})
    fields = iter(git.fields("diff-tree", "-r", "-z", "--no-renames", given, laid))
    entries = [(facts.split()[1], facts.split()[3], path) for facts, path in zip(fields, fields, strict=True)]
    git("read-tree", base.commit)
    # Deletions first: a file may have become a folder, or the other way round.
    lines = [f"{mode} {blob}\t{path}\0" for mode, blob, path in sorted(entries)]
    git("update-index", "-z", "--index-info", input="".join(lines))
    return git(
        "commit-tree", "-p", base.commit, "-m", "the base, with what is not the variant's doing", git("write-tree")
    )


def _at(base: Base, commit: str) -> Base:
    return base.model_copy(update={"commit": commit})


@contextlib.contextmanager
def _aside(directory: Path) -> Iterator[Path]:
    """A folder for what captures write beside their commit, where that is of no interest."""
    with tempfile.TemporaryDirectory(prefix="settling-", dir=directory) as folder:
        yield Path(folder)
