"""The bare repositories that parex owns, so that a user's own is only ever read.

`sources/<slug>-<source>-<commit>.git` is a *mirror*: it holds one base, with its ancestors and nothing else, so that
what a variant can dig up there is what the base itself tells. It is made aside and renamed into place, hence never seen
half made, and never filled again. Worktrees are registered in it. A mirror in which an earlier run still has worktrees
is left to that run: the next one gets another, whose packs are hard links. In the mirror's own folder `parex/` are

- `manifest.json`: what the mirror must consist of; with it a damaged one is recognised, and repaired,
- `captures.git`: where captured work goes, which borrows the mirror's objects. Variants do not meet it: their git finds
  neither its refs nor its configuration, cannot prune its objects, and parex's own git trusts it,
- `lock`: held while registrations, refs or the manifest change.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from pytest_parex.repository.git import Git
from pytest_parex.repository.large_files import link_large_files
from pytest_parex.repository.links import link
from pytest_parex.repository.locking import held, lock
from pytest_parex.repository.manifest import Manifest, captures, intact, packs_of, read_manifest, write_manifest
from pytest_parex.repository.settings import initialise, protect_settings

Fill = Callable[[Path], object]
"""Brings a commit and its ancestors into the bare repository with this path."""


class Mirrors:
    """The mirrors of one source under `sources`."""

    def __init__(self, sources: Path, name: str, identity: str) -> None:
        digest = hashlib.sha256(os.fsencode(identity)).hexdigest()[:8]
        self.sources = sources.absolute()
        self.stem = f"{_slug(name)}-{digest}"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock under which mirrors of this source are chosen and made."""
        with held(self.sources / f"{self.stem}.lock"):
            for left in self.sources.glob(f"{self.stem}.making-*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            yield

    @contextlib.contextmanager
    def aside(self) -> Iterator[Path]:
        """A new folder to prepare something in, on the same file system; gone afterwards. Call with the lock held."""
        folder = self.sources / f"{self.stem}.making-{secrets.token_hex(4)}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def obtain(self, wanted: Manifest, fill: Fill) -> Path:
        """A mirror of this commit without worktrees of earlier runs: an existing one, or a new one. Call locked."""
        others = self.existing(wanted.commit)
        for mirror in others:
            if not _registered(mirror):
                if intact(mirror) is None:
                    self._make(mirror, wanted, fill)
                _tidy(mirror, wanted.commit)
                return mirror
        number = 1
        while (mirror := self._path(wanted.commit, number)).exists():
            number += 1
        donors = [other for other in others if intact(other)]
        self._make(mirror, wanted, (lambda path: link_packs(donors[0], path)) if donors else fill)
        return mirror

    def existing(self, commit: str = "") -> list[Path]:
        """The mirrors of this source (of this commit, if one is given), newest first."""
        found = self.sources.glob(f"{self.stem}-{commit[:12]}*.git")
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)

    def _path(self, commit: str, number: int) -> Path:
        return self.sources / f"{self.stem}-{commit[:12]}{f'-{number}' if number > 1 else ''}.git"

    def _make(self, mirror: Path, wanted: Manifest, fill: Fill) -> None:
        with self.aside() as folder:
            made = folder / "mirror.git"
            initialise(made, wanted.object_format, wanted.settings)
            fill(made)
            pin_commit(made, wanted.commit)
            initialise(captures(made), wanted.object_format, wanted.settings)
            if wanted.large_files:
                link_large_files(Path(wanted.large_files), made, wanted.commit)
            (captures(made) / "lfs").symlink_to("../../lfs")
            borrow_objects(made, made)
            shutil.copyfile(made / "config", made / "parex" / "config")
            found = {"packs": packs_of(made), "submodules": _submodules(made, wanted.commit)}
            write_manifest(made, Manifest(**{**asdict(wanted), **found}))
            if mirror.exists():
                _replace_contents(mirror, made)
            else:
                made.rename(mirror)


def pin_commit(mirror: Path, commit: str) -> None:
    """Keep a commit alive by a ref of parex's own."""
    Git(git_dir=mirror)("update-ref", f"refs/parex/bases/{commit}", commit)


def link_packs(mirror: Path, target: Path) -> bool:
    """Give a repository all objects of a mirror by hard links; False if it had to be copies."""
    manifest = read_manifest(mirror)
    packs = Path("objects", "pack")
    linked = [link(mirror / packs / name, target / packs / name) for name in manifest.packs]
    if (mirror / "shallow").exists():
        shutil.copyfile(mirror / "shallow", target / "shallow")
    return all(linked)


def borrow_objects(mirror: Path, other: Path) -> None:
    """Let a mirror's captures build on the commits of a mirror, itself or another. Call with the mirror's lock held."""
    repository, shallow = captures(mirror), other / "shallow"
    # Relative, so that a project that is moved with its runs finds them again.
    objects = os.path.relpath(other / "objects", repository / "objects")
    for file, lines in (
        (repository / "objects" / "info" / "alternates", [objects]),
        (repository / "shallow", shallow.read_text().split() if shallow.exists() else []),
    ):
        known = file.read_text(errors="surrogateescape").splitlines() if file.exists() else []
        new = [line for line in lines if line not in known]
        if new:
            file.parent.mkdir(parents=True, exist_ok=True)
            written = file.with_name(f"{file.name}.new")
            written.write_text("".join(f"{line}\n" for line in [*known, *new]), errors="surrogateescape")
            written.replace(file)


def _registered(mirror: Path) -> bool:
    folder = mirror / "worktrees"
    return folder.is_dir() and any(folder.iterdir())


def _tidy(mirror: Path, commit: str) -> None:
    """Take away what variants of earlier runs have left in a mirror that no worktree uses any more."""
    with lock(mirror):
        if _registered(mirror):
            return
        protect_settings(mirror)
        known = {*read_manifest(mirror).packs, commit}
        for path in mirror.iterdir():
            if path.name not in ("objects", "refs", "parex", "lfs", "HEAD", "config", "shallow"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for folder in (mirror / "objects", mirror / "refs"):
            for place, _, files in os.walk(folder):
                for name in files:
                    if name not in known:
                        Path(place, name).unlink()
        Git(git_dir=mirror)("symbolic-ref", "HEAD", "refs/heads/main")


def _replace_contents(mirror: Path, made: Path) -> None:
    """Repair a mirror in place: captures that it holds, and paths that plans name, stay."""
    for file in sorted(made.rglob("*")):
        target = mirror / file.relative_to(made)
        if file.is_dir() and not file.is_symlink():
            target.mkdir(parents=True, exist_ok=True)
        elif not (file.is_relative_to(captures(made)) and os.path.lexists(target)):
            file.replace(target)


def _submodules(mirror: Path, commit: str) -> dict[str, str]:
    entries = Git(git_dir=mirror).fields("ls-tree", "-r", "-z", "--full-tree", commit)
    links = (entry.split("\t", 1) for entry in entries if entry.startswith("160000 "))
    return {path: facts.split(" ")[2] for facts, path in links}


def _slug(name: str) -> str:
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:40]
    return words or "source"
