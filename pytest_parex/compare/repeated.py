"""What repeats say of a variant: pass@k, pass^k, and which cases are flaky.

With `c` of `n` repeats of a case passed, the chance that at least one of `k` passes is estimated without bias by
1 - C(n-c, k) / C(n, k) (Chen et al. 2021, "Evaluating large language models trained on code"), the chance that all of
them pass by C(c, k) / C(n, k) (Yao et al. 2024, "τ-bench"). Both are averaged over cases and matrix points, and given
for every k that all of them have enough counted repeats for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pytest_parex.compare.cells import cell_key
from pytest_parex.compare.outcomes import COUNTED
from pytest_parex.model import Flaky, TrialSummary

_MOST = 10


def pass_at(passed: int, trials: int, k: int) -> float:
    """Chance that at least one of `k` trials passes, when `passed` of `trials` did; `k` is at most `trials`."""
    return 1 - math.comb(trials - passed, k) / math.comb(trials, k)


def pass_all(passed: int, trials: int, k: int) -> float:
    """Chance that all of `k` trials pass."""
    return math.comb(passed, k) / math.comb(trials, k)


def chances(trials: Iterable[TrialSummary]) -> tuple[dict[int, float], dict[int, float]]:
    """pass@k and pass^k of one variant for k from 1 on; empty unless every case has at least two counted repeats."""
    counts = [(sum(trial.outcome == "passed" for trial in rows), len(rows)) for rows in _cells(trials)]
    most = min((number for _, number in counts), default=0)
    if most < 2:
        return {}, {}
    both = [
        {k: math.fsum(chance(passed, number, k) for passed, number in counts) / len(counts) for k in ks}
        for ks in (range(1, min(most, _MOST) + 1),)
        for chance in (pass_at, pass_all)
    ]
    return both[0], both[1]


def flaky(trials: Sequence[TrialSummary]) -> tuple[Flaky, ...]:
    """The cases on which the same variant both passed and failed, in the order of the plan."""
    found = []
    for variant in dict.fromkeys(trial.variant for trial in trials):
        for rows in _cells(trial for trial in trials if trial.variant == variant):
            passed = sum(trial.outcome == "passed" for trial in rows)
            if 0 < passed < len(rows):
                ids = tuple(trial.id for trial in rows)
                found.append(
                    Flaky(
                        variant=variant,
                        case=rows[0].case,
                        matrix=rows[0].matrix,
                        passed=passed,
                        failed=len(rows) - passed,
                        trials=ids,
                    )
                )
    return tuple(found)


def _cells(trials: Iterable[TrialSummary]) -> list[list[TrialSummary]]:
    cells: dict[str, list[TrialSummary]] = {}
    for trial in trials:
        if trial.outcome in COUNTED:
            cells.setdefault(cell_key(trial), []).append(trial)
    return list(cells.values())
