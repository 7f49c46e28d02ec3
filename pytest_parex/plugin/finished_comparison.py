"""What `parex_comparison` gives to a test: the comparison of an experiment, when all of its trials are done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pytest

from pytest_parex.compare import difference, measures_of
from pytest_parex.model import Comparison, Difference, TrialSummary, VariantSummary
from pytest_parex.plugin.comparing import finished_comparison
from pytest_parex.plugin.session import SESSION


class FinishedComparison:
    """A finished comparison. Everything is read only."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __repr__(self) -> str:
        return f"<comparison of {self.experiment}: {self.verdict}, leader {self.leader}>"

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return self._comparison.experiment

    @property
    def run(self) -> str:
        """The run's id."""
        return self._comparison.run

    @property
    def verdict(self) -> Literal["winner", "leader only", "no acceptable variant"]:
        """Whether one variant is better than every other, and that is established."""
        return self._comparison.verdict

    @property
    def winner(self) -> str | None:
        """The variant that is established to be the best; None if none is."""
        return self._comparison.winner

    @property
    def leader(self) -> str | None:
        """The variant that comes first in the ranking; None if nobody does."""
        return self._comparison.leader

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the verdict is what it is, in sentences."""
        return self._comparison.reasons

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants, best first."""
        return tuple(row.name for row in self._comparison.variants)

    @property
    def trials(self) -> tuple[TrialSummary, ...]:
        """Every trial (`.id .variant .case .matrix .repeat .outcome .cause .metrics .checks`)."""
        return self._comparison.trials

    def variant(self, name: str) -> VariantSummary:
        """A variant's row: `.trials .counted .missing .passed`, `.success_rate.value`, `.metrics["coverage"].mean`.

        Rates and means have `.low` and `.high`, the ends of their 95 % interval; None where that is withheld. Raises
        LookupError for a name that no variant has.
        """
        self._check("variant", name, self.variants)
        return next(row for row in self._comparison.variants if row.name == name)

    def difference(self, a: str, b: str, metric: str) -> Difference:
        """Variant `a` minus variant `b` in a metric: `.value`, the interval `.low` and `.high`, `.p`, `.withheld`.

        The value is None if there is no case on which both have a number, the ends and `p` where they are withheld.
        Raises LookupError for what the experiment does not have.
        """
        for name in (a, b):
            self._check("variant", name, self.variants)
        self._check("metric", metric, measures_of(self._comparison))
        return difference(self._comparison, metric, a, b)

    def _check(self, what: str, name: str, known: Iterable[str]) -> None:
        if name not in known:
            raise LookupError(f"{self.experiment} has no {what} {name!r}; there are {', '.join(known)}")


def whole_comparison(request: pytest.FixtureRequest) -> FinishedComparison:
    """The comparison that a test is parametrized with, or that of its trial's experiment."""
    params = request.node.callspec.params
    name = params["parex_trial"][0] if "parex_trial" in params else params["parex_comparison"]
    loaded = next(one for one in request.config.stash[SESSION].loaded if one.experiment.experiment == name)
    needed = {trial.variant for trial in loaded.trials}
    return FinishedComparison(finished_comparison(request.node, loaded, needed))
