"""Correction for many pairs: Holm's step-down procedure (Holm 1979, Scandinavian Journal of Statistics 6:65).

For the table of all pairs, in which a reader looks for whatever stands out. The verdict does not use it: that the
leader is better than *every* other needs no correction, since all tests must hold (intersection–union; Berger 1982).
"""

from __future__ import annotations

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Each p-value corrected for all that are given, in their order."""
    found = [0.0] * len(p_values)
    most = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = most
    return found
