"""Bring a commit and its ancestors, and nothing else, into a mirror, without writing to where they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pytest_parex.repository.git import FROM_AFAR, PATIENCE, Git
from pytest_parex.repository.manifest import PROMISOR, Manifest, intact, read_manifest
from pytest_parex.repository.mirror import Mirrors, link_packs
from pytest_parex.repository.source import READ_ONLY, Source

_CARRIED = ("filter.", "user.name", "user.email")
_CARRIED_CORE = ("autocrlf", "eol", "filemode", "ignorecase", "longpaths", "precomposeunicode", "symlinks")
_MANY_PACKS = 60


def describe(source: Source, commit: str, history: str) -> Manifest:
    """What a mirror of this commit of a repository must consist of."""
    settings = _settings(source)
    lower = {name.lower(): name for name in settings}
    carried = {
        name: text
        for name, text in settings.items()
        if name.startswith(_CARRIED) or name.lower() in {f"core.{setting}" for setting in _CARRIED_CORE}
    }
    promisor = ""
    remotes = [name[len("remote.") : -len(".promisor")] for name in lower if name.endswith(".promisor")]
    remote = settings.get(lower.get("extensions.partialclone", ""), remotes[0] if remotes else "")
    if remote:
        promisor = settings.get(f"remote.{remote}.url", "")
        # Without its address: git knows that objects may be missing, and variants find no remote.
        carried |= {"core.repositoryformatversion": "1", "extensions.partialClone": PROMISOR}
    return Manifest(
        source=source.name,
        commit=commit,
        history=history,
        object_format=source.git("rev-parse", "--show-object-format"),
        settings=carried,
        promisor=promisor,
        large_files=str(source.common_dir / "lfs")
        if source.common_dir and (source.common_dir / "lfs").is_dir()
        else "",
    )


def fill_from_repository(source: Source, wanted: Manifest, mirrors: Mirrors, mirror: Path) -> None:
    """Fill a mirror from a repository on this machine."""
    assert source.common_dir is not None
    if wanted.promisor:
        _fill_from_partial(source, wanted, mirror)
        return
    if donor := _ancestor(source, wanted, mirrors):
        link_packs(donor, mirror)
        Git(git_dir=mirror)("update-ref", "refs/parex/known", read_manifest(donor).commit)
    Git(git_dir=mirror)(
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--update-shallow", source.common_dir,
        f"{wanted.commit}:refs/parex/bases/{wanted.commit}",
    )  # fmt: skip
    if donor:
        Git(git_dir=mirror)("update-ref", "-d", "refs/parex/known")


def fill_from_url(url: str, wanted: Manifest, ref: str, mirror: Path) -> None:
    """Fill a mirror from elsewhere; `ref` is a full name of a ref, or a full commit id."""
    Git(git_dir=mirror)(
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--",
        url,
        f"{ref}:refs/parex/fetched",
        timeout=FROM_AFAR,
    )
    Git(git_dir=mirror)("update-ref", f"refs/parex/bases/{wanted.commit}", "refs/parex/fetched^{commit}")
    Git(git_dir=mirror)("update-ref", "-d", "refs/parex/fetched")


def pack(git: Git, commit: str, exclude: str, folder: Path, *, timeout: float = PATIENCE) -> None:
    """Write all objects of a commit that the excluded one (if any) does not have as a pack into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _revisions(commit, exclude)
    git("pack-objects", "--quiet", "--revs", "--delta-base-offset", folder / "pack", input=wanted, timeout=timeout)


def pack_partial(git: Git, commit: str, exclude: str, folder: Path) -> None:
    """What `pack` does in a partial clone: objects that it has left out are left out here too."""
    folder.mkdir(parents=True, exist_ok=True)
    there = git(
        "rev-list",
        "--objects",
        "--no-object-names",
        "--missing=allow-any",
        "--stdin",
        input=_revisions(commit, exclude),
    )
    lenient = ("--quiet", "--missing=allow-any", "--delta-base-offset")
    for name in git("pack-objects", *lenient, folder / "pack", input=f"{there}\n").split():
        (folder / f"pack-{name}.promisor").touch()


def alternates(*folders: Path) -> Mapping[str, str]:
    """The variable that lets git read objects from these folders too."""
    quoted = ('"' + str(folder).replace("\\", "\\\\").replace('"', '\\"') + '"' for folder in folders)
    return {"GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(quoted)}


def _fill_from_partial(source: Source, wanted: Manifest, mirror: Path) -> None:
    """Pack what is there; git would otherwise fetch what is missing, and write it into the user's repository."""
    assert source.common_dir is not None
    if (shallow := source.common_dir / "shallow").exists():
        (mirror / "shallow").write_bytes(shallow.read_bytes())
    env = {
        **READ_ONLY,
        "GIT_OBJECT_DIRECTORY": str(mirror / "objects"),
        **alternates(source.common_dir / "objects"),
    }
    pack_partial(Git(git_dir=source.git_dir, env=env), wanted.commit, "", mirror / "objects" / "pack")


def _revisions(commit: str, exclude: str) -> str:
    return f"{commit}\n^{exclude}\n" if exclude else f"{commit}\n"


def _ancestor(source: Source, wanted: Manifest, mirrors: Mirrors) -> Path | None:
    """A mirror of this source that holds nothing but an ancestor of the wanted commit, so that its packs serve here."""
    assert source.common_dir is not None
    if (source.common_dir / "shallow").exists():
        return None
    for mirror in mirrors.existing()[:5]:
        known = intact(mirror)
        if (
            known is not None
            and known.commit == known.history
            and len(known.packs) < _MANY_PACKS
            and not source.git.run("merge-base", "--is-ancestor", known.commit, wanted.commit).exit_code
        ):
            return mirror
    return None


def _settings(source: Source) -> dict[str, str]:
    entries = Git(git_dir=source.git_dir).fields("config", "--list", "--null", "--local", "--includes")
    pairs = (entry.partition("\n") for entry in entries)
    return {name: text if newline else "true" for name, newline, text in pairs}
