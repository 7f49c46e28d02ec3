"""Arguments and options that several verbs have."""

from __future__ import annotations

from pathlib import Path

import click

spec_file = click.argument("spec", type=click.Path(path_type=Path))
spec_files = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
overrides = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override a value of the spec, for example repeats=3 or matrix.model=[a,b]. Can be given several times.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
