"""Is a workspace that was just filled exactly the start? Nobody else has had it yet, so anything else is a fault."""

from __future__ import annotations

from pathlib import Path

from pytest_parex import repository
from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository import Git

_CHANGED = " M"


def assert_pristine(path: Path, start: Base, git_dir: Path | None, directory: Path) -> tuple[str, ...]:
    """WorkspaceError unless HEAD is the start and the files are the start's; returns what people should know.

    Files that differ only because git converts them (line endings that were never normalised, filters) differ in every
    checkout of that commit; they are told, not refused. `directory` takes a temporary index.
    """
    if git_dir is None:
        git, differing = _compared(path, start, directory / "pristine.index")
    else:
        git = Git(git_dir=git_dir, work_tree=path)
        head = git("rev-parse", "--verify", "HEAD")
        if head != start.commit:
            raise WorkspaceError(f"the workspace {path} is on {head[:12]} and not on its start {start.commit[:12]}")
        differing = git.fields("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignored")
    names = [entry[3:] for entry in differing]
    unlike = [entry[3:] for entry in differing if not _is_converted(git, path, start, entry)]
    if unlike:
        raise WorkspaceError(
            f"the workspace {path} is not what {start.commit[:12]} is, right after it was filled: {_listed(unlike)}"
        )
    if not names:
        return ()
    return (f"{_listed(names)}: git shows these as changed in every checkout of the start (line endings or filters)",)


def _compared(path: Path, start: Base, index: Path) -> tuple[Git, list[str]]:
    """The differences of a workspace without a repository, in the form in which `git status` gives them."""
    git = Git(git_dir=repository.captures(Path(start.mirror)), work_tree=path, env={"GIT_INDEX_FILE": str(index)})
    try:
        git("read-tree", start.commit)
        git.run("update-index", "-q", "--refresh")  # its exit code says that something differs
        changed = [f"{_CHANGED} {name}" for name in git.fields("diff-files", "-z", "--name-only")]
        return git, [*changed, *(f"?? {name}" for name in git.fields("ls-files", "-z", "--others"))]
    finally:
        index.unlink(missing_ok=True)


def _is_converted(git: Git, path: Path, start: Base, entry: str) -> bool:
    file = path / entry[3:]
    if not entry.startswith(_CHANGED) or file.is_symlink() or not file.is_file():
        return False
    written = git.run("cat-file", "--filters", f"{start.commit}:{entry[3:]}")
    return written.exit_code == 0 and written.stdout == file.read_bytes()


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
