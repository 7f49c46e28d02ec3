"""The sentences of a report that no table holds: the headline, and how to run the experiment again."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

from pytest_parex.model import Comparison, Plan
from pytest_parex.report.material import Material


def headline(comparison: Comparison) -> str:
    """The verdict in a few words; names stand between backticks, as in the reasons."""
    if comparison.verdict == "winner":
        return f"Winner: `{comparison.winner}`"
    if comparison.verdict == "no acceptable variant":
        return "No acceptable variant"
    if comparison.leader is None:
        return "No leader: the best variants are equal"
    if sum(row.trials > 0 for row in comparison.variants) < 2:
        return f"`{comparison.leader}` was run alone"
    return f"`{comparison.leader}` leads, but that is not established"


def scope(comparison: Comparison) -> str:
    """What the verdict speaks of, and what would settle it, in a line; empty where there is nothing to say."""
    said = [f"speaks of {comparison.question}"] if comparison.question else []
    ways = [_way(each.half, each.nearly_all, each.most, each.more) for each in comparison.settling]
    if ways:
        said.append(f"{' or '.join(ways)} would settle it, if differences are as large as they look")
    return "; ".join(said)


def _way(half: int | None, nearly_all: int | None, most: int, what: str) -> str:
    if half is None:
        return f"more than {most:,} more {what}"
    if nearly_all == half:
        return f"{half:,} more {what.removesuffix('s') if half == 1 else what}"
    return f"{half:,} to {f'{nearly_all:,}' if nearly_all is not None else f'more than {most:,}'} more {what}"


def facts(material: Material) -> tuple[tuple[str, str], ...]:
    """What the run was made from, as pairs of a name and a text."""
    plan = material.plan
    held = sorted({result.containment for result in material.results if result.containment})
    return (
        ("run", plan.run),
        ("created", moment(plan.created)),
        ("spec", spec_path(plan)),
        *(
            (f"base{f' of {name}' if name else ''}", f"{base.commit[:12]} ({base.chosen}) of {base.source}")
            for name, base in sorted(plan.bases.items())
        ),
        ("stored in", _short(Path(plan.directory), plan)),
        *((("processes held by", ", ".join(held)),) if held else ()),
        *(
            (("versions", ", ".join(f"{name} {version}" for name, version in sorted(plan.versions.items()))),)
            if plan.versions
            else ()
        ),
        *(("notice", notice) for notice in plan.notices),
    )


def commands(plan: Plan) -> tuple[tuple[str, str], ...]:
    """How to do it again: what for, and the command."""
    if plan.joined:
        runs = dict.fromkeys(_short(Path(plan.directory, place).parents[1], plan) for place in plan.joined.values())
        return (("these runs together again", f"parex compare {shlex.join(runs)}"),)
    spec = shlex.quote(spec_path(plan))
    run = shlex.quote(f"{plan.experiment.experiment}@{plan.run}")
    rehearsed = f" {shlex.quote(f'--parex-rehearse={_short(Path(plan.rehearsal), plan)}')}" if plan.rehearsal else ""
    return (
        ("the whole experiment again", f"pytest --parex {spec}{rehearsed}"),
        ("what is missing, into this run", f"pytest --parex {spec}{rehearsed} --parex-run {run}"),
    )


def rehearsal(plan: Plan) -> str:
    """What a reader must know before anything else of a run whose agents were rehearsed; empty for one that is real."""
    if plan.rehearsal is None:
        return ""
    return f"A rehearsal: agents played {Path(plan.rehearsal).name}, so nothing here tells about a real model."


def moment(stored: str) -> str:
    """A stored time as people read it: `2026-11-20 18:42:10 UTC`."""
    try:
        return datetime.fromisoformat(stored).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return stored


def spec_path(plan: Plan) -> str:
    """Path of the spec, relative to the checkout that it lies in."""
    return _short(Path(plan.spec), plan)


def _short(path: Path, plan: Plan) -> str:
    for base in plan.bases.values():
        if base.checkout and path.is_relative_to(base.checkout):
            return str(path.relative_to(base.checkout))
    return str(path)
