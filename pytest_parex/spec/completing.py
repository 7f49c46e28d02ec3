"""What a spec leaves to its reader: the experiment's name, files that a glob means, numbers that are meant as text."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_parex.errors import Fault
from pytest_parex.model import STRATEGIES
from pytest_parex.spec.document import Document, Keys
from pytest_parex.spec.nearest import meant
from pytest_parex.spec.slugs import slug
from pytest_parex.spec.wording import shown

_STRATEGIES_ALLOWED = f"in a list, the built-in strategies {', '.join(STRATEGIES)}; for your own write `name: text`"


def complete(document: Document, folder: Path) -> Iterator[Fault]:
    """Complete the document's data in place; yields what is wrong with strategies and globs."""
    data = document.data
    data.setdefault("experiment", slug(Path(document.file).stem) or "experiment")
    _keep_as_written(document, ("env",))
    if isinstance(data.get("variants"), list):
        yield from _find_strategies(document)
    variants = data.get("variants")
    if isinstance(variants, dict):
        for name, variant in variants.items():
            if isinstance(variant, dict):
                _keep_as_written(document, ("variants", name, "env"))
                _merge_setup(data, variant)
    if isinstance(data.get("cases"), str):
        yield from _find_cases(document, folder)


def _keep_as_written(document: Document, path: Keys) -> None:
    """Numbers in an environment are text: `3.10` is no number there."""
    env: Any = document.data
    for key in path:
        env = env.get(key) if isinstance(env, dict) else None
    if isinstance(env, dict):
        for name, value in env.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                env[name] = document.written.get((*path, name), value)


def _merge_setup(data: dict[str, Any], variant: dict[str, Any]) -> None:
    """Where both are mappings, a variant's setup is merged over the experiment's."""
    common, own = data.get("setup"), variant.get("setup")
    if isinstance(common, dict) and isinstance(own, dict) and not {"command"} & {*common, *own}:
        variant["setup"] = {**common, **own}


def _find_strategies(document: Document) -> Iterator[Fault]:
    names = document.data["variants"]
    document.data["variants"] = {}
    for index, name in enumerate(names):
        path: Keys = ("variants", index)
        if not isinstance(name, str):
            yield document.at(path, f"`variants[{index}]`: found {shown(name)}; allowed: {_STRATEGIES_ALLOWED}")
            continue
        if name not in STRATEGIES:
            hint = meant(name, STRATEGIES)
            yield document.at(path, f"`variants[{index}]`: found {name!r}; allowed: {_STRATEGIES_ALLOWED}{hint}")
        elif name in document.data["variants"]:
            yield document.at(path, f"`variants[{index}]`: `{name}` is named twice")
        document.data["variants"].setdefault(name, STRATEGIES.get(name))
        if path in document.values:
            document.keys["variants", name] = document.values["variants", name] = document.values[path]
    if names and not document.data["variants"]:
        document.data["variants"] = {"unnamed": None}


def _find_cases(document: Document, folder: Path) -> Iterator[Fault]:
    pattern = document.data.pop("cases")
    path: Keys = ("cases",)
    if Path(pattern).is_absolute():
        yield document.at(path, f"`cases`: found {pattern!r}; allowed: a pattern relative to the folder of the spec")
        return
    names = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - a Path would refuse `../stps/*.md`
    found = [name for name in names if (folder / name).is_file()]
    if not found:
        yield document.at(path, f"`cases`: no file beside the spec matches {pattern!r}")
    cases: dict[str, Any] = {}
    for file in sorted(found, key=_natural):
        name = slug(Path(file).stem) or "case"
        if name in cases:
            yield document.at(
                path,
                f"`cases`: {cases[name]['file']} and {file} would both be called `{name}`; "
                "name them: `cases: {name: {file: …}}`",
            )
        cases[name] = {"file": file}
    document.data["cases"] = cases


def _natural(text: str) -> list[tuple[int, str]]:
    """stp-2 before stp-10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]
