"""What would change the verdict: the closest contest, cases that carry it, other criteria first, missing trials.

Each sentence answers "what if": a case had not been run (the contest is decided again without it), another criterion
came first, a margin were declared, or the missing trials had all failed or all passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_parex.compare.contests import Contest, Step, state_of
from pytest_parex.compare.examining import examine
from pytest_parex.compare.findings import Findings
from pytest_parex.compare.metrics import SUCCESS_RATE
from pytest_parex.compare.numbers import count
from pytest_parex.compare.ranking import Criterion, rank
from pytest_parex.compare.verdict import Verdict
from pytest_parex.compare.wording import listed, measured
from pytest_parex.model import TrialSummary, VariantSummary

_MOST_CASES = 30


def would_change(
    verdict: Verdict,
    summaries: Sequence[VariantSummary],
    trials: Mapping[str, Sequence[TrialSummary]],
    by: Sequence[Criterion],
    findings: Findings,
) -> tuple[str, ...]:
    """Sentences, most important first; none where nobody is acceptable, or there is nobody to compare with."""
    if verdict.leader is None or not verdict.contests:
        return ()
    return (
        *(_carried(verdict, findings) if verdict.winner else _undeclared(verdict)),
        *_others_first(verdict, summaries, trials, by),
        *_if_missing(verdict, summaries, by),
    )


def _carried(verdict: Verdict, findings: Findings) -> list[str]:
    """The closest contest of a winner, and the cases without which it would not be won."""
    closest = verdict.closest
    if closest is None or closest.last is None:
        return []
    step = closest.last
    said = [f"The closest is `{closest.other}`: in `{step.criterion.metric}` {measured(step.finding, step.criterion)}."]
    pair = findings.pair(step.criterion.metric, closest.leader, closest.other)
    if not 1 < len(pair.cases) <= _MOST_CASES:
        return said
    carrying = [f"`{case}`" for case in pair.cases if not _holds_without(case, closest, step, findings)]
    if not carrying:
        said.append(f"Leaving out any one of the {len(pair.cases)} cases would not change it.")
    elif len(carrying) == len(pair.cases):
        said.append(f"It takes all {len(pair.cases)} cases: without any one of them it would not be established.")
    else:
        said.append(f"Without {listed(carrying).replace(' and ', ' or ')} it would not be established.")
    return said


def _holds_without(case: str | None, contest: Contest, step: Step, findings: Findings) -> bool:
    metric = step.criterion.metric
    pair = findings.pair(metric, contest.leader, contest.other).without(case)
    found = examine(pair, findings.better(metric), success=metric == SUCCESS_RATE)
    return state_of(found, step.criterion) == "better"


def _undeclared(verdict: Verdict) -> list[str]:
    """Criteria in which the leader and another are equal as measured, while nothing says what counts as equal."""
    found: dict[str, list[str]] = {}
    for contest in verdict.open:
        step = contest.last
        if step and not step.criterion.margin and step.finding.value == 0:
            found.setdefault(step.criterion.metric, []).append(f"`{contest.other}`")
    return [
        f"A margin for `{metric}` in `compare.margin` would let the next criterion decide against {listed(names)}, "
        "once enough trials show that the difference is within it."
        for metric, names in found.items()
    ]


def _others_first(
    verdict: Verdict,
    summaries: Sequence[VariantSummary],
    trials: Mapping[str, Sequence[TrialSummary]],
    by: Sequence[Criterion],
) -> list[str]:
    """Who would lead if another criterion came first."""
    leaders: dict[str, list[str]] = {}
    for criterion in by[1:]:
        first = rank(summaries, trials, [criterion, *(each for each in by if each != criterion)]).leader
        if first is not None and first != verdict.leader:
            leaders.setdefault(first, []).append(f"`{criterion.metric}`")
    return [
        f"If {listed(metrics).replace(' and ', ' or ')} came first, `{name}` would lead."
        for name, metrics in leaders.items()
    ]


def _if_missing(verdict: Verdict, summaries: Sequence[VariantSummary], by: Sequence[Criterion]) -> list[str]:
    """Missing trials that could turn the success rate, if that comes first."""
    rows = {row.name: row for row in summaries}
    leader = rows[verdict.ranking.order[0]]
    if not by or by[0].metric != SUCCESS_RATE:
        return []
    least = leader.passed / max(leader.trials, 1)
    others = [row for row in summaries if row.name != leader.name and leader.missing + row.missing]
    could = [row for row in others if (row.passed + row.missing) / max(row.trials, 1) > least]
    if not could:
        return []
    number = count(leader.missing + sum(row.missing for row in could), "missing trial")
    names = listed(f"`{row.name}`" for row in could)
    return [f"{number} could still turn the lead in `{SUCCESS_RATE}` over {names}."]
