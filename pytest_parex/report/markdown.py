"""The report as GitHub-flavoured Markdown that fits a pull request comment and a step summary."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_parex.compare.numbers import count
from pytest_parex.report import details, established, overview, plots
from pytest_parex.report.github import Section, code, fenced, fit, sentence, table_head, table_rows, text
from pytest_parex.report.material import Material
from pytest_parex.report.table import Table
from pytest_parex.report.text import one_line
from pytest_parex.report.words import commands, facts, headline, rehearsal

LIMIT = 65_000
"""Characters; GitHub refuses a comment of more than 65,536."""
_STRIP = 20
_LONG = 12
"""Tables of more rows are folded."""


def render(material: Material, limit: int = LIMIT) -> str:
    """The whole report; what had to be left out to fit `limit` characters is said where it was."""
    return "\n\n".join(map(str, fit(list(_sections(material)), limit - 1))) + "\n"


def _sections(material: Material) -> Iterator[Section]:
    comparison = material.comparison
    yield Section("", head=f"# {text(comparison.experiment)}: {sentence(headline(comparison))}")
    if warning := rehearsal(material.plan):
        yield Section("", head=f"**{text(warning)}**")
    if description := material.plan.experiment.description:
        yield Section("", head=text(description))
    yield Section("", rows=tuple(f"- {sentence(reason)}" for reason in comparison.reasons))
    if comparison.would_change:
        yield Section("What would change it", rows=tuple(f"- {sentence(each)}" for each in comparison.would_change))
    yield from _table("Variants", overview.variants(material, _STRIP))
    for plot in plots.plots(material):
        better = f" ({plot.better} is better)" if plot.better else ""
        body = fenced([one_line(line, 200) if len(line) > 200 else line for line in plots.as_text(plot)])
        yield Section("", rows=(f"{code(plot.metric)}{better}\n\n{body}",))
    yield from _table("Outcomes", overview.outcomes(material))
    yield from _table("By matrix point", overview.points(material))
    yield from _table("Checks", overview.checks(material))
    yield from _table("Configuration differences", overview.settings(material))
    yield from _table("Trials", details.trials(material))
    yield from _table("Metrics", overview.metrics(material))
    yield from _table("Differences", established.differences(material))
    yield from _table("Repeats", established.repeats(material))
    yield from _table("Pareto front", established.front(material))
    yield from _failures(material)
    yield from _table("Changes", details.changes(material))
    yield from _table("Missing trials", details.missing(material))
    yield from _table("Contaminated trials", details.contamination(material))
    yield Section(
        "How to reproduce",
        rows=(
            *(f"- {text(what)}: {code(command)}" for what, command in commands(material.plan)),
            *(f"- {text(name)}: {code(value)}" for name, value in facts(material)),
        ),
    )
    for title, body in sorted(material.sections.items()):
        yield Section(text(title), head="*Added by a plugin or conftest.py; not measured by parex.*\n", rows=(body,))


def _table(title: str, table: Table) -> Iterator[Section]:
    if table:
        yield Section(
            title if len(table.rows) <= _LONG else f"{title} ({len(table.rows):,})",
            head=table_head(table),
            rows=table_rows(table),
            foot=text(table.note) if table.note else "",
            folded=len(table.rows) > _LONG,
        )


def _failures(material: Material) -> Iterator[Section]:
    for group in details.failures(material):
        yield Section(
            f"Failures: {text(str(group.cause))} ({count(group.trials, 'trial')})",
            head=text(group.meaning),
            rows=tuple(map(_failure, group.failures)),
            joint="\n\n",
            foot=f"*{count(group.left_out, 'more message')}.*" if group.left_out else "",
        )


def _failure(failure: details.Failure) -> str:
    names = ", ".join(code(trial.id) for trial in failure.trials[:6])
    more = f" and {len(failure.trials) - 6:,} more" if len(failure.trials) > 6 else ""
    told = f": {code(one_line(failure.message))}" if failure.message else ""
    lines = f"\n\n{fenced(failure.lines)}\n\nFrom {code(failure.source)}" if failure.lines else ""
    return f"{names}{more}{told}{lines}"
