"""Files that a spec names exist; places in a workspace that it names are inside the workspace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from pytest_parex.errors import Fault
from pytest_parex.spec.document import Keys
from pytest_parex.spec.nearest import nearest
from pytest_parex.spec.rules.subject import Subject
from pytest_parex.spec.slash_commands import is_slash_command
from pytest_parex.spec.wording import path_text, shown


def files_exist(subject: Subject) -> Iterator[Fault]:
    """Everything beside the spec that it refers to is there and can be read."""
    experiment = subject.experiment
    if experiment.task_file is not None:
        yield from _file(subject, ("task_file",), experiment.task_file)
    for index, name in enumerate(experiment.instructions):
        if is_slash_command(name):
            continue
        yield from _file(subject, ("instructions", index), name)
    if experiment.holdout is not None:
        yield from _file_or_folder(subject, ("holdout",), experiment.holdout)
    if experiment.source is not None:
        yield from _source(subject, ("source",), experiment.source)
    for variant, settings in experiment.variants.items():
        path: Keys = ("variants", variant)
        if settings.patch is not None:
            yield from _file(subject, (*path, "patch"), settings.patch)
        if settings.source is not None:
            yield from _source(subject, (*path, "source"), settings.source)
        for target, name in settings.files.items():
            yield from _file_or_folder(subject, (*path, "files", target), name)
    for case, input_ in experiment.cases.items():
        if input_.file is not None:
            yield from _file(subject, ("cases", case, "file"), input_.file)


def patterns_stay_inside(subject: Subject) -> Iterator[Fault]:
    """Patterns and places of overlays are relative to the workspace, and do not lead out of it."""
    experiment = subject.experiment
    lists: list[tuple[Keys, tuple[str, ...]]] = [
        (("protect",), experiment.protect),
        (("artifacts",), experiment.artifacts),
        (("workspace", "carry"), experiment.workspace.carry),
        (("workspace", "sparse"), experiment.workspace.sparse),
    ]
    for path, patterns in lists:
        for index, pattern in enumerate(patterns):
            if _leads_out(pattern):
                message = f"`{path_text((*path, index))}`: found {shown(pattern)}; allowed: {_INSIDE}"
                yield subject.document.at((*path, index), message)
    readers = ("json_file", "junit", "coverage", "file")
    for name, reader in experiment.metrics.items():
        for attribute in readers:
            file = getattr(reader, attribute)
            key = "json" if attribute == "json_file" else attribute
            if file is not None and _leads_out(file):
                message = f"`metrics.{name}.{key}`: found {shown(file)}; allowed: {_INSIDE}"
                yield subject.document.at(("metrics", name, key), message)
    for variant, settings in experiment.variants.items():
        for target in settings.files:
            path = ("variants", variant, "files", target)
            if _leads_out(target):
                message = f"`variants.{variant}.files`: found {shown(target)}; allowed: {_INSIDE}"
                yield subject.document.at_key(path, message)
            elif ".git" in PurePosixPath(target.lower()).parts:
                message = (
                    f"`variants.{variant}.files`: found {shown(target)}; the workspace's `.git` is not to be laid over"
                )
                yield subject.document.at_key(path, message)


def is_address(source: str) -> bool:
    """Whether a source is an address of a remote repository rather than a path."""
    return "://" in source or (":" in source and "/" not in source.partition(":")[0])


def _file(subject: Subject, path: Keys, name: str) -> Iterator[Fault]:
    yield from _existing(subject, path, name, Path.is_file, "file")


def _file_or_folder(subject: Subject, path: Keys, name: str) -> Iterator[Fault]:
    yield from _existing(subject, path, name, Path.exists, "file or folder")


def _source(subject: Subject, path: Keys, name: str) -> Iterator[Fault]:
    if not is_address(name):
        yield from _existing(subject, path, str(Path(name).expanduser()), Path.is_dir, "repository or folder")


def _existing(subject: Subject, path: Keys, name: str, test: Callable[[Path], bool], kind: str) -> Iterator[Fault]:
    file = subject.folder / name
    where = f"`{path_text(path)}`"
    try:
        if test(file):
            if not os.access(file, os.R_OK):
                yield subject.document.at(path, f"{where}: {shown(name)} cannot be read")
            return
        exists = file.exists()
    except OSError as error:  # a name that is too long, a loop of links
        yield subject.document.at(path, f"{where}: {shown(name)} cannot be read: {error.strerror}")
        return
    if exists:
        found = "a folder" if file.is_dir() else "a file"
        yield subject.document.at(path, f"{where}: {shown(name)} is {found}; allowed: a {kind}")
    else:
        yield subject.document.at(path, f"{where}: there is no {kind} {shown(name)} beside the spec{_similar(file)}")


def _similar(file: Path) -> str:
    try:
        found = nearest(file.name, [entry.name for entry in file.parent.iterdir()])
    except OSError:
        return ""
    return f"; did you mean `{found}`?" if found else ""


def _leads_out(pattern: str) -> bool:
    path = PurePosixPath(pattern.removeprefix("!"))
    return path.is_absolute() or ".." in path.parts or pattern.startswith("~")


_INSIDE = "a path in the workspace, relative and without '..'"
