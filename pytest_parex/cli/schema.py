"""`parex schema`: the JSON Schema of spec files."""

from __future__ import annotations

import json

import click

from pytest_parex import spec


@click.command(short_help="Print the JSON Schema of spec files, for editors.")
def schema() -> None:
    """Print the JSON Schema of spec files, so that an editor completes keys and explains them.

    \b
    parex schema > parex.schema.json
    # first line of a spec, for the YAML language server:
    # yaml-language-server: $schema=parex.schema.json
    """
    click.echo(json.dumps(spec.schema(), indent=2, ensure_ascii=False))
