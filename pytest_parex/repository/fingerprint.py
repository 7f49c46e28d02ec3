"""The audit: what lies outside of a workspace, before and after a trial, compared in sentences.

It is taken twice for every trial, so it is made of file reads and one `git status` per checkout. Of the user's checkout
it holds the files, what is staged, HEAD, branches and tags, the stash, the configuration and the hooks; of a plain
directory its files; of a mirror what its worktrees share. A branch that is checked out in a worktree belongs to it, and
moves with its commits: only if it is not where the worktree's own log says has somebody else moved it. What is left of
a workspace by its own trial, and what parex itself does to a mirror, is no finding.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_parex.errors import GitError
from pytest_parex.model import Base, Plan
from pytest_parex.repository.git import Git
from pytest_parex.repository.head import read_regular
from pytest_parex.repository.large_files import storing_aside
from pytest_parex.repository.locking import lock

Fact = tuple[str, str, str]
"""Whose (`the source`), what (`branch`), and its name; or an empty name if there is only one."""
_SHOWN_FILES = 5
_READ_WHOLE = 1 << 20
_KINDS = {"refs/heads/": "branch", "refs/tags/": "tag", "refs/remotes/": "remote branch", "refs/": "ref"}
_MADE_BY_PYTHON = ("__pycache__", ".pytest_cache")


@dataclass(frozen=True)
class Fingerprint:
    """What was where, at one moment."""

    facts: Mapping[Fact, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    """Worktrees that parex itself has taken off the register."""

    def changes_since(self, before: Fingerprint) -> tuple[str, ...]:
        """One sentence for each difference; none if nothing has changed."""
        differing = [
            fact
            for fact in sorted({*before.facts, *self.facts})
            if before.facts.get(fact) != self.facts.get(fact) and not self._expected(fact, before)
        ]
        files = [fact for fact in differing if fact[1] == "file"]
        shown = [fact for fact in differing if fact not in files[_SHOWN_FILES:]]
        sentences = [_sentence(fact, before.facts.get(fact), self.facts.get(fact)) for fact in shown]
        if more := len(differing) - len(shown):
            sentences.append(f"{more} more files of {files[-1][0]} changed while the trial ran")
        return tuple(sentences)

    def _expected(self, fact: Fact, before: Fingerprint) -> bool:
        return fact[1] == "worktree" and (fact not in before.facts or fact[2] in self.removed)


def fingerprint(plan: Plan) -> Fingerprint:
    """What the plan's sources and mirrors look like now."""
    facts: dict[Fact, str] = {}
    removed: set[str] = set()
    bases = list(plan.bases.values())
    checkouts = {base.checkout: base for base in bases if base.checkout}
    for checkout, base in checkouts.items():
        whose = "the source" if len(checkouts) == 1 else f"the source {base.source}"
        facts |= {(whose, what, name): value for what, name, value in _of_checkout(Path(checkout), base)}
    for mirror in {Path(base.mirror) for base in bases}:
        with lock(mirror):
            facts |= {("the mirror", what, name): value for what, name, value in _of_mirror(mirror)}
        removed |= {os.fsdecode(name) for name in read_regular(mirror / "parex" / "removed").split(b"\n")}
    return Fingerprint(facts, frozenset(removed))


def _of_checkout(checkout: Path, base: Base) -> Iterator[Fact]:
    runs = Path(base.mirror).parent.parent
    if not os.path.lexists(checkout / ".git"):
        yield from _of_directory(checkout, runs)
        return
    git_dir, common = _git_dirs(checkout)
    yield "HEAD", "", os.fsdecode(read_regular(git_dir / "HEAD")).strip().removeprefix("ref: refs/heads/")
    yield from (_named(ref, commit) for ref, commit in _refs(common).items())
    yield "refs", "", _digest_of_folder(common / "reftable")  # repositories of the newest kind have no files for them
    yield "stash", "", _digest(read_regular(common / "logs" / "refs" / "stash"))
    yield "configuration", "", _digest(read_regular(common / "config") + read_regular(git_dir / "config.worktree"))
    yield "hooks", "", _digest_of_folder(common / "hooks")
    yield "excludes", "", _digest_of_folder(common / "info")
    try:
        with storing_aside(Path(base.mirror).parent) as settings:
            records = Git(git_dir=git_dir, work_tree=checkout, settings=settings).fields(
                "status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"
            )
    except GitError as fault:
        yield "state", "", str(fault)
        return
    for record in records:
        path = record[2:] if record.startswith("?") else record.split(" ", 10 if record.startswith("u") else 8)[-1]
        if not _is_ours(checkout / path, runs):
            yield "file", path, f"{record} {_content(checkout / path)}"


def _of_directory(checkout: Path, runs: Path) -> Iterator[Fact]:
    for place, folders, files in os.walk(checkout):
        folders[:] = [name for name in folders if not _is_ours(Path(place, name), runs)]
        for name in files:
            path = Path(place, name)
            status = path.lstat()
            yield "file", str(path.relative_to(checkout)), f"{status.st_mtime_ns} {status.st_size} {status.st_mode}"


def _of_mirror(mirror: Path) -> Iterator[Fact]:
    owners = _checked_out(mirror)
    former = {os.fsdecode(ref) for ref in read_regular(mirror / "parex" / "branches").splitlines()}
    for ref, commit in _refs(mirror).items():
        if ref in owners:
            if _last_logged(owners[ref]) not in ("", commit):
                yield "checked-out branch", ref.removeprefix("refs/heads/"), f"{owners[ref].name} {commit}"
        elif ref not in former:
            yield _named(ref, commit)
    for worktree in _worktrees(mirror):
        yield "worktree", worktree.name, "registered"
    shared = [read_regular(mirror / name) for name in ("config", "config.worktree", "parex/repairs")]
    yield "shared settings", "", _digest(b"\0".join(shared)) + _digest_of_folder(mirror / "info")
    yield "hooks", "", _digest_of_folder(mirror / "hooks")


def _sentence(fact: Fact, old: str | None, new: str | None) -> str:
    whose, what, name = fact
    subject = f"the {what} `{name}` of {whose}" if name else f"the {what} of {whose}"
    if what == "worktree":
        return f"the worktree `{name}` was taken off the register of {whose} while the trial ran"
    if what == "checked-out branch":
        workspace = (new or old or "").rpartition(" ")[0]
        return f"the branch `{name}` of the workspace `{workspace}` was moved from elsewhere while the trial ran"
    if what == "HEAD":
        return f"HEAD of {whose} moved from {_short(old)} to {_short(new)} while the trial ran"
    if old is None and what != "file":
        return f"{subject} was made while the trial ran"
    if new is None and what != "file":
        return f"{subject} was deleted while the trial ran"
    if what in _KINDS.values():
        return f"{subject} moved from {_short(old)} to {_short(new)} while the trial ran"
    return f"{subject} changed while the trial ran"


def _named(ref: str, commit: str) -> Fact:
    prefix, what = next((prefix, what) for prefix, what in _KINDS.items() if ref.startswith(prefix))
    return what, ref if what == "ref" else ref.removeprefix(prefix), commit


def _git_dirs(checkout: Path) -> tuple[Path, Path]:
    """The checkout's own git directory and the shared one; found in the files, without a process."""
    git_dir = checkout / ".git"
    if git_dir.is_file():
        pointer = os.fsdecode(read_regular(git_dir)).removeprefix("gitdir:").strip()
        git_dir = (checkout / pointer).resolve()
    shared = os.fsdecode(read_regular(git_dir / "commondir")).strip()
    return git_dir, (git_dir / shared).resolve() if shared else git_dir


def _refs(common: Path) -> dict[str, str]:
    refs = {}
    for line in read_regular(common / "packed-refs").splitlines():
        commit, _, packed = line.partition(b" ")
        if packed.startswith(b"refs/"):
            refs[os.fsdecode(packed)] = os.fsdecode(commit)
    for place, _, files in os.walk(common / "refs"):
        for name in files:
            path = Path(place, name)
            if not name.endswith(".lock"):
                refs[path.relative_to(common).as_posix()] = os.fsdecode(read_regular(path)).strip()
    return refs


def _worktrees(mirror: Path) -> list[Path]:
    folder = mirror / "worktrees"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _checked_out(mirror: Path) -> dict[str, Path]:
    """Branch → the registration of the worktree that has it checked out."""
    heads = {os.fsdecode(read_regular(worktree / "HEAD")).strip(): worktree for worktree in _worktrees(mirror)}
    return {head.removeprefix("ref: "): worktree for head, worktree in heads.items() if head.startswith("ref: ")}


def _last_logged(worktree: Path) -> str:
    lines = read_regular(worktree / "logs" / "HEAD").splitlines()
    return lines[-1].split(b" ")[1].decode(errors="replace") if lines and b" " in lines[-1] else ""


def _is_ours(path: Path, runs: Path) -> bool:
    return path == runs or path.is_relative_to(runs) or any(part in _MADE_BY_PYTHON for part in path.parts)


def _content(path: Path) -> str:
    try:
        status = path.lstat()
    except OSError:
        return "missing"
    if status.st_size > _READ_WHOLE:
        return f"{status.st_mtime_ns} {status.st_size}"
    return _digest(os.fsencode(path.readlink()) if path.is_symlink() else read_regular(path))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of_folder(folder: Path) -> str:
    whole = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(place, name)
            whole.update(os.fsencode(path) + b"\0" + _content(path).encode() + str(path.lstat().st_mode).encode())
    return whole.hexdigest()


def _short(value: str | None) -> str:
    text = value or "nothing"
    return text[:7] if len(text) in (40, 64) and " " not in text else text
