"""Bring an index up to what a folder holds, whatever a folder may hold.

`git add` does nearly all of it in one process. It speaks up, or fails, where a folder holds what git would rather not
take: repositories inside it (which it would reduce to a reference that nobody else can follow), files it may not read,
pipes and sockets. Only then is it worth looking closely.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_parex.repository.conversion import add_as_they_are, is_special, terminated
from pytest_parex.repository.git import Git

_FATAL = 128


@dataclass(frozen=True)
class Staging:
    """An index of its own for the files in `git.work_tree`."""

    git: Git
    index: Path
    seed: Path | None = None
    """An index to begin with: files that it describes rightly are not read again."""
    leave_out: tuple[str, ...] = ()
    """Paths below the working tree that are treated as if they had not been touched."""

    @property
    def staged(self) -> Git:
        """git that uses this index."""
        return replace(self.git, env={**self.git.env, "GIT_INDEX_FILE": str(self.index)})

    def everything(self) -> bool:
        """Stage all files; False if git had something to say, in which case look closely."""
        self._begin()
        done = self._add(self.leave_out)
        return done == (0, b"")

    def nested(self) -> list[str]:
        """The repositories inside the folder that are neither ignored nor known to the index."""
        self._begin()
        others = self.staged.fields("ls-files", "-z", "--others", "--exclude-standard")
        return [path.rstrip("/") for path in others if path.endswith("/") and not self._is_left_out(path.rstrip("/"))]

    def around(self, nested: Sequence[str]) -> tuple[str, ...]:
        """Stage all files but those of nested repositories; returns what could not be read."""
        assert self.git.work_tree is not None
        self._begin()
        exit_code, _ = self._add((*self.leave_out, *nested), "--ignore-errors")
        as_they_are = add_as_they_are(self.staged, self._unstaged()) if exit_code == _FATAL else []
        left = [path for path in self._unstaged() if path not in as_they_are]
        special = [path for path in left if is_special(self.git.work_tree / path)]
        if special:
            self.staged("update-index", "-z", "--force-remove", "--stdin", input=terminated(special))
        return tuple(path for path in left if path not in special)

    def _unstaged(self) -> list[str]:
        """Files that differ from the index, and files that are not in it."""
        tracked = self.staged.fields("diff-files", "-z", "--name-only", "--ignore-submodules=all")
        others = self.staged.fields("ls-files", "-z", "--others", "--exclude-standard")
        found = [*tracked, *(path for path in others if not path.endswith("/"))]
        return sorted(path for path in found if not self._is_left_out(path))

    def graft(self, nested: str) -> tuple[str, ...]:
        """Stage the files of a nested repository as plain files; returns what could not be read."""
        assert self.git.work_tree is not None
        with tempfile.TemporaryDirectory(dir=self.index.parent) as folder:
            inner = Staging(replace(self.git, work_tree=self.git.work_tree / nested), Path(folder) / "index")
            unread = inner.files()
            tree = inner.staged("write-tree")
        if self.git("ls-tree", tree):
            self.staged("read-tree", f"--prefix={nested}/", tree)
        return tuple(f"{nested}/{path}" for path in unread)

    def files(self) -> tuple[str, ...]:
        """Stage all files, those of nested repositories too; returns what could not be read."""
        return () if self.everything() else self.closely()

    def closely(self) -> tuple[str, ...]:
        """What `files` does when git has something to say."""
        nested = self.nested()
        unread = self.around(nested)
        return (*unread, *(path for repository in nested for path in self.graft(repository)))

    def _begin(self) -> None:
        self.index.unlink(missing_ok=True)
        if self.seed is not None and self.seed.exists():
            shutil.copy2(self.seed, self.index)  # with its time, by which git knows which entries to doubt

    def _add(self, leave_out: Sequence[str], *options: str) -> tuple[int, bytes]:
        paths = terminated([":/", *(f":(top,exclude,literal){path}" for path in leave_out)])
        done = self.staged.run(
            "add", "--all", "--sparse", *options, "--pathspec-from-file=-", "--pathspec-file-nul", input=paths
        )
        return done.exit_code, done.stderr

    def _is_left_out(self, path: str) -> bool:
        return any(path == left or path.startswith(f"{left}/") for left in self.leave_out)


def make_readable(folder: Path) -> None:
    """Let the owner read everything in a folder of parex's own; what may be executed stays as it is."""
    _allow(folder, 0o700)
    for place, folders, files in os.walk(folder):
        for name in folders:
            _allow(Path(place, name), 0o700)
        for name in files:
            _allow(Path(place, name), 0o400)


def _allow(path: Path, bits: int) -> None:
    mode = path.lstat().st_mode
    if mode & bits != bits and (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        with contextlib.suppress(PermissionError):  # somebody else's: it will be said that it could not be read
            path.chmod(stat.S_IMODE(mode) | bits)
