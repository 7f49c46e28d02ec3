"""Reports as text and as files. The suffix of a file says which report it gets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pytest_parex.errors import ParexError
from pytest_parex.model import Comparison, Plan, Result
from pytest_parex.report import flat
from pytest_parex.report import markdown as markdown_report
from pytest_parex.report import page as page_report
from pytest_parex.report.material import Material
from pytest_parex.store.files import make_folder, write_atomically

NO_SECTIONS: Mapping[str, str] = MappingProxyType({})


def markdown(
    plan: Plan,
    comparison: Comparison,
    results: Sequence[Result],
    directory: Path | None = None,
    sections: Mapping[str, str] = NO_SECTIONS,
) -> str:
    """GitHub-flavoured Markdown of at most 65,000 characters. `directory`: the run directory, if it was moved.

    `sections`: additions, title → Markdown.
    """
    return markdown_report.render(_material(plan, comparison, results, directory, sections))


def page(
    plan: Plan,
    comparison: Comparison,
    results: Sequence[Result],
    directory: Path | None = None,
    sections: Mapping[str, str] = NO_SECTIONS,
    links: str = "",
) -> str:
    """One self-contained HTML file. `links`: how the run directory is reached from the page's folder."""
    return page_report.render(_material(plan, comparison, results, directory, sections), links)


def csv(plan: Plan, comparison: Comparison, results: Sequence[Result]) -> str:
    """One line per trial: outcome, cause, matrix values, checks, metrics, and seconds per phase."""
    return flat.render(_material(plan, comparison, results, None, NO_SECTIONS))


def json(comparison: Comparison) -> str:
    """The comparison itself; its keys are what scripts can rely on."""
    return comparison.model_dump_json(indent=2) + "\n"


def write(
    plan: Plan,
    comparison: Comparison,
    results: Sequence[Result],
    file: Path,
    sections: Mapping[str, str] = NO_SECTIONS,
    directory: Path | None = None,
) -> None:
    """Write the report that the file's suffix asks for, whole or not at all; its folder is made if need be.

    Raises ParexError for another suffix, and where the file cannot be written.
    """
    render = _RENDERERS.get(file.suffix)
    if render is None:
        raise ParexError(
            f"{file}: a report file ends in {', '.join(SUFFIXES)}; {file.suffix or 'nothing'!r} is none of them"
        )
    path = file.absolute()
    material = _material(plan, comparison, results, directory, sections)
    text = render(material, _links(path, material.directory))
    make_folder(path.parent)
    write_atomically(path, text)


_RENDERERS: dict[str, Callable[[Material, str], str]] = {
    ".json": lambda material, _: json(material.comparison),
    ".md": lambda material, _: markdown_report.render(material),
    ".html": page_report.render,
    ".csv": lambda material, _: flat.render(material),
}
SUFFIXES = tuple(_RENDERERS)
"""What `write` knows how to write."""


def _material(
    plan: Plan, comparison: Comparison, results: Sequence[Result], directory: Path | None, sections: Mapping[str, str]
) -> Material:
    return Material(plan, comparison, results, directory or Path(plan.directory), sections)


def _links(file: Path, directory: Path) -> str:
    """The way from a file to the run directory; empty if the file lies in it."""
    way = os.path.relpath(directory, file.parent)
    return "" if way == os.curdir else Path(way).as_posix()
