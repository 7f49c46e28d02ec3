"""What a spec may say and this version does not do: refused before anything runs, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_parex.model import Experiment
from pytest_parex.spec.document import Keys

READ_NO_INSTRUCTIONS = {"shell", "none"}
"""Runners that can do nothing with `instructions`."""


def unsupported(experiment: Experiment) -> Iterator[tuple[Keys, str]]:
    """The keys of this spec that this version would have to ignore, each with what to do instead."""
    choices = [experiment.runner_of(variant) for variant in experiment.variants]
    has_budget = experiment.budget.usd is not None or experiment.budget.trial_usd is not None
    if has_budget and not any(choice.may_cost_money for choice in choices):
        named = ", ".join(f"`{name}`" for name in sorted({choice.name for choice in choices}))
        yield ("budget",), f"`budget`: none of the runners here ({named}) costs money; leave it out"
    if experiment.repeats.max > experiment.repeats.min:
        yield ("repeats",), f"`repeats`: this version runs a fixed number; write `repeats: {experiment.repeats.max}`"
    if experiment.workspace.kind == "container":
        yield ("workspace", "kind"), "`workspace.kind`: this version has no containers yet; use `clone`"
    runners = {choice.name for choice in choices}
    if experiment.instructions and runners <= READ_NO_INSTRUCTIONS:
        yield ("instructions",), "`instructions`: none of the runners here reads instructions; leave them out"
