"""Templates compile, and use only names that trials have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_parex.errors import Fault
from pytest_parex.model import RunnerChoice
from pytest_parex.model.stages import PYTHON_REFERENCE
from pytest_parex.spec.document import Keys
from pytest_parex.spec.rules.subject import Subject
from pytest_parex.spec.templates import COMMANDS, Known, check_template
from pytest_parex.spec.wording import path_text, shown

VARIANT_FACTS = ("name", "prompt", "description")

_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|\.lock(/|$)|[/.]$")


def templates_can_be_filled(subject: Subject) -> Iterator[Fault]:
    """Prompts, runner options and the name of the branch."""
    experiment, document = subject.experiment, subject.document
    known = known_names(subject)
    for path, text in _texts(subject):
        for why in check_template(text, known):
            yield document.at(path, f"`{path_text(path)}`: {why}")
    for path, text in _option_texts(subject):
        for why in check_template(text, {**known, "prompt": None}):
            yield document.at(path, f"`{path_text(path)}`: {why}")
    branch = experiment.workspace.branch
    if branch is not None and (
        wrong := _NO_BRANCH.search(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "x", branch, flags=re.DOTALL))
    ):
        message = f"`workspace.branch`: found {shown(branch)}; a branch cannot have {shown(wrong[0])} there"
        yield document.at(("workspace", "branch"), message)
    for path, choice in _choices(subject):
        options = choice.options
        if choice.name == "python" and isinstance(options, str) and not re.match(PYTHON_REFERENCE, options):
            message = f"`{path_text(path)}`: found {shown(options)}; allowed: `module:function`"
            yield document.at((*path, choice.name), message)


def known_names(subject: Subject) -> Known:
    """Name → its facts, over all trials of the experiment; without cases there is no `case`."""
    experiment = subject.experiment
    cases = {fact for case in experiment.cases.values() for fact in case.facts}
    axes = {*experiment.matrix.axes, *(key for entry in experiment.matrix.include for key in entry)}
    known: dict[str, Any] = {"variant": VARIANT_FACTS}
    if experiment.cases or "cases" in subject.lost:
        known["case"] = None if "cases" in subject.lost else sorted({"name", *cases})
    known["matrix"] = None if "matrix" in subject.lost else sorted(axes)
    return {**known, "repeat": None, "experiment": None, "trial": None}


def _texts(subject: Subject) -> Iterator[tuple[Keys, str]]:
    experiment = subject.experiment
    for name, variant in experiment.variants.items():
        if variant.prompt is not None:
            path: Keys = ("variants", name)
            is_mapping = isinstance(subject.document.data["variants"].get(name), dict)
            yield ((*path, "prompt") if is_mapping else path), variant.prompt
    if experiment.workspace.branch is not None:
        yield ("workspace", "branch"), experiment.workspace.branch


def _option_texts(subject: Subject) -> Iterator[tuple[Keys, str]]:
    for path, choice in _choices(subject):
        if choice.name not in COMMANDS:
            yield from _leaves((*path, choice.name), choice.options)


def _choices(subject: Subject) -> Iterator[tuple[Keys, RunnerChoice]]:
    if subject.experiment.runner:
        yield ("runner",), subject.experiment.runner
    for name, variant in subject.experiment.variants.items():
        if variant.runner:
            yield ("variants", name, "runner"), variant.runner


def _leaves(path: Keys, value: Any) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves((*path, index), item)
