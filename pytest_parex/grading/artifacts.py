"""Artifacts: files of the workspace that are kept with the results, within bounds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pytest_parex.grading.found import fitting, opened
from pytest_parex.grading.freshness import fresh
from pytest_parex.grading.reading import UnreadableError, shortened
from pytest_parex.model import Work

ALWAYS = ("RESULTS.md", "PROGRESS.md")
"""What agents write about their work; kept in the attempt's directory itself whenever the variant made them."""
FOLDER = "artifacts"
MOST_FILES = 1_000
LARGEST_FILE = 50 * 1024**2
LARGEST_ALL = 200 * 1024**2
"""Bytes per attempt: a hundred trials with a forgotten `**` must not fill a disk."""


def collect_artifacts(work: Work) -> tuple[str, ...]:
    """Copy what the spec's `artifacts` name, and return the copies' paths in the attempt's directory.

    What is too much, no regular file, or a link out of the workspace is left out, and a `note` event says so.
    """
    collecting = _Collecting(work)
    for name in ALWAYS:
        if (work.workspace / name).is_file() and fresh(work, [name]):
            collecting.copy(name, name)
    for pattern in work.plan.experiment.artifacts:
        try:
            for file in fitting(work.workspace, pattern):
                collecting.copy(file, f"{FOLDER}/{file}")
        except UnreadableError as reason:
            collecting.leave_out(pattern, str(reason))
    return collecting.finished()


class _Collecting:
    def __init__(self, work: Work) -> None:
        self.work = work
        self.copies: dict[str, str] = {}
        """File of the workspace → its copy, relative to the attempt's directory."""
        self.left_out: list[str] = []
        self.room = LARGEST_ALL

    def copy(self, file: str, to: str) -> None:
        if file in self.copies:
            return
        if not file.isprintable():
            self.leave_out(file, "its name is not printable text")
        elif len(self.copies) >= MOST_FILES:
            self.leave_out(file, f"{MOST_FILES} files are kept already")
        else:
            try:
                self._copy(file, self.work.directory / to)
            except UnreadableError as reason:
                self.leave_out(file, str(reason))
            except OSError as error:
                self.leave_out(file, error.strerror or str(error))
            else:
                self.copies[file] = to

    def leave_out(self, what: str, reason: str) -> None:
        self.left_out.append(f"{shortened(what)} ({reason})")

    def finished(self) -> tuple[str, ...]:
        if self.left_out:
            more = f" and {len(self.left_out) - 5} more" if len(self.left_out) > 5 else ""
            self.work.emit("note", text=f"artifacts left out: {', '.join(self.left_out[:5])}{more}")
        return tuple(self.copies.values())

    def _copy(self, file: str, target: Path) -> None:
        with os.fdopen(opened(self.work.workspace, file), "rb") as source:
            size = os.fstat(source.fileno()).st_size
            if size > min(LARGEST_FILE, self.room):
                raise UnreadableError(f"{size / 1024**2:.0f} MiB are too much")
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
            except OSError:
                target.unlink(missing_ok=True)
                raise
        self.room -= size
