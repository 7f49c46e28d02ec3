"""The group of all verbs, and how their faults are shown: one message, an exit code, no traceback."""

from __future__ import annotations

from typing import Any

import click

from pytest_parex import __version__
from pytest_parex.cli.check import check
from pytest_parex.cli.compare import compare
from pytest_parex.cli.plan import plan
from pytest_parex.cli.run import run
from pytest_parex.cli.schema import schema
from pytest_parex.cli.show import show
from pytest_parex.errors import ParexError, SpecError

FAILED = 1
USAGE = 2
"""click's own, for a command line that cannot be understood."""
SPEC_FAULTS = 4
"""The same that pytest has for a usage error."""


class _Verbs(click.Group):
    """The verbs, in the order in which they are needed rather than by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SpecError as fault:
            click.echo(str(fault), err=True)
            ctx.exit(SPEC_FAULTS)
        except ParexError as fault:
            click.echo(f"parex: {fault}", err=True)
            ctx.exit(FAILED)


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        f"Exit codes: 0 done, {FAILED} a source or run is unusable, {USAGE} the command line is wrong, "
        f"{SPEC_FAULTS} the spec has faults. `parex run` ends with pytest's."
    ),
)
@click.version_option(__version__, prog_name="parex")
def main() -> None:
    """Run several ways of doing one job side by side, and learn which is better.

    \b
    parex check limiter.yaml        is the spec right?
    parex plan limiter.yaml         what would be run?
    parex run limiter.yaml -n 4     run it with pytest
    parex show limiter              what became of it?
    parex compare limiter --history how did it do before?
    """


for _verb in (check, plan, run, show, compare, schema):
    main.add_command(_verb)
