"""Is a workspace that was just filled exactly the start? Nobody else has had it yet, so anything else is a fault."""

from __future__ import annotations

from pathlib import Path

from pytest_parex import repository
from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository import Git


def assert_pristine(path: Path, start: Base, git_dir: Path | None, directory: Path) -> tuple[str, ...]:
    """WorkspaceError unless HEAD is the start and the files are the start's; returns what people should know.

    Files that differ only because git converts them (line endings that were never normalised, filters) differ in every
    checkout of that commit; they are told, not refused. `directory` takes a temporary index.
    """
    if git_dir is None:
        git, changed, others = _compared(path, start, directory / "pristine.index")
    else:
        git, changed, others = _asked(path, start, git_dir)
    unlike = [*others, *(name for name in changed if not _is_converted(git, path, start, name))]
    if unlike:
        raise WorkspaceError(
            f"the workspace {path} is not what {start.commit[:12]} is, right after it was filled: {_listed(unlike)}"
        )
    if not changed:
        return ()
    return (f"{_listed(changed)}: git shows these as changed in every checkout of the start (line endings or filters)",)


def _asked(path: Path, start: Base, git_dir: Path) -> tuple[Git, list[str], list[str]]:
    """Changed files, and anything else that is wrong, in the words of the workspace's own git."""
    # The settings are those of the captures: a sibling worktree may have put a filter into the mirror's.
    trusted = {"GIT_COMMON_DIR": str(repository.captures(Path(start.mirror)))}
    git = Git(git_dir=git_dir, work_tree=path, env=trusted)
    told = git.fields(
        "status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all", "--ignored"
    )
    if f"# branch.oid {start.commit}" not in told:
        raise WorkspaceError(f"the workspace {path} is not on its start {start.commit[:12]}: {_listed(told[:1])}")
    changed, others = [], []
    for entry in told:
        if entry.startswith("1 .M"):
            changed.append(entry.split(" ", 8)[8])
        elif not entry.startswith("#"):
            others.append(entry)
    return git, changed, others


def _compared(path: Path, start: Base, index: Path) -> tuple[Git, list[str], list[str]]:
    """The same for a workspace without a repository."""
    git = Git(git_dir=repository.captures(Path(start.mirror)), work_tree=path, env={"GIT_INDEX_FILE": str(index)})
    try:
        git("read-tree", start.commit)
        git.run("update-index", "-q", "--refresh")  # its exit code says that something differs
        return git, git.fields("diff-files", "-z", "--name-only"), git.fields("ls-files", "-z", "--others")
    finally:
        index.unlink(missing_ok=True)


def _is_converted(git: Git, path: Path, start: Base, name: str) -> bool:
    file = path / name
    if file.is_symlink() or not file.is_file():
        return False
    written = git.run("cat-file", "--filters", f"{start.commit}:{name}")
    return written.exit_code == 0 and written.stdout == file.read_bytes()


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
