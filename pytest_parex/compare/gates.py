"""Whether a finished comparison is as a gate demands. Pure: the same comparison gives the same judgement.

A gate sees what the comparison shows: a variant's mean or rate, or the difference from another variant or from the
same variant in an earlier comparison, over the cases that both have. It never passes for want of a number: where a
counted trial has none, the mean over the others would flatter, and the gate does not hold. Trials that are missing say
nothing for or against a variant; a judgement says how many there are. With `confidence` both ends of the interval are
judged, and a withheld interval does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_parex.compare.comparing import difference
from pytest_parex.compare.metrics import SUCCESS_RATE, measures_of, value_of
from pytest_parex.compare.numbers import count
from pytest_parex.compare.outcomes import COMPARED, COUNTED
from pytest_parex.model import Comparison, Difference, Gate, TrialSummary

ROUNDING = 1e-9
"""Share of a number that may be lost in calculating it."""
LISTED = 12
"""Trials that are named."""


@dataclass(frozen=True)
class Judgement:
    """What a gate found in one variant."""

    variant: str
    holds: bool
    text: str
    """The numbers, what is demanded, and from which trials, in a sentence and a list."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Counted trials of the variant."""


class _CannotJudgeError(Exception):
    """There is nothing to judge; the message says why."""


def judged_variants(gate: Gate, variants: Iterable[str]) -> tuple[str, ...]:
    """The variants that a gate judges, of those of the experiment."""
    return (gate.variant,) if gate.variant is not None else tuple(name for name in variants if name != gate.vs)


def judge(gate: Gate, comparison: Comparison, baseline: Comparison | None = None) -> tuple[Judgement, ...]:
    """A judgement for each variant that the gate is about. `baseline`: what gates with `baseline` judge against."""
    names = sorted({trial.variant for trial in comparison.trials})
    return tuple(_judge(gate, comparison, name, baseline) for name in judged_variants(gate, names))


def _judge(gate: Gate, comparison: Comparison, name: str, baseline: Comparison | None) -> Judgement:
    own = _trials(comparison, name)
    counted = [trial for trial in own if trial.outcome in COUNTED]
    try:
        _check_numbers(gate.metric, name, own, comparison)
        if gate.vs is not None:
            others = _trials(comparison, gate.vs)
            _check_numbers(gate.metric, gate.vs, others, comparison)
            found = _difference(gate, comparison, name, gate.vs)
        elif gate.baseline:
            if baseline is None:
                raise _CannotJudgeError("there is no baseline to judge against: give one with --parex-baseline")
            others = _trials(baseline, name)
            _check_numbers(gate.metric, name, others, baseline, "the baseline")
            found = _difference(gate, *_beside(comparison, baseline, name))
        else:
            others, found = [], _value(gate, comparison, name)
    except _CannotJudgeError as fault:
        return Judgement(name, False, f"{fault}\ndemanded: {_demanded(gate, _unit(gate, comparison))}", n=len(counted))
    unit = _unit(gate, comparison)
    subject = f"`{gate.metric}` of {name}"
    if gate.vs is not None or gate.baseline:
        other = gate.vs if gate.vs is not None else f"{name} in the baseline ({baseline.run if baseline else ''})"
        subject += f" against {other}" if gate.relative else f" minus {other}"
    judgement, why = _within(gate, found)
    shown = [
        f"{subject}: {_number(found.value, unit, sign=bool(others))} ({_certainty(found, own, unit)})",
        f"demanded: {_demanded(gate, unit)}{why}",
        f"from {_numbers(gate.metric, own)}",
    ]
    if others:
        shown.append(f"and {'the baseline' if gate.baseline else gate.vs}: {_numbers(gate.metric, others)}")
    return Judgement(name, judgement, "\n".join(shown), found.value, found.low, found.high, len(counted))


@dataclass(frozen=True)
class _Found:
    value: float
    low: float | None
    high: float | None
    withheld: str
    over: str = ""


def _value(gate: Gate, comparison: Comparison, name: str) -> _Found:
    row = next(row for row in comparison.variants if row.name == name)
    withheld = row.withheld.get(gate.metric, "")
    if gate.metric == SUCCESS_RATE:
        rate = row.success_rate
        assert rate.value is not None, "a trial counts"
        return _Found(rate.value, rate.low, rate.high, withheld)
    metric = row.metrics[gate.metric]
    assert metric.mean is not None, "every counted trial has a number"
    return _Found(metric.mean, metric.low, metric.high, withheld)


def _difference(gate: Gate, comparison: Comparison, a: str, b: str) -> _Found:
    found: Difference = difference(comparison, gate.metric, a, b)
    if found.value is None:
        raise _CannotJudgeError(f"`{gate.metric}`: {a} and {b} have no case in common, so there is no difference")
    over = f"over {count(found.pairs, 'case')} that both have"
    if not gate.relative:
        return _Found(found.value, found.low, found.high, found.withheld, over)
    if found.relative is None:
        raise _CannotJudgeError(f"`{gate.metric}`: the mean of {b} is not positive, so nothing is a percentage of it")
    return _Found(found.relative * 100, None, None, "", over)


def _beside(comparison: Comparison, baseline: Comparison, name: str) -> tuple[Comparison, str, str]:
    """One comparison of a variant with itself in the baseline. The second name is none that a variant can have."""
    then = f"{name} in the baseline"
    trials = [trial.model_copy(update={"variant": then}) for trial in _trials(baseline, name)]
    both = comparison.model_copy(update={"trials": (*_trials(comparison, name), *trials), "differences": ()})
    return both, name, then


def _trials(comparison: Comparison, name: str) -> list[TrialSummary]:
    return [trial for trial in comparison.trials if trial.variant == name and trial.outcome in COMPARED]


def _check_numbers(
    metric: str, name: str, trials: Sequence[TrialSummary], comparison: Comparison, where: str = "this run"
) -> None:
    """Refuse to judge what was not measured in every counted trial."""
    if not trials:
        known = ", ".join(sorted(row.name for row in comparison.variants))
        raise _CannotJudgeError(f"{where} has no trial of {name}; it has those of {known}")
    counted = [trial for trial in trials if trial.outcome in COUNTED]
    if not counted:
        raise _CannotJudgeError(f"no trial of {name} counts in {where}: {_named(trials)} missing")
    without = [trial for trial in counted if value_of(trial, metric) is None]
    if len(without) == len(counted):
        known = ", ".join(measures_of(comparison))
        raise _CannotJudgeError(f"`{metric}` is missing: no trial of {name} in {where} has it; measured are {known}")
    if without:
        raise _CannotJudgeError(
            f"`{metric}` is missing in {len(without)} of {count(len(counted), 'counted trial')} of {name} in {where} "
            f"({_named(without)}); a mean over the others would flatter"
        )


def _within(gate: Gate, found: _Found) -> tuple[bool, str]:
    """Whether the limits are kept, and what else is to be said of it."""
    low = high = found.value
    if gate.confidence is not None:
        if (gate.at_least is not None and found.low is None) or (gate.at_most is not None and found.high is None):
            return False, f"; there is no interval: {found.withheld or 'it is withheld'}"
        low = found.value if found.low is None else found.low
        high = found.value if found.high is None else found.high
    kept = gate.at_least is None or low >= gate.at_least - gate.tolerance - _slack(low, gate.at_least)
    kept = kept and (gate.at_most is None or high <= gate.at_most + gate.tolerance + _slack(high, gate.at_most))
    return kept, ""


def _slack(value: float, limit: float) -> float:
    return ROUNDING * max(abs(value), abs(limit))


def _certainty(found: _Found, own: Sequence[TrialSummary], unit: str) -> str:
    counted = sum(trial.outcome in COUNTED for trial in own)
    parts = [f"n = {counted}"]
    if len(own) > counted:
        parts.append(f"{len(own) - counted} missing")
    if found.over:
        parts.append(found.over)
    if found.low is not None and found.high is not None:
        parts.append(f"95 % interval {_number(found.low)} to {_number(found.high, unit)}")
    elif found.withheld:
        parts.append(f"no interval: {found.withheld}")
    return ", ".join(parts)


def _demanded(gate: Gate, unit: str) -> str:
    limits = [("at least", gate.at_least), ("at most", gate.at_most)]
    text = " and ".join(f"{word} {_number(limit, unit)}" for word, limit in limits if limit is not None)
    if gate.tolerance:
        text += f", with a tolerance of {_number(gate.tolerance, unit)}"
    return text + (", for the whole 95 % interval" if gate.confidence is not None else "")


def _numbers(metric: str, trials: Sequence[TrialSummary]) -> str:
    """The trials with their numbers, as far as a message can hold them."""
    shown = [
        f"{trial.id} {_number(value)}" if (value := value_of(trial, metric)) is not None else f"{trial.id} missing"
        for trial in trials
    ]
    return _cut(shown)


def _named(trials: Sequence[TrialSummary]) -> str:
    return _cut([trial.id for trial in trials])


def _cut(shown: Sequence[str]) -> str:
    rest = len(shown) - LISTED
    return ", ".join(shown[:LISTED]) + (f" and {rest:,} more" if rest > 0 else "")


def _unit(gate: Gate, comparison: Comparison) -> str:
    if gate.relative:
        return "%"
    known = measures_of(comparison).get(gate.metric)
    unit = (known.unit if known else None) or ""
    return "points" if unit == "%" and (gate.vs is not None or gate.baseline) else unit


def _number(value: float, unit: str = "", *, sign: bool = False) -> str:
    """A number as a spec would have it: limits and values are written alike."""
    text = f"{value:+.6g}" if sign else f"{value:.6g}"
    return f"{text} {unit}" if unit else text
