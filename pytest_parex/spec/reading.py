"""A spec file → an experiment, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_parex.errors import Fault, SpecError
from pytest_parex.model import Experiment, Runner
from pytest_parex.spec import rules
from pytest_parex.spec.completing import complete
from pytest_parex.spec.document import Document, Keys, read_document
from pytest_parex.spec.nearest import listed, meant
from pytest_parex.spec.overrides import override
from pytest_parex.spec.support import unsupported
from pytest_parex.spec.validation import validate

RULES: tuple[Callable[[rules.Subject], Iterator[Fault]], ...] = (
    rules.names_are_slugs,
    rules.work_is_said_once,
    rules.environment_is_usable,
    rules.files_exist,
    rules.patterns_stay_inside,
    rules.matrix_makes_sense,
    rules.templates_can_be_filled,
    rules.metrics_are_known,
    rules.references_are_known,
)


@dataclass(frozen=True)
class Spec:
    """A spec file, read: its experiment, and where everything stands."""

    experiment: Experiment
    document: Document

    @property
    def lines(self) -> dict[str, int]:
        """Variant → its line in the file, counted from 1."""
        return {name: self.document.line_of(("variants", name)) for name in self.experiment.variants}

    def fault(self, path: Keys, message: str) -> Fault:
        """A fault at the value with this path, for those who find more than the reader can: `("workspace", "root")`."""
        return self.document.at(path, message)

    def check_support(self, runners: Mapping[str, Runner], experiment: Experiment | None = None) -> None:
        """Check that this session can do what the spec asks for; SpecError with everything that it cannot.

        That is: its runners are known and their options right, and nothing is asked that this version would ignore.
        `experiment` is this spec's with what plugins added to it.
        """
        experiment = experiment or self.experiment
        faults = [fault for name in experiment.variants for fault in self._runner_faults(runners, experiment, name)]
        faults += [self.document.at(path, message) for path, message in unsupported(experiment)]
        if faults:
            raise SpecError(faults)

    def _runner_faults(self, runners: Mapping[str, Runner], experiment: Experiment, variant: str) -> Iterator[Fault]:
        choice, own = experiment.runner_of(variant), experiment.variants[variant].runner
        path: Keys = ("variants", variant, "runner") if own else ("runner",)
        if choice.name not in runners:
            known = f"known here: {listed(sorted(runners))}{meant(choice.name, runners)}"
            yield self.document.at(path, f"there is no runner `{choice.name}`; {known}")
            return
        for why in runners[choice.name].faults(choice.options):
            yield self.document.at((*path, choice.name), f"`runner.{choice.name}`: {why}")


def read(path: Path, overrides: Sequence[str] = ()) -> Spec:
    """Read a spec file, with `KEY=VALUE` overrides; SpecError with all its faults."""
    document = read_document(path)
    faults = [*override(document, overrides), *complete(document, path.parent)]
    draft = validate(document)
    faults += draft.faults
    if draft.experiment:
        subject = rules.Subject(draft.experiment, document, path.parent, draft.lost)
        faults += [fault for rule in RULES for fault in rule(subject)]
    unreadable = {(fault.line, fault.column) for fault in document.faults}
    faults = [*document.faults, *(fault for fault in faults if (fault.line, fault.column) not in unreadable)]
    if faults or draft.experiment is None:
        raise SpecError(faults)
    return Spec(draft.experiment, document)


def fault_in(path: Path, keys: Keys, message: str) -> Fault:
    """A fault at a value of a spec file, for those who have only its path: `("workspace", "root")`."""
    try:
        return read_document(path).at(keys, message)
    except SpecError:  # made without a file, or the file is gone by now
        return Fault(str(path), 1, 1, message)


def load(path: Path, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment that a spec file describes; SpecError with all faults of the file."""
    return read(path, overrides).experiment
