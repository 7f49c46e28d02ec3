"""What the trials of a run say about the variants. Stored as `comparison.json`, whose keys scripts can rely on."""

from __future__ import annotations

from typing import Literal

from pytest_parex.model.base import Model, Scalar

Outcome = Literal["passed", "failed", "missing", "not needed", "not selected"]
Question = Literal["these cases", "cases like these"]
"""What a statement is about: the cases of this run, or also those to come."""


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
    failed_without: int = 0
    """Trials that failed and have no number; they rank worse than any number."""


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
    withheld: dict[str, str] = {}
    """Metric → why its interval is not given."""
    pass_at: dict[int, float] = {}
    """k → chance that at least one of k repeats passes (pass@k)."""
    pass_all: dict[int, float] = {}
    """k → chance that all of k repeats pass (pass^k)."""


class Difference(Model):
    """Variant `a` minus variant `b` in one metric; `p` is None where no test was made, and `withheld` says why."""

    metric: str
    a: str
    b: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    method: str = ""
    pairs: int = 0
    """Cases and matrix points that both variants have."""
    question: Question | None = None
    """What `p` and the interval speak of."""
    p_cases: float | None = None
    """p-value for cases like these, where `p` speaks of these cases."""
    p_adjusted: float | None = None
    """`p`, corrected for all pairs of variants that are listed in this metric (Holm)."""
    withheld: str = ""
    """Why there is no interval, or no test."""
    superiority: float | None = None
    """Chance that a trial of `a` is better than one of `b` on the same case; ties count half."""
    relative: float | None = None
    """The difference as a share of the mean of `b`."""


class Flaky(Model):
    """A variant that both passed and failed on the same case."""

    variant: str
    case: str | None = None
    matrix: dict[str, Scalar] = {}
    passed: int
    failed: int
    trials: tuple[str, ...] = ()


class Front(Model):
    """The variants that no other beats in all of these metrics at once, by their means; chance is not considered."""

    metrics: tuple[str, ...]
    variants: tuple[str, ...] = ()
    dominated: dict[str, str] = {}
    """Variant → one that is at least as good in all of the metrics, and better in one."""
    unknown: tuple[str, ...] = ()
    """Variants without a number in one of the metrics."""


class Settling(Model):
    """How many more repeats or cases would settle the verdict, by simulation from what was seen."""

    more: Literal["repeats", "cases"]
    question: Question
    half: int | None = None
    """So many more settle it in half of the simulated experiments; None: not even the most that was tried."""
    nearly_all: int | None = None
    """The same for nine of ten."""
    most: int = 0
    """The most that was tried."""


class Evidence(Model):
    """What a reason rests on."""

    metrics: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()


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
    question: Question | None = None
    """What the verdict speaks of; None where nothing could be tested."""
    reasons: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """What each reason rests on, in the order of the reasons."""
    would_change: tuple[str, ...] = ()
    """What would change the verdict, in sentences."""
    settling: tuple[Settling, ...] = ()
    rank: tuple[str, ...] = ()
    """The criteria that put the variants in order, most important first."""
    variants: tuple[VariantSummary, ...] = ()
    """In the order of the ranking, best first."""
    differences: tuple[Difference, ...] = ()
    """Against the baseline first, then of the first variant from the others, then of the others."""
    front: Front | None = None
    flaky: tuple[Flaky, ...] = ()
    trials: tuple[TrialSummary, ...] = ()
    settings: dict[str, dict[str, str]] = {}
    """Setting → variant → value, only where variants differ."""
