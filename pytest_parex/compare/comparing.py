"""From a plan and its results to the comparison: one pure function, the same to the byte for the same input.

numpy and scipy take half a second to load, and only those who compare need them: that is why this module imports the
others when it is called. Everything else in a session and of the command line goes without.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_parex.compare.metrics import measures, measures_of, summarise
from pytest_parex.compare.outcomes import summarise_trials
from pytest_parex.compare.pareto import default_metrics, front_of
from pytest_parex.compare.ranking import criteria, rank
from pytest_parex.compare.repeated import flaky
from pytest_parex.compare.settings import differing_settings
from pytest_parex.model import Comparison, Difference, Plan, Result, TrialSummary


def compare(plan: Plan, results: Sequence[Result], not_selected: Collection[str] = ()) -> Comparison:
    """Compare the variants of a run. `not_selected`: ids of trials that nobody asked for this time.

    The rows are the variants, best first; trials at different matrix points and on different cases are summarised
    together, since a variant is what can be adopted. Reports show the single points and cases beside it.
    """
    from pytest_parex.compare.changing import would_change
    from pytest_parex.compare.differences import differences
    from pytest_parex.compare.findings import Findings
    from pytest_parex.compare.reasons import reasons
    from pytest_parex.compare.summaries import with_chance
    from pytest_parex.compare.verdict import decide, what_settles

    settings = plan.experiment.compare
    trials = summarise_trials(plan, results, not_selected)
    known = measures(plan, results)
    rows = _by_variant(trials, plan.experiment.variants)
    summaries = [with_chance(summarise(name, own, known), own) for name, own in rows.items()]
    by, faults = criteria(settings, known)
    ranking = rank(summaries, rows, by)
    place = {name: position for position, name in enumerate(ranking.order)}
    summaries.sort(key=lambda row: place[row.name])
    findings = Findings(rows, known)
    verdict = decide(ranking, summaries, by, findings)
    settling = what_settles(verdict, findings)
    unsteady = flaky(trials)
    said = reasons(verdict, summaries, trials, by, faults, settling, unsteady)
    metrics = [criterion.metric for criterion in by]
    on_front = default_metrics(metrics, known)
    return Comparison(
        experiment=plan.experiment.experiment,
        run=plan.run,
        verdict=verdict.verdict,
        winner=verdict.winner,
        leader=verdict.leader,
        question=verdict.question,
        reasons=tuple(reason.text for reason in said),
        evidence=tuple(reason.evidence for reason in said),
        would_change=would_change(verdict, summaries, rows, by, findings),
        settling=settling,
        rank=tuple(metrics),
        variants=tuple(summaries),
        differences=differences(findings, metrics, [row.name for row in summaries if row.counted], settings.baseline),
        front=front_of(summaries, known, on_front) if len(on_front) > 1 else None,
        flaky=unsteady,
        trials=trials,
        settings=differing_settings(plan.experiment),
    )


def difference(comparison: Comparison, metric: str, a: str, b: str) -> Difference:
    """Variant `a` minus variant `b` in any metric of a finished comparison, also one that does not rank."""
    from pytest_parex.compare.differences import between
    from pytest_parex.compare.findings import Findings

    for known in comparison.differences:
        if (known.metric, known.a, known.b) == (metric, a, b):
            return known
    return between(Findings(_by_variant(comparison.trials, (a, b)), measures_of(comparison)), metric, a, b)


def _by_variant(trials: Sequence[TrialSummary], names: Collection[str]) -> dict[str, list[TrialSummary]]:
    rows: dict[str, list[TrialSummary]] = {name: [] for name in names}
    for trial in trials:
        if trial.variant in rows:
            rows[trial.variant].append(trial)
    return rows
