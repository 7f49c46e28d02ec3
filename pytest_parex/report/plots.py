"""Dot plots: one strip per variant, a dot per trial, a tick at the mean, all strips on one axis.

Positions are shares of the axis, so that a page can stretch the strips to any width and a text report can draw them
with characters. The axis starts at zero unless all values lie far from it; its ends are always written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from pytest_parex.compare import COUNTED, numbers
from pytest_parex.model import TrialSummary
from pytest_parex.report.material import Material
from pytest_parex.report.text import one_line, shortened

_TICKS = 4
_NAME = 30
_MOST_DOTS = 400
_CLOCK = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600)


@dataclass(frozen=True)
class Dot:
    """One trial: where it stands on the axis (0 to 1), and its value with unit."""

    at: float
    trial: TrialSummary
    text: str


@dataclass(frozen=True)
class Strip:
    """One variant's trials. `without`: how many counted trials have no number."""

    variant: str
    best: bool
    dots: tuple[Dot, ...]
    mean: float | None
    text: str
    without: int


@dataclass(frozen=True)
class Plot:
    """A metric over all variants; `ticks` are positions with their labels, empty where there is no room for one."""

    metric: str
    better: str | None
    ticks: tuple[tuple[float, str], ...]
    strips: tuple[Strip, ...]


def plots(material: Material) -> tuple[Plot, ...]:
    """A plot for each metric that a reader sees first and that some counted trial has."""
    made = (_plot(material, name) for name in material.headline_metrics)
    return tuple(plot for plot in made if plot is not None)


def decimal_step(least: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least)) if 0 < least < math.inf else least
    return next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= least), 10 * power)


def clock_step(least: float) -> float:
    """The next step that is round in seconds, minutes or hours."""
    if not 10 < least <= 3600 * 12:
        return decimal_step(least)
    return next(float(step) for step in _CLOCK if step >= least)


def _plot(material: Material, metric: str) -> Plot | None:
    counted = {
        row.name: [trial for trial in material.trials_of[row.name] if trial.outcome in COUNTED]
        for row in material.variants
    }
    values = [trial.metrics[metric] for trials in counted.values() for trial in trials if metric in trial.metrics]
    if not values:
        return None
    measure = material.measures[metric]
    seconds = numbers.in_seconds(metric, measure.unit)
    marks = ticks(min(values), max(values), clock_step if seconds else decimal_step)
    low, high = marks[0], marks[-1]

    def at(value: float) -> float:
        return min(1.0, max(0.0, (value - low) / (high - low)))

    strips = []
    means = [row.metrics[metric].mean for row in material.variants if metric in row.metrics]
    beside = [mean for mean in means if mean is not None]
    for row in material.variants:
        trials = [trial for trial in counted[row.name] if metric in trial.metrics]
        mean = row.metrics[metric].mean if metric in row.metrics else None
        strips.append(
            Strip(
                row.name,
                row.name == material.comparison.leader,
                tuple(
                    Dot(at(value), trial, numbers.metric(metric, value, measure.unit, values))
                    for trial in trials[:_MOST_DOTS]
                    for value in (trial.metrics[metric],)
                ),
                None if mean is None else at(mean),
                numbers.metric(metric, mean, measure.unit, beside),
                len(counted[row.name]) - len(trials),
            )
        )
    middle = len(marks) // 2 if len(marks) % 2 else -1
    labelled = {0, middle, len(marks) - 1}
    labels = tuple(
        (at(mark), numbers.metric(metric, mark, measure.unit, marks) if place in labelled else "")
        for place, mark in enumerate(marks)
    )
    return Plot(metric, measure.better, labels, tuple(strips))


def ticks(low: float, high: float, steps: Callable[[float], float] = decimal_step) -> tuple[float, ...]:
    """Round numbers that enclose the values, in equal steps; from zero unless the values lie far from it."""
    if low > 0 and low < high * 0.6:
        low = 0.0
    if high < 0 and high > low * 0.6:
        high = 0.0
    if low == high:
        low, high = (low, low + 1) if low == 0 else (low - abs(low) / 2, low + abs(low) / 2)
    step = steps((high - low) / _TICKS)
    if not math.isfinite(step) or low + step == low or high - step == high:
        return (low, high)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(float(f"{index * step:.12g}") for index in range(first, last + 1))


def as_text(plot: Plot, width: int = 40) -> list[str]:
    """The plot drawn with characters: `•` for a trial, `●` for several at one place, `┃` at the mean."""
    names = [shortened(one_line(strip.variant), _NAME) for strip in plot.strips]
    longest = max(map(len, names))
    lines = []
    for name, strip in zip(names, plot.strips, strict=True):
        places = [" "] * (width + 1)
        if strip.mean is not None:
            places[round(strip.mean * width)] = "┃"
        for dot in strip.dots:
            place = round(dot.at * width)
            places[place] = "•" if places[place] in " ┃" else "●"
        lines.append(f"{name:<{longest}}  │{''.join(places)}│  {strip.text}")
    first, last = plot.ticks[0][1], plot.ticks[-1][1]
    lines.append(f"{'':<{longest}}   {first}{last:>{max(1, width + 1 - len(first))}}")
    return lines
