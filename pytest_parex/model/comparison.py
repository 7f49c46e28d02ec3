"""What the trials of a run say about the variants. Stored as `comparison.json`, whose keys scripts can rely on."""

from __future__ import annotations

from typing import Literal

from pytest_parex.model.base import Model, Scalar

Outcome = Literal["passed", "failed", "missing", "not needed", "not selected"]


class Estimate(Model):
    """A value with its interval; an end that is None is withheld, because it could not keep its level."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class MetricSummary(Model):
    """A metric over the counted trials of one variant."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    better: Literal["higher", "lower"] | None = None
    n: int = 0


class VariantSummary(Model):
    """One row of the comparison. `trials` = `counted` + `missing`; rates are over counted trials only."""

    name: str
    trials: int
    counted: int
    missing: int
    passed: int = 0
    success_rate: Estimate = Estimate()
    metrics: dict[str, MetricSummary] = {}
    acceptable: bool = True


class Difference(Model):
    """Variant `a` minus variant `b` in one metric; `p` is None where no test was made, and `method` says why."""

    metric: str
    a: str
    b: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    method: str = ""
    pairs: int = 0


class TrialSummary(Model):
    """One trial of the run, with its last attempt."""

    id: str
    variant: str
    case: str | None = None
    matrix: dict[str, Scalar] = {}
    repeat: int = 1
    attempt: int = 0
    outcome: Outcome
    cause: str = ""
    message: str = ""
    contaminated: bool = False
    metrics: dict[str, float] = {}
    checks: dict[str, bool] = {}


class Comparison(Model):
    """The finished comparison of a run; a pure function of its plan and results."""

    format: int = 1
    experiment: str
    run: str
    verdict: Literal["winner", "leader only", "no acceptable variant"]
    winner: str | None = None
    leader: str | None = None
    reasons: tuple[str, ...] = ()
    rank: tuple[str, ...] = ()
    """The criteria that put the variants in order, most important first."""
    variants: tuple[VariantSummary, ...] = ()
    """In the order of the ranking, best first."""
    differences: tuple[Difference, ...] = ()
    trials: tuple[TrialSummary, ...] = ()
    settings: dict[str, dict[str, str]] = {}
    """Setting → variant → value, only where variants differ."""
