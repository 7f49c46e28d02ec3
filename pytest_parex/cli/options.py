"""Arguments and options that several verbs have."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_parex.errors import StoreError

spec_file = click.argument("spec", type=click.Path(path_type=Path))
spec_files = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
overrides = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override a value of the spec, for example repeats=3 or matrix.model=[a,b]. Can be given several times.",
)
runs_directory = click.option(
    "--dir",
    "directory",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where runs are stored; default: the nearest .parex here or in a folder above.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def found_runs(given: Path | None) -> Path:
    """The runs directory that is given, else the nearest `.parex` from here up; StoreError if there is none."""
    if given is not None:
        return given.absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".parex").is_dir():
            return folder / ".parex"
    raise StoreError(f"there are no stored runs in {here} or above it; name their folder with --dir")
