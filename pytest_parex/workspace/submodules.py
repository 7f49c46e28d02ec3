"""Submodules of a workspace: each is a clone from a mirror of its own, at the commit that the start names.

Where the user's checkout has the submodule, that is the mirror's source and no network is needed; else its URL is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pytest_parex import repository
from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository import Git

_GITLINK = "160000"


def add_submodules(start: Base, workspace: Path, *, with_repositories: bool) -> None:
    """Fill the folders of the start's submodules, and those of their submodules."""
    for path, commit, url in _submodules(start):
        place = workspace / path
        if not place.is_dir():
            continue  # outside of the sparse folders
        origin = _origin(start, path, url)
        sources = Path(start.mirror).parent
        base, _ = repository.pin(repository.locate(origin, sources), commit, dirty="head", sources=sources)
        git_dir = repository.clone(base, place)[0] if with_repositories else None
        repository.populate(place, base, git_dir)
        add_submodules(base, place, with_repositories=with_repositories)


def joined(upstream: str, url: str) -> str:
    """A submodule's relative URL, followed from its upstream as git does it."""
    at, separator = upstream.rstrip("/"), "/"
    parts = PurePosixPath(url).parts
    for _ in range(parts.count("..")):
        separator = "/" if "/" in at else ":"
        at = at.rpartition(separator)[0]
    return f"{at}{separator}{'/'.join(part for part in parts if part != '..')}"


def _submodules(start: Base) -> Iterator[tuple[str, str, str]]:
    """Path, commit and URL of each submodule."""
    git = Git(git_dir=Path(start.mirror))
    entries = [entry.split("\t", 1) for entry in git.fields("ls-tree", "-r", "-z", start.commit)]
    links = {path: facts.split()[2] for facts, path in entries if facts.startswith(_GITLINK)}
    if not links:
        return
    settings: dict[str, dict[str, str]] = {}
    listed = git.run(
        "config", "--blob", f"{start.commit}:.gitmodules", "-z", "--list"
    )  # fails if there is no such file
    for setting in listed.stdout.decode(errors="surrogateescape").split("\0"):
        key, _, value = setting.partition("\n")
        section, _, name = key.rpartition(".")
        settings.setdefault(section, {})[name] = value
    urls = {found["path"]: found.get("url", "") for found in settings.values() if "path" in found}
    for path, commit in links.items():
        if path in urls:  # a link without an entry is no submodule that anybody could fill
            yield path, commit, urls[path]


def _origin(start: Base, path: str, url: str) -> str:
    """Where the submodule's commits are to be had."""
    if start.checkout and (Path(start.checkout) / path / ".git").exists():
        return str(Path(start.checkout) / path)
    if not url:
        raise WorkspaceError(f"the submodule {path} has no URL in .gitmodules, and the source has not checked it out")
    if not url.startswith(("./", "../")):
        return url
    return joined(_upstream(start), url)


def _upstream(start: Base) -> str:
    """What a relative URL of a submodule is relative to: the source's own remote, else the source itself."""
    if not start.checkout:
        return start.source
    asked = Git(Path(start.checkout)).run("config", "--get", "remote.origin.url")
    return asked.stdout.decode(errors="surrogateescape").strip() or start.checkout
