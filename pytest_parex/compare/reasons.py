"""Why the verdict is what it is, in sentences with numbers, each with the metrics and trials that it rests on.

The first says who is better, or leads, and by how much; the next ones what is established and what is not; then whether
that speaks of these cases or of cases like these, and what would settle what is open. Last comes what the reader must
know about trials that are missing, flaky, contaminated or were not selected. Names stand between backticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_parex.compare.caveats import Reason, caveats
from pytest_parex.compare.contests import Contest, Step, holds_beyond
from pytest_parex.compare.examining import LEVEL
from pytest_parex.compare.metrics import SUCCESS_RATE
from pytest_parex.compare.numbers import count, rate
from pytest_parex.compare.ranking import Criterion, signed, stand
from pytest_parex.compare.settling import least_cases, least_repeats
from pytest_parex.compare.verdict import Verdict
from pytest_parex.compare.wording import chance, listed, margin, measured, named, passed, standing
from pytest_parex.model import Evidence, Flaky, Settling, TrialSummary, VariantSummary

_SENTENCES = 4
"""Contests that are told one by one."""


@dataclass(frozen=True)
class Told:
    """What the sentences are made from."""

    verdict: Verdict
    rows: dict[str, VariantSummary]
    trials: Sequence[TrialSummary]
    by: Sequence[Criterion]

    @property
    def scope(self) -> str:
        """What the tests within cases speak of."""
        cases = {trial.case for trial in self.trials}
        if len(cases) > 1:
            return f"these {len(cases)} cases"
        return "this case" if cases - {None} else "this job"


def reasons(
    verdict: Verdict,
    summaries: Sequence[VariantSummary],
    trials: Sequence[TrialSummary],
    by: Sequence[Criterion],
    faults: Sequence[str],
    settling: Sequence[Settling],
    flaky: Sequence[Flaky],
) -> tuple[Reason, ...]:
    """All that belongs to the verdict, most important first. `faults`: why some criteria could not be used."""
    told = Told(verdict, {summary.name: summary for summary in summaries}, trials, by)
    if verdict.leader is not None:
        said = [*_lead(told), *_contests(told), *_scope(told), *_settled_by(told, settling)]
    elif verdict.ranking.equal:
        said = [_tie(told)]
    else:
        said = [Reason(_nobody(summaries))]
    return (
        *said,
        *map(Reason, faults),
        *caveats(summaries, trials, flaky),
    )


def _lead(told: Told) -> list[Reason]:
    ranking, rows = told.verdict.ranking, told.rows
    leader, deciding = ranking.order[0], ranking.decided_by
    verb = "is better than" if told.verdict.winner else "leads"
    if len(ranking.order) < 2:
        return [Reason(f"`{leader}` is the only variant: there is nothing to compare it with.")]
    second = ranking.order[1]
    if deciding is None:
        leads = "wins" if told.verdict.winner else "leads"
        text = f"`{leader}` {leads}: it is the only variant with a passed trial ({passed(rows[leader])})."
        return [Reason(text, Evidence(metrics=(SUCCESS_RATE,)))]
    equal = f"; in {listed(map(named, ranking.equal_before))} they are equal" if ranking.equal_before else ""
    evidence = Evidence(metrics=(deciding.metric, *(each.metric for each in ranking.equal_before)))
    without = [stand(_of(told.trials, name), deciding.metric).without for name in (leader, second)]
    if without[0] != without[1]:
        own, other = (f"{rate(float(share))} of its trials" for share in without)
        text = f"{own} against {other} failed without a number, which ranks worse than any number"
        lost = tuple(t.id for t in told.trials if t.outcome == "failed" and deciding.metric not in t.metrics)
        evidence = evidence.model_copy(update={"trials": lost})
    else:
        own, other = (standing(rows[name], deciding, rows.values()) for name in (leader, second))
        text = f"{own} against {other}"
    said = [Reason(f"`{leader}` {verb} `{second}`, the next, in `{deciding.metric}`: {text}{equal}.", evidence)]
    contest = told.verdict.contests.get(second)
    for step in contest.steps if contest else ():
        value = step.finding.value
        if (
            step.criterion == deciding
            and value is not None
            and signed(deciding, value) < 0
            and without[0] == without[1]
        ):
            pairs = count(step.finding.pairs, "case")
            said.append(
                Reason(
                    f"On the cases where both have numbers ({pairs}) the difference points the other way: "
                    "read it with care.",
                    evidence,
                )
            )
    return said


def _contests(told: Told) -> list[Reason]:
    verdict = told.verdict
    won = [each for each in verdict.contests.values() if each.won]
    said = [Reason(f"`{name}` has no counted trial, so that nothing is known about it.") for name in verdict.unknown]
    said += _open(told)
    if won:
        shown = [
            f"`{each.other}` in `{step.criterion.metric}`, {measured(step.finding, step.criterion)}"
            for each, step in _ended(won)
        ]
        metrics = dict.fromkeys(step.criterion.metric for _, step in _ended(won))
        said.append(Reason(f"Established at 5 %: better than {listed(shown)}.", Evidence(metrics=tuple(metrics))))
    return said


def _open(told: Told) -> list[Reason]:
    """What is not established, contest by contest; in one sentence where no test could be made at all."""
    ended = _ended(told.verdict.open)
    untested = [step for _, step in ended if step.finding.p is None and step.state == "open"]
    if ended and len(untested) == len(told.verdict.contests):
        metrics = tuple(dict.fromkeys(step.criterion.metric for step in untested))
        why = dict.fromkeys(step.finding.withheld for step in untested)
        deciding = told.verdict.ranking.decided_by
        named_last = deciding is None or metrics == (deciding.metric,)
        where = "" if named_last else f" in {listed(f'`{metric}`' for metric in metrics)}, which comes first"
        return [Reason(f"No difference is established{where}: {'; '.join(why)}.", Evidence(metrics=metrics))]
    said = [
        Reason(_not_established(contest, step), Evidence(metrics=(step.criterion.metric,)))
        for contest, step in ended[:_SENTENCES]
    ]
    if len(ended) > _SENTENCES:
        others = listed(f"`{contest.other}`" for contest, _ in ended[_SENTENCES:])
        said.append(Reason(f"Nor is it established against {others}."))
    return said


def _not_established(contest: Contest, step: Step) -> str:
    criterion, finding = step.criterion, step.finding
    metric, against = f"`{criterion.metric}`", f"Not established against `{contest.other}`"
    shown = measured(finding, criterion)
    if step.state == "equal":
        return f"{against}: they are equal within the margins in every criterion; in {named(criterion)} {shown}."
    if step.state == "worse":
        return f"{against}: on the cases that both have, `{contest.other}` is better in {metric}, {shown}."
    if finding.p is None:
        return f"{against} in {metric}: {finding.withheld}."
    if finding.worst and finding.p > LEVEL:
        return f"{against} in {metric}: {finding.withheld}; compared by ranks, {chance(finding.p)}."
    if finding.p <= LEVEL and criterion.margin:
        return (
            f"{against}: `{contest.leader}` is better in {metric}, {shown}, but not surely by more than the margin of "
            f"{margin(criterion)}, within which both count as equal."
        )
    if finding.value == 0:
        why = (
            f"the interval is not within the margin of {margin(criterion)}"
            if criterion.margin
            else "no margin says what counts as equal"
        )
        return f"{against}: in {metric} they are equal as measured, but {why}: {shown}."
    return f"{against} in {metric}: {shown}."


def _scope(told: Told) -> list[Reason]:
    """Which of the two questions is answered."""
    verdict = told.verdict
    if verdict.question is None:
        return []
    tested = [each.last.finding.cases for each in verdict.contests.values() if each.last and each.last.finding.question]
    cases = min(tested, default=0)
    if verdict.question == "cases like these":
        return [Reason(f"This speaks of cases like these: the tests go over {count(cases, 'case')}.")]
    steps = [step for each in verdict.contests.values() for step in each.steps if not holds_beyond(step)]
    wider = [step.finding.wider for step in steps if step.finding.wider is not None and step.state == "better"]
    if not verdict.winner:
        return [Reason(f"The tests speak of {told.scope}, not of others.")]
    if wider:
        beyond = f"is not established ({chance(max(wider))} over {count(cases, 'case')})"
    elif steps and all(step.state == "equal" for step in steps):
        equal = dict.fromkeys(f"`{step.criterion.metric}`" for step in steps)
        beyond = f"is not established (that they are equal in {listed(equal)})"
    else:
        beyond = f"cannot be tested with fewer than {least_cases()} cases"
    return [Reason(f"This speaks of {told.scope}; whether it holds on cases like these {beyond}.")]


def _settled_by(told: Told, settling: Sequence[Settling]) -> list[Reason]:
    """What would settle what is open."""
    closest = told.verdict.closest
    if not told.verdict.open or closest is None or closest.last is None:
        return []
    said = []
    step = closest.last
    if step.finding.p is None and step.finding.pairs:
        repeats = count(least_repeats(step.finding.pairs), "repeat")
        said.append(
            Reason(
                f"Before any test can tell, it takes {repeats} of each variant on {told.scope}, "
                f"or {least_cases()} cases. "
                f"More repeats would show whether it holds on {told.scope}, more cases whether it holds beyond."
            )
        )
    if settling:
        what = f"`{step.criterion.metric}` against `{closest.other}`"
        ways = " or ".join(_more(each, told.scope) for each in settling)
        said.append(
            Reason(
                f"If differences are as large as they look, {what} would be settled by {ways} "
                "(in half to nine tenths of simulated experiments).",
                Evidence(metrics=(step.criterion.metric,)),
            )
        )
    undeclared = step.finding.value == 0 and not step.criterion.margin
    if not said and step.finding.p is not None and step.state == "open" and not undeclared:
        said.append(Reason("More repeats or cases would tell more; how many, one repeat of a few cases cannot say."))
    return said


def _more(each: Settling, scope: str) -> str:
    noun = each.more.removesuffix("s")
    where = f"on {scope}" if each.question == "these cases" else "for cases like these"
    if each.half is None:
        return f"more than {count(each.most, f'more {noun}').replace('more more', 'more')} {where}"
    if each.nearly_all == each.half:
        return f"{count(each.half, f'more {noun}')} {where}"
    most = f"{each.nearly_all:,}" if each.nearly_all is not None else f"more than {each.most:,}"
    return f"{each.half:,} to {most} more {each.more} {where}"


def _tie(told: Told) -> Reason:
    names, by = told.verdict.ranking.equal, told.by
    who = listed(f"`{name}`" for name in names)
    if not by:
        return Reason(f"No variant leads: nothing ranks {who}.")
    what = listed(map(named, by))
    shown = standing(told.rows[names[0]], by[0], told.rows.values())
    closing = f", {shown} each" if len(by) == 1 and not by[0].margin else ""
    return Reason(
        f"No variant leads: {who} are equal in {what}{closing}. Another criterion in `compare.rank` could decide.",
        Evidence(metrics=tuple(criterion.metric for criterion in by)),
    )


def _ended(contests: Sequence[Contest]) -> list[tuple[Contest, Step]]:
    return [(each, each.last) for each in contests if each.last]


def _nobody(summaries: Sequence[VariantSummary]) -> str:
    counted = sum(row.counted for row in summaries)
    if not counted:
        return (
            f"No trial counts: none of {count(sum(row.trials for row in summaries), 'trial')} has a result that does."
        )
    return f"No variant has a passed trial: 0 of {count(counted, 'counted trial')} passed."


def _of(trials: Sequence[TrialSummary], variant: str) -> list[TrialSummary]:
    return [trial for trial in trials if trial.variant == variant]
