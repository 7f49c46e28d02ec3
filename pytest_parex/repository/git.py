"""The one door to git.

Every git command of parex runs with the same surroundings, whatever the user or a surrounding hook has set: no
inherited `GIT_*` variables, no hooks, no prompts, no background maintenance, no signing, plain English messages, and a
time limit. Names of files are bytes to git; here they are text with surrogate escapes, as everywhere in Python.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_parex.errors import GitError, ParexError
from pytest_parex.processes import Captured, capture

PATIENCE = 600.0
"""Seconds that a git command may take, unless its caller says otherwise."""
FROM_AFAR = 3600.0
"""Seconds that fetching over a network may take."""
_ALMOST_FULL = 1 << 20
"""Bytes that are free on a disk where writing fails."""

_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.splitIndex": "false",  # a split index keeps a part of itself in the repository's folder
    "core.untrackedCache": "false",
    "core.quotePath": "false",
    "core.safecrlf": "false",
    "core.pager": "cat",
    "core.askPass": "false",
    "credential.interactive": "never",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "push.gpgSign": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.prune": "false",
    "fetch.fsckObjects": "false",  # old histories hold what git would not write today
    "fetch.unpackLimit": "1",  # always a pack: the mirror's own objects can then be told from all others
    "fetch.writeCommitGraph": "false",
    "protocol.version": "2",  # any commit may be asked for, not only the tips of branches
    "protocol.file.allow": "always",
    "checkout.workers": "1",
    "safe.bareRepository": "all",
    "lfs.skipDownloadErrors": "true",
    "advice.addEmbeddedRepo": "false",
    "advice.detachedHead": "false",
    "advice.updateSparsePath": "false",
    "init.defaultBranch": "main",
    "init.defaultRefFormat": "files",
    "color.ui": "false",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
    "diff.suppressBlankEmpty": "false",
    "diff.renameLimit": "2000",
}

_SURROUNDINGS = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_ASKPASS": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_MERGE_AUTOEDIT": "no",
}

_NOISE = (
    "hint:",
    "remote:",
    "warning:",
    "Preparing worktree",
    "fatal: Could not read from remote repository",
    "Please make sure you have the correct access rights",
    "and the repository exists.",
)
_FAULT = ("fatal:", "error:")


@dataclass(frozen=True)
class Git:
    """git in a directory: `Git(path)("rev-parse", "HEAD")`.

    With `git_dir`, git looks for no repository of its own: it takes that one, and `work_tree` for the files. `settings`
    are git settings for these commands only, as `-c` would give them.
    """

    directory: Path | None = None
    git_dir: Path | None = None
    work_tree: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        *arguments: str | Path,
        input: str | bytes | None = None,  # noqa: A002
        timeout: float = PATIENCE,
    ) -> str:
        """What the command prints, without the last line break. GitError if it fails."""
        return os.fsdecode(self._checked(arguments, input, timeout)).removesuffix("\n")

    def fields(
        self,
        *arguments: str | Path,
        input: str | bytes | None = None,  # noqa: A002
        timeout: float = PATIENCE,
    ) -> list[str]:
        """What a command with NUL-separated output prints, as a list. GitError if it fails."""
        printed = os.fsdecode(self._checked(arguments, input, timeout)).removesuffix("\0")
        return printed.split("\0") if printed else []

    def run(
        self,
        *arguments: str | Path,
        input: str | bytes | None = None,  # noqa: A002
        timeout: float = PATIENCE,
    ) -> Captured:
        """The finished command, whatever its exit code. GitError only if it could not be run at all."""
        command = ["git", *map(str, arguments)]
        place = self.work_tree or self.directory or self.git_dir or Path.cwd()
        try:
            return capture(
                command,
                cwd=place,
                env=self.environment(),
                timeout=timeout,
                input=os.fsencode(input) if isinstance(input, str) else input,
            )
        except GitError:
            raise
        except ParexError as fault:
            raise GitError(f"`{_short(command)}` in {place}: {fault}") from fault

    def environment(self) -> dict[str, str]:
        """The whole environment that these commands run in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        named = {"GIT_DIR": self.git_dir, "GIT_WORK_TREE": self.work_tree}
        settings = {**_SETTINGS, **self.settings}
        numbered = {
            f"GIT_CONFIG_{part}_{index}": text
            for index, pair in enumerate(settings.items())
            for part, text in zip(("KEY", "VALUE"), pair, strict=True)
        }
        return {
            **kept,
            **_SURROUNDINGS,
            **numbered,
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{name: str(path) for name, path in named.items() if path is not None},
            **self.env,
        }

    def _checked(self, arguments: tuple[str | Path, ...], given: str | bytes | None, timeout: float) -> bytes:
        done = self.run(*arguments, input=given, timeout=timeout)
        if done.exit_code:
            raise self.fault(arguments, done)
        return done.stdout

    def fault(self, arguments: tuple[str | Path, ...], done: Captured) -> GitError:
        """The error for a command that failed: which one, where, and what git said last."""
        place = self.work_tree or self.directory or self.git_dir
        said = last_words(done.stderr) or f"exit code {done.exit_code}"
        full = [path for path in (self.git_dir, self.work_tree, self.directory) if path and _is_full(path)]
        # git does not always say so: the kernel may end it in the middle of writing.
        also = f" (the disk of {full[0]} is full)" if full else ""
        return GitError(f"`{_short(['git', *map(str, arguments)])}` failed in {place}: {said}{also}")


def _is_full(place: Path) -> bool:
    try:
        return shutil.disk_usage(place).free < _ALMOST_FULL
    except OSError:
        return False


def last_words(stderr: bytes) -> str:
    """The line of git's messages that says what went wrong: the last fault, else the last line that is no noise."""
    lines = [line.strip() for line in os.fsdecode(stderr).splitlines()]
    meant = [line for line in lines if line and not line.startswith(_NOISE)]
    faults = [line for line in meant if line.startswith(_FAULT)]
    last = (faults or meant or [line for line in lines if line] or [""])[-1]
    return last.removeprefix("fatal: ").removeprefix("error: ")


def _short(command: list[str]) -> str:
    text = " ".join(command)
    return text if len(text) <= 200 else f"{text[:199]}…"
