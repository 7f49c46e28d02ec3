"""Pin a base of a repository that is somewhere else."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from pytest_parex.errors import GitError, WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.git import Git
from pytest_parex.repository.history import fill_from_url
from pytest_parex.repository.manifest import Manifest
from pytest_parex.repository.mirror import Mirrors
from pytest_parex.repository.source import Source

_FULL = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def pin_url(source: Source, ref: str, sources: Path) -> Base:
    """Fetch the commit that a branch, tag or full commit id names there, with its ancestors, into a mirror."""
    name = re.split(r"[/:]", source.name.rstrip("/"))[-1].removesuffix(".git")
    mirrors = Mirrors(sources, name, source.identity)
    place, commit, chosen = (ref, ref, f"commit {ref[:7]}") if _FULL.fullmatch(ref) else _look_up(source, ref, sources)
    wanted = Manifest(
        source=source.name,
        commit=commit,
        history=commit,
        object_format="sha256" if len(commit) == 64 else "sha1",
        settings={},
    )
    with mirrors.locked():
        try:
            mirror = mirrors.obtain(wanted, partial(fill_from_url, source.location, wanted, place))
        except GitError as fault:
            raise _without_credentials(source, fault) from None
    return Base(source=source.name, mirror=str(mirror), commit=commit, chosen=f"{chosen} of {source.name}")


def _look_up(source: Source, ref: str, sources: Path) -> tuple[str, str, str]:
    """Full name of the ref, its commit, and how it was found."""
    names = ["HEAD"] if ref == "HEAD" else [f"refs/heads/{ref}", f"refs/tags/{ref}", f"refs/tags/{ref}^{{}}", ref]
    try:
        listed = Git(sources)("ls-remote", "--symref", "--", source.location, *names, timeout=120)
    except GitError as fault:
        raise _without_credentials(source, fault) from None
    found = {name: commit for commit, _, name in (line.partition("\t") for line in listed.splitlines())}
    meant = [name for name in names if name in found and not name.endswith("^{}")]
    if not meant:
        hint = ", or a full commit id" if re.fullmatch(r"[0-9a-f]{4,39}", ref) else ""
        raise WorkspaceError(f"{source.name} has no {ref!r}: name a branch or a tag{hint}")
    if len(meant) > 1:
        raise WorkspaceError(f"{ref!r} is ambiguous in {source.name}: write {' or '.join(meant)}")
    target = next((line.split()[1] for line in listed.splitlines() if line.startswith("ref: ")), "")
    words = (
        f"HEAD ({target.removeprefix('refs/heads/')})" if ref == "HEAD" and target else meant[0].removeprefix("refs/")
    )
    return meant[0], found.get(f"{meant[0]}^{{}}", found[meant[0]]), words


def _without_credentials(source: Source, fault: GitError) -> GitError:
    return GitError(str(fault).replace(source.location, source.name))
