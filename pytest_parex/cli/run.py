"""`parex run`: `pytest --parex`, for those who do not think of pytest first."""

from __future__ import annotations

import sys

import click

from pytest_parex.processes import replace_with


@click.command(
    short_help="Run an experiment with pytest.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("spec")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGS]...")
def run(spec: str, pytest_args: tuple[str, ...]) -> None:
    """Become `python -m pytest --parex SPEC [PYTEST ARGS]`: everything after SPEC is pytest's.

    \b
    parex run limiter.yaml
    parex run limiter.yaml -n 4 -k oop
    parex run limiter.yaml --parex-set repeats=3
    """
    replace_with([sys.executable, "-m", "pytest", "--parex", spec, *pytest_args])
