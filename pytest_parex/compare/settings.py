"""Configuration differences: what was set differently for the variants, setting by setting.

Only settings in which at least two variants differ are listed; a variant that does not set it has no entry there.
Long texts are shown by their first line and a digest, so that two prompts that begin alike still look different.
Values that look like secrets are hidden, by the same rule as in logs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pytest_parex.compare.numbers import duration
from pytest_parex.model import Experiment, Setup
from pytest_parex.store import redact
from pytest_parex.workspace import secrets

_LONG = 160
_ORDER = ("prompt", "source", "ref", "patch", "runner", "env", "files", "setup", "timeout")


def differing_settings(experiment: Experiment) -> dict[str, dict[str, str]]:
    """Setting → variant → value, for the settings that are not the same in all variants."""
    settings: dict[str, dict[str, str]] = {}
    for variant in experiment.variants:
        for name, value in _settings_of(experiment, variant):
            settings.setdefault(name, {})[variant] = value
    return {
        name: {variant: _shown(name, value) for variant, value in values.items()}
        for name, values in sorted(
            settings.items(), key=lambda each: (_ORDER.index(each[0].partition(".")[0]), each[0])
        )
        if len(values) < len(experiment.variants) or len(set(values.values())) > 1
    }


def _settings_of(experiment: Experiment, name: str) -> Iterator[tuple[str, str]]:
    variant = experiment.variants[name]
    runner = experiment.runner_of(name)
    single = {
        "prompt": variant.prompt,
        "source": variant.source,
        "ref": variant.ref,
        "patch": variant.patch,
        "runner": runner.name,
    }
    yield from ((key, value) for key, value in single.items() if value is not None)
    yield from _flat(f"runner.{runner.name}", runner.options)
    yield from ((f"env.{key}", value) for key, value in sorted({**experiment.env, **variant.env}.items()))
    yield from ((f"files.{path}", source) for path, source in sorted(variant.files.items()))
    yield "timeout", duration(variant.timeout or experiment.timeout)
    if setup := _steps(variant.setup or experiment.setup):
        yield "setup", setup


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Mappings key by key, everything else as one text."""
    if isinstance(value, dict):
        for key, inner in sorted(value.items(), key=lambda item: str(item[0])):
            yield from _flat(f"{name}.{key}", inner)
    elif value is not None:
        yield name, value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _steps(setup: Setup) -> str:
    commands = [step.command for step in setup.steps] + ([setup.verify.command] if setup.verify else [])
    return "; ".join((["auto"] if setup.auto else []) + commands)


def _shown(name: str, value: str) -> str:
    value = redact(value, secrets({name.rpartition(".")[2]: value}))
    lines = value.strip().splitlines() or [""]
    if len(lines) == 1 and len(lines[0]) <= _LONG:
        return lines[0]
    digest = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:8]
    more = f"{len(lines)} lines" if len(lines) > 1 else f"{len(lines[0])} characters"
    return f"{lines[0][:_LONG].rstrip()} … ({more}, digest {digest})"
