"""From the results of a run to what they say about its variants. Pure: no files, no clock, the same every time.

`outcomes` says what became of every planned trial, `metrics` summarises a variant, `ranking` puts variants in order.
`cells` lays two variants side by side and `examining` picks the method that their trials allow: `permutation` over
`arrangements` with intervals by `shapes` (and `skewness`), `passing` and `rates` for success, `means` for single
variants; whatever is drawn is drawn by `chance`. `contests` are the leader against each other, `verdict` decides them,
`settling` simulates what would; `reasons`, `caveats` and `changing` word it. `differences` (with `holm` and `effects`),
`summaries`, `repeated` and `pareto` are the tables; `settings` says what was set differently, `comparing` puts all of
it together, and `gates` judges what came of it. `joining` makes one of several runs, with `columns` for the variants
and `mismatches` for what is not the same in them; `histories` shows the runs of an experiment one after the other.
"""

from pytest_parex.compare.columns import Part
from pytest_parex.compare.comparing import compare, difference
from pytest_parex.compare.gates import Judgement, judge, judged_variants
from pytest_parex.compare.histories import Entry, History, VariantHistory, history
from pytest_parex.compare.joining import Joined, join
from pytest_parex.compare.metrics import SUCCESS_RATE, Measure, measures_of, summarise, value_of
from pytest_parex.compare.outcomes import COMPARED, COUNTED
from pytest_parex.compare.pareto import front

__all__ = [
    "COMPARED",
    "COUNTED",
    "SUCCESS_RATE",
    "Entry",
    "History",
    "Joined",
    "Judgement",
    "Measure",
    "Part",
    "VariantHistory",
    "compare",
    "difference",
    "front",
    "history",
    "join",
    "judge",
    "judged_variants",
    "measures_of",
    "summarise",
    "value_of",
]
