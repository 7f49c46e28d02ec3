"""How numbers are written for people: sensible digits, units, thousands, durations. Stored numbers are never rounded.

Numbers that are shown beside each other are given as `among`: they get the same decimals, and enough of them to see
that two of them differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pytest_parex.compare.metrics import SUCCESS_RATE

NONE = "–"
_OWN_UNITS = {"duration_s": "s", "cost_usd": "USD"}
_MONEY = frozenset({"usd", "$", "us$"})
_SECONDS = frozenset({"s", "sec", "second", "seconds"})


def number(value: float | None, unit: str | None = None, among: Iterable[float] = ()) -> str:
    """`1,234 lines`, `92.5 %`, `$0.12`, `3 min 4 s`; a dash for None."""
    if value is None:
        return NONE
    beside = [*among, value]
    if in_seconds("", unit):
        return duration(value, beside)
    if unit is not None and unit.lower() in _MONEY:
        sign = "-" if value < 0 else ""
        return f"{sign}${_fixed(abs(value), beside, digits=2, least=2)}"
    text = _fixed(value, beside)
    return f"{text} {unit}" if unit else text


def metric(name: str, value: float | None, unit: str | None = None, among: Iterable[float] = ()) -> str:
    """As `number`, with the units of parex's own metrics filled in: a success rate is a percentage."""
    if name == SUCCESS_RATE:
        return rate(value)
    return number(value, unit or _OWN_UNITS.get(name), among)


def in_seconds(name: str, unit: str | None) -> bool:
    """Whether the metric's numbers are shown as durations."""
    return (unit or _OWN_UNITS.get(name, "")).lower() in _SECONDS


def rate(value: float | None) -> str:
    """A share of one as a percentage; never rounded up to 100 % or down to 0 %."""
    if value is None:
        return NONE
    percent = value * 100
    if 99 < percent < 100 or 0 < percent < 1:
        return f"{min(99.9, max(0.1, percent)):.1f} %"
    return f"{percent:.0f} %"


def signed(name: str, value: float | None, unit: str | None = None) -> str:
    """A difference between two values of the metric, with its sign."""
    if value is None:
        return NONE
    return ("+" if value > 0 else "-" if value < 0 else "±") + distance(name, abs(value), unit)


def distance(name: str, value: float, unit: str | None = None) -> str:
    """How far two values of the metric are apart; of percentages in points, since a share of a share misleads."""
    if name == SUCCESS_RATE:
        return number(round(value * 100, 9), "points")
    return number(value, "points") if unit == "%" else metric(name, value, unit)


def span(low: str, high: str) -> str:
    """`+1 to +3 points`: the unit once, where both have the same after their only number."""
    (start, _, first), (_, _, last) = low.partition(" "), high.partition(" ")
    return f"{start} to {high}" if first == last and " " not in first else f"{low} to {high}"


def duration(value: float, among: Sequence[float] = ()) -> str:
    """Seconds as `12 ms`, `1.2 s`, `3 min 4 s` or `2 h 5 min`."""
    if value < 0:
        return "-" + duration(-value, among)
    if not math.isfinite(value):
        return f"{value:g} s"
    if round(value) >= 3600:
        hours, minutes = divmod(round(value / 60), 60)
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    if round(value) >= 60:
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    beside = [each for each in (*among, value) if abs(each) < 60]
    if max(map(abs, (*among, value))) < 0.9995:
        return f"{_fixed(value * 1000, [each * 1000 for each in beside], digits=2)} ms"
    return f"{_fixed(value, beside, digits=2)} s"


def decimals(values: Sequence[float], digits: int = 3) -> int:
    """Places after the point: the largest value gets this many digits, more where different values would look alike.

    Never more places than it takes to write all of them exactly.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite or all(float(value).is_integer() for value in finite):
        return 0
    largest = max(map(abs, finite))
    needed = max(0, digits - 1 - math.floor(math.log10(largest)))
    spread = max(finite) - min(finite)
    if 0 < spread < math.inf:
        needed = max(needed, min(-math.floor(math.log10(spread)), needed + 3))
    return next((places for places in range(needed) if all(round(value, places) == value for value in finite)), needed)


def _fixed(value: float, beside: Sequence[float], *, digits: int = 3, least: int = 0) -> str:
    """The value with the places of those beside it, and two digits of its own however small it is among them."""
    places = max(least, decimals(beside, digits), decimals([value], 2))
    largest = max((abs(each) for each in beside if math.isfinite(each)), default=0.0)
    if not math.isfinite(value) or largest >= 1e15 or places > 9:
        return f"{value:.3g}"
    return f"{value:,.{places}f}"


def count(quantity: int, noun: str, plural: str | None = None) -> str:
    """`1 trial`, `1,200 trials`."""
    return f"{quantity:,} {noun if quantity == 1 else plural or noun + 's'}"
