"""Grading: protect → holdout → checks → metrics on captured work, and the judgement that follows from them.

What is read here was written by a variant, or by code that a variant could change. It may be huge, endless, deeply
nested, a trap for parsers or a link to elsewhere; every reader has bounds, and what cannot be read is a metric that is
missing with its reason, never a zero.
"""

from pytest_parex.grading.artifacts import collect_artifacts
from pytest_parex.grading.checks import run_checks
from pytest_parex.grading.holdout import holdout
from pytest_parex.grading.judgement import judge
from pytest_parex.grading.metrics import missing_reasons, own_metrics, read_metrics
from pytest_parex.grading.protection import protect

__all__ = [
    "collect_artifacts",
    "holdout",
    "judge",
    "missing_reasons",
    "own_metrics",
    "protect",
    "read_metrics",
    "run_checks",
]
