"""A gate's item: it makes sure that the trials are done, judges their comparison, and fails with the numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_parex.compare import Judgement, judge, judged_variants
from pytest_parex.model import Gate
from pytest_parex.plugin.comparing import finished_comparison
from pytest_parex.plugin.session import SESSION, Loaded
from pytest_parex.report import visible


class GateItem:
    """What the fixture of a gate's item gives to its body."""

    def __init__(self, item: pytest.Item, loaded: Loaded, name: str, gate: Gate) -> None:
        self.item = item
        self.loaded = loaded
        self.name = name
        self.gate = gate

    def judge(self) -> None:
        """Fail unless the gate holds for every variant that it is about."""
        baseline = self.item.config.stash[SESSION].baseline
        if self.gate.baseline and baseline is None:
            pytest.skip("it judges against a baseline: give one with --parex-baseline")
        variants = {trial.variant: None for trial in self.loaded.trials}
        needed = {*judged_variants(self.gate, variants), *([self.gate.vs] if self.gate.vs else [])}
        comparison = finished_comparison(self.item, self.loaded, needed)
        judgements = judge(self.gate, comparison, baseline)
        self.item.user_properties.extend(self._properties(comparison.run, judgements))
        broken = [judgement for judgement in judgements if not judgement.holds]
        if broken or not judgements:
            pytest.fail(visible(self._text(broken)), pytrace=False)

    def _text(self, broken: Sequence[Judgement]) -> str:
        assert self.loaded.run is not None
        told = [judgement.text for judgement in broken] or ["there is no variant that it could be judged by"]
        return "\n".join([f"gate {self.name} does not hold", *told, f"run: {self.loaded.run.directory}"])

    def _properties(self, run: str, judgements: Sequence[Judgement]) -> list[tuple[str, str | float]]:
        """What was judged, as flat `parex.*` pairs of built-in types."""
        pairs: list[tuple[str, str | float]] = [
            ("parex.experiment", self.loaded.experiment.experiment),
            ("parex.run", run),
            ("parex.gate", self.name),
            ("parex.metric", self.gate.metric),
        ]
        for judgement in judgements:
            found = {"value": judgement.value, "low": judgement.low, "high": judgement.high, "n": judgement.n}
            pairs += [(f"parex.{judgement.variant}.{key}", value) for key, value in found.items() if value is not None]
        return pairs
