"""Where an experiment's files come from: a git repository, a URL, or a plain directory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pytest_parex.errors import GitError, WorkspaceError
from pytest_parex.repository.git import Git, last_words

_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:(?!:)", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


READ_ONLY = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
"""For git in a user's repository: a partial clone must not fetch what it lacks, since that would be written there."""


@dataclass(frozen=True)
class Source:
    """A place that bases are pinned from. It is only ever read."""

    name: str
    """As the spec names it, for people; without credentials."""
    kind: Literal["repository", "url", "directory"]
    location: str
    """Absolute path, or URL."""
    checkout: Path | None = None
    """The user's files: the top of a working tree, or the plain directory."""
    git_dir: Path | None = None
    """Of a repository: the folder with this checkout's HEAD and index."""
    common_dir: Path | None = None
    """Of a repository: the folder with its objects, branches and configuration (linked worktrees share one)."""

    @property
    def identity(self) -> str:
        """The same text for every checkout of one repository."""
        return str(self.common_dir or _CREDENTIALS.sub("", self.location))

    @property
    def git(self) -> Git:
        """git on this repository, which must not be told to write anything."""
        assert self.git_dir is not None, f"{self.name} is no repository"
        return Git(git_dir=self.git_dir, work_tree=self.checkout, env=READ_ONLY)


def locate(source: str | None, spec: Path) -> Source:
    """The source that a spec names, or the repository that holds the spec if it names none.

    A path (relative to the spec's folder) names exactly that folder: a repository if it is the top of one, a plain
    directory otherwise. Raises WorkspaceError if there is no such place.
    """
    if source is None:
        return _surrounding(spec)
    if _is_url(source, spec.parent):
        return Source(name=_CREDENTIALS.sub("", source), kind="url", location=source)
    path = (spec.parent / Path(source).expanduser()).resolve()
    if not path.exists():
        raise WorkspaceError(
            f"source {source!r}: {path} does not exist (paths are relative to {spec.parent.resolve()})"
        )
    if not path.is_dir():
        raise WorkspaceError(f"source {source!r}: {path} is a file; name a repository, a URL or a directory")
    found = _repository(source, path)
    if found and path in (found.checkout, found.git_dir):
        return found
    return Source(name=source, kind="directory", location=str(path), checkout=path)


def _surrounding(spec: Path) -> Source:
    folder = spec.resolve().parent
    found = _repository("", folder)
    if found is None or found.checkout is None:
        raise WorkspaceError(
            f"{spec} is in no git repository: run `git init` and commit, or name a `source` in the spec "
            "(a path or a URL; a plain directory will do: `source: .`)"
        )
    return Source(**{**vars(found), "name": str(found.checkout)})


def _is_url(source: str, folder: Path) -> bool:
    return bool(_URL.match(source)) and not (folder / source).exists()


def _repository(name: str, path: Path) -> Source | None:
    """The repository that holds this directory, if any does."""
    git = Git(path)
    asked = git.run("rev-parse", "--path-format=absolute", "--is-bare-repository", "--git-dir", "--git-common-dir")
    if asked.exit_code:
        if b"dubious ownership" in asked.stderr:
            raise WorkspaceError(
                f"{path} belongs to another user, so git does not trust it: if you do, run "
                f"`git config --global --add safe.directory {path}`"
            )
        if (path / ".git").exists():
            raise GitError(f"{path} has a .git that git cannot use: {last_words(asked.stderr)}")
        return None
    bare, git_dir, common_dir = asked.stdout.decode(errors="surrogateescape").splitlines()[-3:]
    checkout = None
    if bare == "false":
        top = git.run("rev-parse", "--path-format=absolute", "--show-toplevel")
        checkout = Path(top.stdout.decode(errors="surrogateescape").removesuffix("\n")) if not top.exit_code else None
    return Source(
        name=name,
        kind="repository",
        location=str(checkout or git_dir),
        checkout=checkout.resolve() if checkout else None,
        git_dir=Path(git_dir).resolve(),
        common_dir=Path(common_dir).resolve(),
    )
