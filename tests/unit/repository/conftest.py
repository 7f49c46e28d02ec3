"""Real repositories in `tmp_path`, pinned, checked out and captured through the public interface."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import pytest_parex
from pytest_parex.model import Base, Changes
from pytest_parex.repository import Git, capture, clone, locate, pin, populate, register_worktree

USER = """
[user]
    name = Ada
    email = ada@example.org
[init]
    defaultBranch = main
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that whoever runs the tests has no say in them."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(USER)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


@dataclass(frozen=True)
class Opened:
    """A workspace that the tests may do anything to."""

    path: Path
    git_dir: Path | None
    start: Base
    base: Base

    @property
    def git(self) -> Git:
        return Git(self.path)

    def write(self, files: Mapping[str, str]) -> None:
        write(self.path, files)


@dataclass(frozen=True)
class Lab:
    """A folder with repositories, and the runs directory that goes with them."""

    folder: Path

    @property
    def sources(self) -> Path:
        return self.folder / "runs" / "sources"

    def repository(self, files: Mapping[str, str] | None = None, name: str = "repo") -> Path:
        path = self.folder / name
        path.mkdir(parents=True)
        Git(path)("init", "--quiet")
        write(path, {"a.py": "a\n", "src/b.py": "b\n" * 20, ".gitignore": "*.log\n"} if files is None else files)
        self.commit(path)
        return path

    def commit(self, path: Path, files: Mapping[str, str] | None = None, message: str = "state") -> str:
        write(path, files or {})
        Git(path)("add", "--all")
        Git(path)("commit", "--quiet", "--allow-empty", f"--message={message}")
        return Git(path)("rev-parse", "HEAD")

    def pin(
        self, source: Path | str, ref: str = "HEAD", dirty: str = "snapshot", leave_out: tuple[Path, ...] = ()
    ) -> Base:
        return self.pin_with_notices(source, ref, dirty, leave_out)[0]

    def pin_with_notices(
        self, source: Path | str, ref: str = "HEAD", dirty: str = "snapshot", leave_out: tuple[Path, ...] = ()
    ) -> tuple[Base, tuple[str, ...]]:
        located = locate(str(source), self.folder / "spec.yaml")
        return pin(located, ref, dirty=dirty, sources=self.sources, leave_out=leave_out)

    def open(self, start: Base, name: str = "w", kind: str = "worktree", base: Base | None = None) -> Opened:
        path = self.folder / "workspaces" / name
        if kind == "worktree":
            git_dir = register_worktree(start, path, name=name, reason="parex test")
        else:
            git_dir = clone(start, path)[0]
        populate(path, start, git_dir)
        return Opened(path, git_dir, start, base or start)

    def capture(self, opened: Opened, ref: str = "refs/parex/run/trial/1") -> Changes:
        self.attempt.mkdir(parents=True, exist_ok=True)
        return capture(
            opened.path,
            start=opened.start,
            base=opened.base,
            git_dir=opened.git_dir,
            ref=ref,
            attempt_directory=self.attempt,
        )

    def state(self, folder: Path) -> dict[str, tuple[object, ...]]:
        """Every file and folder below with its mode, its time and its content."""
        found: dict[str, tuple[object, ...]] = {}
        for place, folders, files in os.walk(folder):
            for name in (*folders, *files):
                path = Path(place, name)
                status = path.lstat()
                content = str(path.readlink()) if path.is_symlink() else ""
                if path.is_file() and not path.is_symlink():
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                # Whoever reads a split index renews the time of its shared part: `git status` too.
                time = 0 if name.startswith("sharedindex.") else status.st_mtime_ns
                found[str(path.relative_to(folder))] = (status.st_mode, time, content)
        return found

    def tree(self, changes: Changes) -> list[str]:
        """The paths of the captured commit."""
        return Git(git_dir=Path(changes.mirror)).fields("ls-tree", "-r", "-z", "--name-only", changes.commit)

    def content(self, changes: Changes, path: str) -> str:
        """What the captured commit has at a path."""
        return Git(git_dir=Path(changes.mirror))("show", f"{changes.commit}:{path}")

    def statuses(self, changes: Changes) -> dict[str, str]:
        """Path → what became of it."""
        return {change.path: change.status for change in changes.files}

    @property
    def attempt(self) -> Path:
        return self.folder / "attempt"

    @property
    def patch(self) -> bytes:
        return (self.attempt / "changes.patch").read_bytes()


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, with the folders that they are in."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def without_privileges() -> Callable[[str], str]:
    """Run Python code in a process for which the modes of files count, root or not; returns what it prints."""

    def run(code: str) -> str:
        powers = "--bounding-set=-dac_override,-dac_read_search"
        prefix = ["setpriv", powers, "--"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*prefix, sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    return run
