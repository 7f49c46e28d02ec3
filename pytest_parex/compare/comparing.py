"""From a plan and its results to the comparison: one pure function, the same to the byte for the same input."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_parex.compare.differences import from_baseline, from_first
from pytest_parex.compare.metrics import measures, summarise
from pytest_parex.compare.outcomes import summarise_trials
from pytest_parex.compare.ranking import criteria, rank
from pytest_parex.compare.settings import differing_settings
from pytest_parex.compare.verdict import reasons
from pytest_parex.model import Comparison, Plan, Result


def compare(plan: Plan, results: Sequence[Result], not_selected: Collection[str] = ()) -> Comparison:
    """Compare the variants of a run. `not_selected`: ids of trials that nobody asked for this time.

    The rows are the variants, best first; trials at different matrix points and on different cases are summarised
    together, since a variant is what can be adopted. Reports show the single points and cases beside it.
    """
    trials = summarise_trials(plan, results, not_selected)
    known = measures(plan, results)
    by_variant = {
        name: [trial for trial in trials if trial.variant == name] for name in dict.fromkeys(plan.experiment.variants)
    }
    summaries = [summarise(name, rows, known) for name, rows in by_variant.items()]
    by, faults = criteria(plan.experiment.compare, known)
    ranking = rank(summaries, by_variant, by)
    place = {name: position for position, name in enumerate(ranking.order)}
    summaries.sort(key=lambda row: place[row.name])
    metrics = [criterion.metric for criterion in by]
    counted = [row.name for row in summaries if row.counted]
    differences = from_first(trials, metrics, counted)
    if baseline := plan.experiment.compare.baseline:
        differences += from_baseline(trials, metrics, counted, baseline)
    return Comparison(
        experiment=plan.experiment.experiment,
        run=plan.run,
        verdict="leader only" if any(row.acceptable for row in summaries) else "no acceptable variant",
        leader=ranking.leader,
        reasons=reasons(ranking, summaries, trials, by, faults),
        rank=tuple(metrics),
        variants=tuple(summaries),
        differences=differences,
        trials=trials,
        settings=differing_settings(plan.experiment),
    )
