"""Put protected files back to what they are in the base, so that what grades the work is not part of the work."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.git import Git
from pytest_parex.repository.manifest import captures
from pytest_parex.repository.patterns import matcher
from pytest_parex.repository.staging import make_readable
from pytest_parex.repository.submodules import filled_submodules, submodules_of
from pytest_parex.repository.worktree import populate, remembered_index

_COMPILED = (".pyc", ".pyo")


def restore(workspace: Path, base: Base, patterns: Sequence[str]) -> tuple[str, ...]:
    """Restore all paths that the patterns mean to the base; returns those that had been changed, added or deleted.

    Files that are not in the base are deleted, unless the base's own .gitignore files ignore them (dependencies,
    carried files). Compiled Python is deleted all the same, since Python may prefer it to the restored source.
    """
    return _restore(workspace, base, matcher(patterns), "") if patterns else ()


def _restore(workspace: Path, base: Base, meant: Callable[[str], bool], prefix: str) -> tuple[str, ...]:
    """Restore one repository and the submodules in it; `prefix` goes before its paths."""
    if workspace.is_symlink() or not workspace.is_dir():
        raise WorkspaceError(f"the workspace {workspace} is gone: its protected files cannot be restored")
    make_readable(workspace)
    links = submodules_of(base)
    filled = filled_submodules(workspace, base).items()
    inner = [
        path for link, commit in filled for path in _restore_submodule(workspace / link, commit, meant, prefix + link)
    ]
    with tempfile.TemporaryDirectory(prefix="restoring-", dir=Path(base.mirror) / "parex") as folder:
        git = _compared(workspace, base, Path(folder) / "index")
        known = set(git.fields("ls-files", "-z"))
        differing = git.fields("diff-files", "-z", "--name-only", "--ignore-submodules=all")
        changed = {path for path in differing if meant(prefix + path)}
        extra = {path for path in _files(workspace, links) if path not in known and meant(prefix + path)}
        ignored = _ignored(git, known, extra, Path(folder) / "base") if extra else set()
        compiled = {path for path in ignored if path.endswith(_COMPILED)}
        added = extra - ignored
        for path in added | compiled:
            _delete(workspace, path)
        if changed:
            git("checkout-index", "--force", "-z", "--stdin", input="".join(f"{path}\0" for path in sorted(changed)))
    told = changed | {path for path in added if ".git" not in path.split("/")}
    return tuple(sorted([*(prefix + path for path in told), *inner]))


def _restore_submodule(place: Path, base: Base, meant: Callable[[str], bool], path: str) -> tuple[str, ...]:
    """Restore what is meant in one submodule, or all of it, if it is not there any more."""
    if place.is_dir() and not place.is_symlink():
        return _restore(place, base, meant, f"{path}/")
    names = Git(git_dir=captures(Path(base.mirror))).fields("ls-tree", "-r", "-z", "--name-only", base.commit)
    if not any(meant(f"{path}/{name}") for name in names):
        return ()
    place.unlink(missing_ok=True)
    place.mkdir(parents=True)
    populate(place, base, None)
    return (path,)


def _compared(workspace: Path, base: Base, index: Path) -> Git:
    """git with an index of the base that has been compared with the workspace's files."""
    git = Git(git_dir=captures(Path(base.mirror)), work_tree=workspace, env={"GIT_INDEX_FILE": str(index)})
    seed = remembered_index(workspace, base)
    if seed.exists():
        shutil.copy2(seed, index)
        git("read-tree", "-m", base.commit)
    else:
        git("read-tree", base.commit)
    git.run("update-index", "-q", "--refresh", "--ignore-submodules")  # its exit code says that something differs
    return git


def _files(workspace: Path, submodules: Collection[str]) -> Iterator[str]:
    """All files, links, pipes and sockets of the workspace, but not its own `.git`, and not those of submodules."""
    for place, folders, files in os.walk(workspace):
        inside = Path(place).relative_to(workspace)
        links = [name for name in folders if Path(place, name).is_symlink()]
        own = inside == Path()
        yield from ((inside / name).as_posix() for name in (*files, *links) if not (own and name == ".git"))
        folders[:] = [
            name for name in folders if not (own and name == ".git") and (inside / name).as_posix() not in submodules
        ]


def _ignored(git: Git, known: Collection[str], paths: Collection[str], folder: Path) -> set[str]:
    """Those of the paths that the .gitignore files of the base ignore, whatever the variant has made of them."""
    rules = [path for path in known if path.rpartition("/")[2] == ".gitignore"]
    folder.mkdir()
    names = "".join(f"{path}\0" for path in rules)
    git("checkout-index", f"--prefix={folder}/", "-z", "--stdin", input=names)
    asked = [path for path in paths if ".git" not in path.split("/")]
    elsewhere = replace(git, work_tree=folder)
    answer = elsewhere.run("check-ignore", "--no-index", "-z", "--stdin", input="".join(f"{path}\0" for path in asked))
    if answer.exit_code > 1:
        raise elsewhere.fault(("check-ignore",), answer)
    return set(os.fsdecode(answer.stdout).split("\0")) - {""}


def _delete(workspace: Path, path: str) -> None:
    """Delete a file and the folders that it leaves empty; of a nested repository, its whole `.git`."""
    parts = path.split("/")
    if ".git" in parts:
        place = workspace.joinpath(*parts[: parts.index(".git") + 1])
        shutil.rmtree(place, ignore_errors=True)
    else:
        place = workspace / path
        place.unlink()
    with contextlib.suppress(OSError):  # not empty: done
        while (place := place.parent) != workspace:
            place.rmdir()
