"""What a mirror consists of, written down in it, so that a damaged one is recognised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository.head import read_regular

PROMISOR = "parex-promisor"
"""What the mirror of a partial clone calls the place where missing objects can be had."""


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
    write_manifest(mirror, Manifest(**{**asdict(manifest), "packs": packs_of(mirror)}))


def intact(mirror: Path) -> Manifest | None:
    """The manifest of a mirror in which nothing is missing; None for a damaged one."""
    try:
        manifest = read_manifest(mirror)
    except WorkspaceError:
        return None
    ref = mirror / "refs" / "parex" / "bases" / manifest.commit
    found = packs_of(mirror)
    whole = (
        (mirror / "HEAD").is_file()
        and (captures(mirror) / "HEAD").is_file()
        and read_regular(ref).decode(errors="replace").strip() == manifest.commit
        and all(found.get(name) == size for name, size in manifest.packs.items())
    )
    return manifest if whole else None


def packs_of(mirror: Path) -> dict[str, int]:
    """File in `objects/pack` → size in bytes, as they are now."""
    return {file.name: file.stat().st_size for file in (mirror / "objects" / "pack").glob("pack-*")}
