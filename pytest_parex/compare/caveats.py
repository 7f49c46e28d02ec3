"""What a reader must know besides the verdict: who is not acceptable, what is missing, flaky or contaminated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_parex.compare.numbers import count
from pytest_parex.compare.wording import listed, passed
from pytest_parex.model import Evidence, Flaky, TrialSummary, VariantSummary


@dataclass(frozen=True)
class Reason:
    """A sentence, and what it rests on."""

    text: str
    evidence: Evidence = field(default_factory=Evidence)


def caveats(
    summaries: Sequence[VariantSummary], trials: Sequence[TrialSummary], flaky: Sequence[Flaky]
) -> tuple[Reason, ...]:
    """One sentence for each kind of trial that needs one."""
    return (
        *_not_acceptable(summaries, trials),
        *_missing(summaries, trials),
        *_flaky(flaky),
        *_contaminated(trials),
        *_not_selected(trials),
    )


def _flaky(flaky: Sequence[Flaky]) -> list[Reason]:
    if not flaky:
        return []
    shown = [f"{_place(each)} ({each.passed:,} of {each.passed + each.failed:,} passed)" for each in flaky]
    trials = tuple(trial for each in flaky for trial in each.trials)
    return [Reason(f"Flaky, passed and failed on the same case: {listed(shown)}.", Evidence(trials=trials))]


def _not_acceptable(summaries: Sequence[VariantSummary], trials: Sequence[TrialSummary]) -> list[Reason]:
    rows = [row for row in summaries if not row.acceptable]
    if not rows:
        return []
    names = [
        f"`{row.name}` ({passed(row)}: {_causes(_of(trials, row.name), 'failed')})"
        if row.counted
        else f"`{row.name}` (no counted trial)"
        for row in rows
    ]
    failed = tuple(trial.id for row in rows for trial in _of(trials, row.name) if trial.outcome == "failed")
    return [Reason(f"Not acceptable, because no trial passed: {listed(names)}.", Evidence(trials=failed))]


def _missing(summaries: Sequence[VariantSummary], trials: Sequence[TrialSummary]) -> list[Reason]:
    names = [
        f"`{row.name}` {row.missing:,} of {row.trials:,} ({_causes(_of(trials, row.name), 'missing')})"
        for row in summaries
        if row.missing
    ]
    if not names:
        return []
    missing = tuple(trial.id for trial in trials if trial.outcome == "missing")
    return [
        Reason(f"Missing trials speak neither for nor against a variant: {listed(names)}.", Evidence(trials=missing))
    ]


def _contaminated(trials: Sequence[TrialSummary]) -> list[Reason]:
    marked = tuple(trial.id for trial in trials if trial.contaminated)
    if not marked:
        return []
    marks = f"{listed(f'`{each}`' for each in marked)} ({count(len(marked), 'trial')}, counted like the others)"
    return [
        Reason(
            f"Marked contaminated, because something outside the workspace changed meanwhile: {marks}.",
            Evidence(trials=marked),
        )
    ]


def _not_selected(trials: Sequence[TrialSummary]) -> list[Reason]:
    left_out = sum(trial.outcome == "not selected" for trial in trials)
    if not left_out:
        return []
    verb = "was" if left_out == 1 else "were"
    return [Reason(f"{left_out:,} of {count(len(trials), 'planned trial')} {verb} not selected and not compared.")]


def _of(trials: Sequence[TrialSummary], variant: str) -> list[TrialSummary]:
    return [trial for trial in trials if trial.variant == variant]


def _causes(trials: Sequence[TrialSummary], outcome: str) -> str:
    """`check failed 3, time limit 1`, most frequent first."""
    found = Counter(trial.cause or "not finished" for trial in trials if trial.outcome == outcome)
    return ", ".join(
        f"{cause} {number:,}" for cause, number in sorted(found.items(), key=lambda each: (-each[1], each))
    )


def _place(each: Flaky) -> str:
    return f"`{each.variant}`" if each.case is None else f"`{each.variant}` on `{each.case}`"
