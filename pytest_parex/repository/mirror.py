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
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository.git import Git
from pytest_parex.repository.head import read_regular
from pytest_parex.repository.large_files import link_large_files
from pytest_parex.repository.links import link

PROMISOR = "parex-promisor"
"""What the mirror of a partial clone calls the place where missing objects can be had."""
_WAITING = 4000.0
"""Seconds; longer than the longest that is done with a lock held, which is fetching from afar."""
Fill = Callable[[Path], object]
"""Brings a commit and its ancestors into the bare repository with this path."""


@dataclass(frozen=True)
class Manifest:
    """What a mirror consists of."""

    source: str
    commit: str
    history: str
    """The newest commit of the source's own history: the base itself, or what its snapshot was made on."""
    object_format: str
    settings: Mapping[str, str]
    promisor: str = ""
    """Where objects can be had that a partial clone has left out. Kept here, since variants must find no remotes."""
    large_files: str = ""
    """Where the source keeps the files that Git LFS manages."""
    packs: Mapping[str, int] = field(default_factory=dict)
    """File in `objects/pack` → size in bytes."""
    submodules: Mapping[str, str] = field(default_factory=dict)
    """Path → commit, for each submodule of the commit."""


def captures(mirror: Path) -> Path:
    """The bare repository beside a mirror's refs that captured work is stored in."""
    return mirror / "parex" / "captures.git"


@contextlib.contextmanager
def lock(mirror: Path) -> Iterator[None]:
    """Hold the cross-process lock around changes of a mirror's registrations and refs."""
    with _held(mirror / "parex" / "lock"):
        yield


@contextlib.contextmanager
def _held(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=_WAITING, poll_interval=0.005):
            yield
    except Timeout:
        raise WorkspaceError(f"{file} has been held by another process for {_WAITING:g} s: is one hanging?") from None


class Mirrors:
    """The mirrors of one source under `sources`."""

    def __init__(self, sources: Path, name: str, identity: str) -> None:
        digest = hashlib.sha256(os.fsencode(identity)).hexdigest()[:8]
        self.sources = sources.absolute()
        self.stem = f"{_slug(name)}-{digest}"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock under which mirrors of this source are chosen and made."""
        with _held(self.sources / f"{self.stem}.lock"):
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
            _borrow(captures(made), mirror / "objects", shallow=made / "shallow")
            shutil.copyfile(made / "config", made / "parex" / "config")
            found = {"packs": _packs(made), "submodules": _submodules(made, wanted.commit)}
            write_manifest(made, Manifest(**{**asdict(wanted), **found}))
            if mirror.exists():
                _replace_contents(mirror, made)
            else:
                made.rename(mirror)


def initialise(path: Path, object_format: str, settings: Mapping[str, str]) -> None:
    """Make an empty bare repository with these settings and nothing of the user's templates."""
    path.mkdir(parents=True, exist_ok=True)
    git = Git(path)
    git("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", ".")
    write_settings(path, {"gc.auto": "0", "maintenance.auto": "false", **settings})


def write_settings(git_dir: Path, settings: Mapping[str, str]) -> None:
    """Add settings to a repository of parex's own; as text, since `git config` takes one process per setting."""
    lines = [f"[{_section(name)}]\n\t{name.rpartition('.')[2]} = {_quoted(text)}\n" for name, text in settings.items()]
    with (git_dir / "config").open("a", encoding="utf-8", errors="surrogateescape") as config:
        config.write("".join(lines))


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


def read_manifest(mirror: Path) -> Manifest:
    """What a mirror must consist of; WorkspaceError if it is none."""
    try:
        return Manifest(**json.loads((mirror / "parex" / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as fault:
        raise WorkspaceError(f"{mirror} is no mirror of parex, or a damaged one ({fault}): start a new run") from None


def write_manifest(mirror: Path, manifest: Manifest) -> None:
    """Store what the mirror consists of."""
    file = mirror / "parex" / "manifest.json"
    written = file.with_name("manifest.new")
    written.write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
    written.replace(file)


def update_packs(mirror: Path) -> None:
    """Count packs that have arrived since as a part of the mirror. Call with its lock held."""
    manifest = read_manifest(mirror)
    write_manifest(mirror, Manifest(**{**asdict(manifest), "packs": _packs(mirror)}))


def borrow_objects(mirror: Path, other: Path) -> None:
    """Let a mirror's captures build on commits of another mirror too. Call with the mirror's lock held."""
    _borrow(captures(mirror), other / "objects", shallow=other / "shallow")


def _borrow(repository: Path, objects: Path, *, shallow: Path) -> None:
    for file, lines in (
        (repository / "objects" / "info" / "alternates", [str(objects)]),
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


def intact(mirror: Path) -> Manifest | None:
    """The manifest of a mirror in which nothing is missing; None for a damaged one."""
    try:
        manifest = read_manifest(mirror)
    except WorkspaceError:
        return None
    ref = mirror / "refs" / "parex" / "bases" / manifest.commit
    packs = _packs(mirror)
    whole = (
        (mirror / "HEAD").is_file()
        and (captures(mirror) / "HEAD").is_file()
        and read_regular(ref).decode(errors="replace").strip() == manifest.commit
        and all(packs.get(name) == size for name, size in manifest.packs.items())
    )
    return manifest if whole else None


def protect_settings(mirror: Path) -> None:
    """Undo what variants did to the settings that worktrees share, and note it. Call with the mirror's lock held."""
    changed = []
    if read_regular(mirror / "config") != (own := read_regular(mirror / "parex" / "config")):
        (mirror / "config").write_bytes(own)
        changed.append("config")
    for name in ("hooks", "info", "config.worktree"):
        if os.path.lexists(mirror / name):
            (mirror / name).rename(mirror / "parex" / f"{name}-{secrets.token_hex(4)}")
            changed.append(name)
    if changed:
        with (mirror / "parex" / "repairs").open("a") as repairs:
            repairs.writelines(f"{name}\n" for name in changed)


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


def _packs(mirror: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in (mirror / "objects" / "pack").glob("pack-*")}


def _slug(name: str) -> str:
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:40]
    return words or "source"


def _section(name: str) -> str:
    """`filter.lfs.clean` → `filter "lfs"`."""
    section, _, rest = name.partition(".")
    middle, dot, _ = rest.rpartition(".")
    return f'{section} "{_escaped(middle)}"' if dot else section


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
