"""From the results of a run to what they say about its variants. Pure: no files, no clock, no chance.

`outcomes` says what became of every planned trial, `metrics` summarises a variant, `ranking` puts variants in order,
`differences` compares two of them, `settings` says what was set differently, `verdict` words it, and `compare` puts all
of it together.
"""

from pytest_parex.compare.comparing import compare
from pytest_parex.compare.differences import difference
from pytest_parex.compare.metrics import SUCCESS_RATE, Measure, measures_of, summarise, value_of
from pytest_parex.compare.outcomes import COMPARED, COUNTED

__all__ = [
    "COMPARED",
    "COUNTED",
    "SUCCESS_RATE",
    "Measure",
    "compare",
    "difference",
    "measures_of",
    "summarise",
    "value_of",
]
