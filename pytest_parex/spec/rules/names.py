"""Names become parts of ids, of directory names and of environment variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pytest_parex.errors import Fault
from pytest_parex.spec.document import Keys
from pytest_parex.spec.rules.subject import Subject
from pytest_parex.spec.slugs import why_no_name
from pytest_parex.spec.wording import path_text, shown

RESERVED = ("sources",)
"""Names of experiments that would be other folders of the runs directory."""

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def names_are_slugs(subject: Subject) -> Iterator[Fault]:
    """Names are slugs, and differ by more than case: there are file systems that would mix them up."""
    experiment, document = subject.experiment, subject.document
    if "experiment" not in subject.lost and (why := why_no_name(experiment.experiment)):
        yield document.at(("experiment",), f"`experiment`: found {shown(experiment.experiment)}; {why}")
    if experiment.experiment.casefold() in RESERVED:
        yield document.at(("experiment",), f"`experiment`: `{experiment.experiment}` is reserved; choose another name")
    sections: dict[str, Iterable[str]] = {
        "variants": experiment.variants,
        "cases": experiment.cases,
        "checks": experiment.checks,
        "metrics": experiment.metrics,
    }
    for section, names in sections.items():
        if section in subject.lost:
            continue
        seen: dict[str, str] = {}
        for name in names:
            if why := why_no_name(name):
                yield document.at_key((section, name), f"`{section}`: the name {shown(name)} cannot be used; {why}")
            elif name.casefold() in seen:
                other = seen[name.casefold()]
                yield document.at_key((section, name), f"`{section}`: `{name}` and `{other}` differ only by case")
            seen.setdefault(name.casefold(), name)


def environment_is_usable(subject: Subject) -> Iterator[Fault]:
    """Environment variables and ports have names that a shell can use; a port is leased once."""
    experiment, document = subject.experiment, subject.document
    sections: list[tuple[Keys, Iterable[str]]] = [(("env",), experiment.env)]
    sections += [(("variants", name, "env"), variant.env) for name, variant in experiment.variants.items()]
    for path, names in sections:
        for name in names:
            if not _ENVIRONMENT_NAME.match(name):
                yield document.at_key((*path, name), f"`{path_text(path)}`: found {shown(name)}; allowed: {_ALLOWED}")
    ports = experiment.workspace.ports
    for index, port in enumerate(ports):
        path = ("workspace", "ports", index)
        if not _ENVIRONMENT_NAME.match(port):
            yield document.at(path, f"`{path_text(path)}`: found {shown(port)}; allowed: {_ALLOWED}")
        elif port in ports[:index]:
            yield document.at(path, f"`{path_text(path)}`: `{port}` is named twice")


def work_is_said_once(subject: Subject) -> Iterator[Fault]:
    """Two ways of saying one thing contradict each other."""
    experiment, document = subject.experiment, subject.document
    if experiment.task is not None and experiment.task_file is not None:
        yield document.at_key(("task_file",), "found `task` and `task_file`; allowed: one of them")
    if experiment.base.startswith("-"):
        yield document.at(("base",), f"`base`: found {shown(experiment.base)}; allowed: a commit, branch or tag")
    for name, variant in experiment.variants.items():
        where = f"`variants.{name}`"
        if variant.ref is not None and variant.patch is not None:
            yield document.at_key(
                ("variants", name, "patch"), f"{where}: found `ref` and `patch`; allowed: one of them"
            )
        if variant.ref is not None and variant.ref.startswith("-"):
            message = f"`variants.{name}.ref`: found {shown(variant.ref)}; allowed: a commit, branch or tag"
            yield document.at(("variants", name, "ref"), message)
    for name, case in experiment.cases.items():
        if case.file is not None and case.text is not None:
            message = f"`cases.{name}`: found `file` and `text`; allowed: one of them"
            yield document.at_key(("cases", name, "text"), message)


_ALLOWED = "the name of an environment variable: letters, digits and '_', not beginning with a digit"
