"""What may be said about the variants, in sentences with numbers.

Without statistics the verdict is *leader only* at best: somebody leads in the order that the user declared, and nothing
says yet whether that would happen again. *winner* needs a test that establishes it and is not given here. The first
sentence says who leads and by how much, the next ones why that is not established and what would help, then what the
reader must know about trials that are missing, contaminated or were not selected. Names stand between backticks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_parex.compare.differences import between
from pytest_parex.compare.metrics import SUCCESS_RATE
from pytest_parex.compare.numbers import count, distance, metric, rate
from pytest_parex.compare.ranking import Criterion, Ranking, signed, stand
from pytest_parex.model import TrialSummary, VariantSummary

_LISTED = 8


def reasons(
    ranking: Ranking,
    summaries: Sequence[VariantSummary],
    trials: Sequence[TrialSummary],
    by: Sequence[Criterion],
    faults: Sequence[str],
) -> tuple[str, ...]:
    """All that belongs to the verdict, most important first. `faults`: why some criteria could not be used."""
    rows = {summary.name: summary for summary in summaries}
    if ranking.leader is not None:
        said = [_lead(ranking, rows, trials), *_other_way(ranking, trials), *_not_established(summaries, trials)]
    elif ranking.equal:
        said = [_tie(ranking.equal, rows, by), *_not_established(summaries, trials)]
    else:
        said = [_nobody(summaries)]
    return (
        *said,
        *faults,
        *_not_acceptable(summaries, trials),
        *_missing(summaries, trials),
        *_contaminated(trials),
        *_not_selected(trials),
    )


def _lead(ranking: Ranking, rows: dict[str, VariantSummary], trials: Sequence[TrialSummary]) -> str:
    leader, second, deciding = ranking.leader, ranking.order[1:2], ranking.decided_by
    if not second:
        return f"`{leader}` is the only variant: there is nothing to compare it with."
    if deciding is None:
        return f"`{leader}` leads: it is the only variant with a passed trial ({_passed(rows[ranking.order[0]])})."
    equal = f"; in {_listed(map(_criterion, ranking.equal_before))} they are equal" if ranking.equal_before else ""
    without = [stand(_of(trials, name), deciding.metric).without for name in (ranking.order[0], second[0])]
    if without[0] != without[1]:
        own, other = (f"{rate(float(share))} of its trials" for share in without)
        return (
            f"`{leader}` leads `{second[0]}`, the next, in `{deciding.metric}`: {own} against {other} failed without a "
            f"number, which ranks worse than any number{equal}."
        )
    own, other = (_standing(rows[name], deciding, rows.values()) for name in (ranking.order[0], second[0]))
    return f"`{leader}` leads `{second[0]}`, the next, in `{deciding.metric}`: {own} against {other}{equal}."


def _criterion(criterion: Criterion) -> str:
    within = f" (margin {distance(criterion.metric, criterion.margin, criterion.unit)})" if criterion.margin else ""
    return f"`{criterion.metric}`{within}"


def _standing(row: VariantSummary, criterion: Criterion, beside: Iterable[VariantSummary]) -> str:
    if criterion.metric == SUCCESS_RATE:
        return f"{rate(row.success_rate.value)} ({_passed(row)})"
    among = [value for each in beside if (value := each.metrics[criterion.metric].mean) is not None]
    summary = row.metrics[criterion.metric]
    if summary.mean is None:
        return f"no number in {count(row.counted, 'trial')}"
    over = f" (mean of {count(summary.n, 'trial')})" if summary.n > 1 or row.counted > 1 else ""
    return metric(criterion.metric, summary.mean, criterion.unit, among) + over


def _other_way(ranking: Ranking, trials: Sequence[TrialSummary]) -> list[str]:
    """Means over different cases can point the other way than the cases that both variants have."""
    if ranking.decided_by is None:
        return []
    paired = between(trials, ranking.decided_by.metric, ranking.order[0], ranking.order[1])
    if paired.value is None or signed(ranking.decided_by, paired.value) >= 0:
        return []
    pairs = count(paired.pairs, "case")
    return [f"On the cases where both have numbers ({pairs}) the difference points the other way: read it with care."]


def _tie(names: Sequence[str], rows: dict[str, VariantSummary], by: Sequence[Criterion]) -> str:
    who = _listed(f"`{name}`" for name in names)
    if not by:
        return f"No variant leads: nothing ranks {who}."
    what = _listed(map(_criterion, by))
    shown = _standing(rows[names[0]], by[0], rows.values())
    closing = f", {shown} each" if len(by) == 1 and not by[0].margin else ""
    return f"No variant leads: {who} are equal in {what}{closing}. Another criterion in `compare.rank` could decide."


def _not_established(summaries: Sequence[VariantSummary], trials: Sequence[TrialSummary]) -> list[str]:
    counted = [row.counted for row in summaries if row.counted]
    if len(counted) < 2:
        return []
    fewest, most = min(counted), max(counted)
    cases = len({trial.case for trial in trials})
    scope = f"these {cases} cases" if cases > 1 else "this case" if trials[0].case is not None else "this job"
    if most == 1:
        first = "No difference is established: one counted trial per variant cannot tell a difference from chance."
    else:
        each = f"{fewest:,}" if fewest == most else f"{fewest:,} {'or' if most - fewest == 1 else 'to'} {most:,}"
        first = f"No difference is established yet: with {each} counted trials per variant, none has been tested."
    return [
        f"{first} More repeats would show whether it holds on {scope}, more cases whether it holds beyond.",
    ]


def _nobody(summaries: Sequence[VariantSummary]) -> str:
    counted = sum(row.counted for row in summaries)
    if not counted:
        return (
            f"No trial counts: none of {count(sum(row.trials for row in summaries), 'trial')} has a result that does."
        )
    return f"No variant has a passed trial: 0 of {count(counted, 'counted trial')} passed."


def _not_acceptable(summaries: Sequence[VariantSummary], trials: Sequence[TrialSummary]) -> list[str]:
    rows = [row for row in summaries if not row.acceptable]
    if not rows:
        return []
    named = [
        f"`{row.name}` ({_passed(row)}: {_causes(_of(trials, row.name), 'failed')})"
        if row.counted
        else f"`{row.name}` (no counted trial)"
        for row in rows
    ]
    return [f"Not acceptable, because no trial passed: {_listed(named)}."]


def _missing(summaries: Sequence[VariantSummary], trials: Sequence[TrialSummary]) -> list[str]:
    named = [
        f"`{row.name}` {row.missing:,} of {row.trials:,} ({_causes(_of(trials, row.name), 'missing')})"
        for row in summaries
        if row.missing
    ]
    if not named:
        return []
    return [f"Missing trials speak neither for nor against a variant: {_listed(named)}."]


def _contaminated(trials: Sequence[TrialSummary]) -> list[str]:
    marked = [f"`{trial.id}`" for trial in trials if trial.contaminated]
    if not marked:
        return []
    marks = f"{_listed(marked)} ({count(len(marked), 'trial')}, counted like the others)"
    return [f"Marked contaminated, because something outside the workspace changed meanwhile: {marks}."]


def _not_selected(trials: Sequence[TrialSummary]) -> list[str]:
    left_out = sum(trial.outcome == "not selected" for trial in trials)
    if not left_out:
        return []
    verb = "was" if left_out == 1 else "were"
    return [f"{left_out:,} of {count(len(trials), 'planned trial')} {verb} not selected and not compared."]


def _of(trials: Sequence[TrialSummary], variant: str) -> list[TrialSummary]:
    return [trial for trial in trials if trial.variant == variant]


def _causes(trials: Sequence[TrialSummary], outcome: str) -> str:
    """`check failed 3, time limit 1`, most frequent first."""
    found = Counter(trial.cause or "not finished" for trial in trials if trial.outcome == outcome)
    return ", ".join(
        f"{cause} {number:,}" for cause, number in sorted(found.items(), key=lambda each: (-each[1], each))
    )


def _passed(row: VariantSummary) -> str:
    return f"{row.passed:,} of {row.counted:,} passed"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    if len(every) > _LISTED:
        return ", ".join(every[:_LISTED]) + f" and {len(every) - _LISTED:,} more"
    return " and ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else "".join(every)
