"""The report as one self-contained HTML file that works from `file://`.

No scripts, no fonts, no pictures, no requests: the content security policy of the page allows its own style sheet, by
digest, and nothing else. Jinja2 escapes every value, after everything that is printed went through `visible`, so that
hostile logs, diffs and names stay text. How much of each log and diff is shown shrinks as the number of trials grows:
a page of 500 trials stays under 5 MB, with links to the whole files.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pytest_parex.compare import numbers
from pytest_parex.report import details, established, overview, plots
from pytest_parex.report.cards import cards
from pytest_parex.report.material import Material
from pytest_parex.report.table import MARKS, Table
from pytest_parex.report.text import one_line, shortened, visible
from pytest_parex.report.words import commands, facts, headline, moment, rehearsal

_STRIP = 60
_PROMPT = 6_000
_MOST_ROWS = 300


@dataclass(frozen=True)
class Part:
    """A titled table of the page. `anchor` is what the contents link to."""

    anchor: str
    title: str
    table: Table
    lead: str = ""


@dataclass(frozen=True)
class Texts:
    """Long texts of the spec, shown folded."""

    task: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)


def render(material: Material, links: str = "") -> str:
    """The whole page. `links` leads from the page's folder to the run directory; empty if it lies in there."""
    style = resources.files("pytest_parex.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    anchors = {trial.id: f"t{place}" for place, trial in enumerate(material.comparison.trials, 1)}
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            comparison=material.comparison,
            experiment=material.plan.experiment,
            headline=headline(material.comparison),
            rehearsal=rehearsal(material.plan),
            style=Markup(style),
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            variants=overview.variants(material, _STRIP),
            plots=plots.plots(material),
            parts=_parts(material),
            failures=details.failures(material),
            groups=cards(material, anchors, links),
            sections=sorted(material.sections.items()),
            facts=facts(material),
            commands=commands(material.plan),
            texts=_texts(material),
            anchors=anchors,
        )
        + "\n"
    )


def _parts(material: Material) -> dict[str, Part]:
    """The tables that the template places, without those that have no rows."""
    every = (
        Part("outcomes", "Outcomes", overview.outcomes(material)),
        Part("points", "By matrix point", overview.points(material)),
        Part("checks", "Checks", overview.checks(material)),
        Part("settings", "Configuration differences", overview.settings(material)),
        Part("metrics", "Metrics", overview.metrics(material)),
        Part("differences", "Differences", established.differences(material)),
        Part("repeats", "Repeats", established.repeats(material)),
        Part("front", "Pareto front", established.front(material)),
        Part("changes", "Changes", details.changes(material)),
        Part("missing", "Missing trials", details.missing(material)),
        Part("contaminated", "Contaminated trials", details.contamination(material)),
    )
    return {part.anchor: _bounded(part) for part in every if part.table}


def _bounded(part: Part) -> Part:
    table = part.table
    if len(table.rows) <= _MOST_ROWS:
        return part
    left_out = len(table.rows) - _MOST_ROWS
    note = f"{numbers.count(left_out, 'row')} left out; comparison.json has them all. {table.note}"
    return Part(part.anchor, part.title, Table(table.columns, table.rows[:_MOST_ROWS], note.strip()))


def _texts(material: Material) -> Texts:
    experiment = material.plan.experiment
    prompts = {
        name: variant.prompt[:_PROMPT]
        for name, variant in experiment.variants.items()
        if variant.prompt and (len(variant.prompt.splitlines()) > 1 or len(variant.prompt) > 160)
    }
    return Texts((experiment.task or "")[:_PROMPT], prompts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pytest_parex.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(
        named=_named,
        moment=moment,
        one_line=one_line,
        shortened=shortened,
        percent=lambda share: f"{share * 100:.4g}%",
        count=numbers.count,
        stacked=stacked,
    )
    environment.globals.update(MARKS=MARKS)
    return environment


def _shown(value: Any) -> Any:
    """Everything that the template prints, before it is escaped."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _named(sentence: str) -> Markup:
    """A sentence of parex's own; the names between backticks become code."""
    parts = one_line(sentence, 4000).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )


def stacked(dots: tuple[plots.Dot, ...]) -> list[tuple[plots.Dot, int]]:
    """Each dot with its distance from the middle of the strip, in pixels, so that close dots stay apart."""
    taken: dict[int, int] = {}
    placed = []
    for dot in dots:
        place = round(dot.at * 80)
        above = taken.get(place, 0)
        taken[place] = above + 1
        step = (above % 5 + 1) // 2
        placed.append((dot, 5 * step * (-1 if above % 2 else 1)))
    return placed
