"""The comparison while a session is under way, for gates and tests that need it: all trials first, then compare.

Help first: whoever needs the comparison executes every trial that was asked for and that nobody has claimed, and only
then waits for those that other processes are executing. So it comes to an end in any order, mode and number of workers.
"""

from __future__ import annotations

from collections.abc import Collection

import pytest

from pytest_parex.compare import compare
from pytest_parex.model import Comparison, Result, Trial
from pytest_parex.plugin.execution import claimed
from pytest_parex.plugin.session import SESSION, Loaded
from pytest_parex.store import Run

NAMED = 5
"""Trials that a reason names."""
COMPARED = pytest.StashKey[dict[str, tuple[list[Result], Comparison]]]()
"""Experiment → the results that were compared last in this process, and what came of it."""


def finished_comparison(item: pytest.Item, loaded: Loaded, needed: Collection[str]) -> Comparison:
    """The comparison when all trials of the `needed` variants are done, by this item if nobody else does them.

    The item is skipped if one of them is not asked for in this session and has no stored result either.
    """
    run = loaded.run
    assert run is not None, "comparisons are of runs"
    own = [trial for trial in loaded.trials if trial.variant in needed]
    _skip_without(item, loaded, run, own)
    if loaded.left_out is None:
        _finish(item, loaded, run, [trial for trial in own if _is_asked(item, loaded, trial)])
    return _compare(item, loaded, run)


def _skip_without(item: pytest.Item, loaded: Loaded, run: Run, own: list[Trial]) -> None:
    lacking = [trial.id for trial in own if not _is_asked(item, loaded, trial) and run.result(trial.id) is None]
    if not lacking:
        return
    more = f" and {len(lacking) - NAMED:,} more" if len(lacking) > NAMED else ""
    pytest.skip(
        f"{len(lacking):,} of the {len(own):,} trials that it needs were not selected and have no stored result: "
        f"{', '.join(lacking[:NAMED])}{more}; select them too, or fill a run that has them (--parex-run)"
    )


def _is_asked(item: pytest.Item, loaded: Loaded, trial: Trial) -> bool:
    if loaded.left_out is not None:
        return trial.id not in loaded.left_out
    return (loaded.experiment.experiment, trial.id) in item.config.stash[SESSION].asked


def _finish(item: pytest.Item, loaded: Loaded, run: Run, trials: list[Trial]) -> None:
    compared, _ = item.config.stash.setdefault(COMPARED, {}).get(loaded.experiment.experiment, ([], None))
    settled = {result.trial.id for result in compared if loaded.settles(result)}
    under_way = []
    for trial in trials:
        if trial.id in settled or loaded.settles(run.result(trial.id)):
            continue
        with run.claim_if_free(trial.id) as is_claimed:
            if is_claimed:
                _execute(item, loaded, trial)
            else:
                under_way.append(trial)
    for trial in under_way:
        with run.claim(trial.id):
            _execute(item, loaded, trial)


def _execute(item: pytest.Item, loaded: Loaded, trial: Trial) -> None:
    with claimed(item, loaded, trial) as execution:
        execution.result()


def _compare(item: pytest.Item, loaded: Loaded, run: Run) -> Comparison:
    results = run.results()
    known = item.config.stash.setdefault(COMPARED, {})
    before = known.get(loaded.experiment.experiment)
    if before and before[0] == results:
        return before[1]
    not_asked = {trial.id for trial in loaded.trials if not _is_asked(item, loaded, trial)}
    comparison = compare(run.plan, results, not_asked)
    known[loaded.experiment.experiment] = (results, comparison)
    return comparison
