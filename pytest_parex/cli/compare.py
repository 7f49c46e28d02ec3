"""`parex compare`: what do stored runs say, together or one after the other?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from pytest_parex.cli import options
from pytest_parex.cli.history import history_lines
from pytest_parex.cli.stored import last_runs, named_run, read
from pytest_parex.compare import Part, history, join, measures_of, numbers
from pytest_parex.compare import compare as compare_one
from pytest_parex.model import Comparison, Plan, Result
from pytest_parex.report import SUFFIXES, json, terminal_reasons, terminal_table, visible, write
from pytest_parex.store import Run

_WIDEST = 120


@click.command(short_help="Compare stored runs, or show how variants did over time.")
@click.argument("run_names", metavar="RUN...", nargs=-1, required=True)
@click.option(
    "--baseline", metavar="RUN", help="The run that the others are compared with; default: the first. Never pooled."
)
@click.option(
    "--out",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also write the comparison there, by suffix: .md, .html, .json or .csv. Can be given several times.",
)
@click.option("--history", "over_time", is_flag=True, help="Show each variant of an experiment over its runs.")
@click.option("--last", metavar="N", type=click.IntRange(min=1), help="With --history: only the last N runs.")
@options.runs_directory
@options.as_json
def compare(
    run_names: tuple[str, ...],
    baseline: str | None,
    files: tuple[Path, ...],
    over_time: bool,
    last: int | None,
    directory: Path | None,
    as_json: bool,
) -> None:
    """Compare the variants of one stored run again, or of several runs of different days, specs or versions.

    RUN is an experiment (its latest run), EXPERIMENT@RUN-ID, or a run directory. Variants are joined by name if they
    were made from the same and graded alike; otherwise they are told apart by run.

    \b
    parex compare rate-limiter --out report.html
    parex compare rate-limiter@20261120-184210-3fa2 rate-limiter
    parex compare rate-limiter --history --last 5
    """
    _refuse(run_names, baseline, files, over_time, last)
    if over_time:
        found = history([read(run) for run in last_runs(run_names[0], directory, last)])
        click.echo(found.model_dump_json(indent=2) if as_json else "\n".join(history_lines(found)))
        return
    runs = [named_run(name, directory) for name in run_names]
    place = None
    if baseline is not None:
        place = _place(named_run(baseline, directory), runs)
    plan, comparison, results, pairs = _compared([read(run) for run in runs], place)
    for file in files:
        write(plan, comparison, results, file, directory=Path(plan.directory))
    if as_json:
        click.echo(json(comparison), nl=False)
        return
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    lines = [*terminal_table(comparison, width), *terminal_reasons(comparison, width), *_over_runs(comparison, pairs)]
    click.echo("\n".join([*lines, *map(str, files)]))


def _refuse(
    names: Sequence[str], baseline: str | None, files: Sequence[Path], over_time: bool, last: int | None
) -> None:
    if last is not None and not over_time:
        raise click.UsageError("--last goes with --history")
    if over_time and (len(names) > 1 or baseline is not None or files):
        raise click.UsageError("--history is of one experiment, and goes with --last, --dir and --json only")
    for file in files:
        if file.suffix not in SUFFIXES:
            raise click.UsageError(f"--out {file}: a report file ends in {', '.join(SUFFIXES)}")


def _place(baseline: Run, runs: list[Run]) -> int:
    """Where the baseline stands among the runs; it need not be named twice."""
    key = (baseline.plan.experiment.experiment, baseline.plan.run)
    for place, run in enumerate(runs):
        if (run.plan.experiment.experiment, run.plan.run) == key:
            if len(runs) == 1:
                raise click.UsageError("--baseline is the only run: name one to compare it with")
            return place
    runs.insert(0, baseline)
    return 0


def _compared(
    parts: list[Part], baseline: int | None
) -> tuple[Plan, Comparison, Sequence[Result], Sequence[tuple[str, str]]]:
    """One run as it is, several joined; and which variants are compared with themselves."""
    if len(parts) > 1:
        joined = join(parts, baseline)
        return joined.plan, joined.compared(), joined.results, joined.pairs
    (only,) = parts
    plan = only.plan.model_copy(update={"directory": str(only.directory)})
    return plan, compare_one(plan, only.results, only.not_selected), only.results, ()


def _over_runs(comparison: Comparison, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What changed for each variant that is told apart by run, against the same one in the baseline run."""
    units = measures_of(comparison)
    own = [each for each in comparison.differences if (each.a, each.b) in pairs]
    if own:
        yield from ("", "from run to run:")
    for each in own:
        unit = units[each.metric].unit
        known = [numbers.signed(each.metric, each.value, unit)]
        if each.low is not None and each.high is not None:
            ends = [numbers.signed(each.metric, end, unit) for end in (each.low, each.high)]
            known.append(f"95 % interval {' to '.join(ends)}")
        known.append(f"p = {each.p:.2g}" if each.p is not None else each.withheld or "not tested")
        yield visible(f"  {each.a} minus {each.b}, {each.metric}: {', '.join(known)}")
