"""The published JSON Schema accepts what the loader accepts, and explains every key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pytest_parex.errors import SpecError
from pytest_parex.planning import expand
from pytest_parex.spec import load, schema

REPOSITORY = Path(__file__).parents[3]
EXAMPLES = sorted(path for path in (REPOSITORY / "examples").rglob("*.yaml") if "spec" in path.name)
VALID = [
    "variants: {a: x}",
    "variants: [simple, performance]",
    "variants: {a: }",
    "variants: {a: x}\ncases: '*.yaml'",
    "variants: {a: x}\ncases: {c: text, d: {area: 1}}",
    "variants: {a: x}\nsetup: auto\nrepeats: 3\ntimeout: 90",
    "variants: {a: x}\nsetup: [auto, make, {command: x, timeout: 5m}, {verify: y}]\nrepeats: {min: 2, max: 3}",
    "variants: {a: {setup: {auto: true, verify: x}, env: {A: 1, B: true, C: x}, runner: none}}\nrunner: {shell: x}",
    "variants: {a: x}\nmatrix: {m: [1, x, true, null], include: [{m: 2, n: 1}], exclude: [{variant: a, m: 1}]}",
    "variants: {a: x}\nchecks: {t: x, u: {python: a:b}}\nmetrics: {m: {json: x.json}}\nprotect: a\nartifacts: [b]",
    "variants: {a: x}\ngates: [{metric: cost_usd, at_most: 3}]\ncompare: {rank: cost_usd, margin: {cost_usd: 1}}",
]


@pytest.mark.parametrize("text", VALID, ids=range(len(VALID)))
def test_the_schema_accepts_what_the_loader_accepts(tmp_path: Path, text: str) -> None:
    (tmp_path / "spec.yaml").write_text(text)

    load(tmp_path / "spec.yaml")
    jsonschema.validate(yaml.safe_load(text), schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_fit_the_schema(file: Path) -> None:
    jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema())


@pytest.mark.parametrize(
    "text",
    [
        "task: x",
        "variants: {a: x}\nvarients: {}",
        "variants: {a: {promt: x}}",
        "variants: {a: x}\ndirty: maybe",
        "variants: {a: x}\nmatrix: {m: x}",
        "variants: {a: x}\nrunner: {a: 1, b: 2}",
        "variants: {a: x}\nretries: 100",
    ],
)
def test_the_schema_refuses_wrong_keys_and_values(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), schema())


def test_the_schema_is_plain_json_and_valid_itself() -> None:
    found = schema()

    jsonschema.Draft202012Validator.check_schema(found)
    assert json.loads(json.dumps(found)) == found


def test_every_key_is_explained() -> None:
    found = schema()
    objects: dict[str, Any] = {"": found, **found["$defs"]}

    missing = [
        f"{name}.{key}"
        for name, each in objects.items()
        for key, about in each.get("properties", {}).items()
        if not about.get("description")
    ]
    assert missing == []


def test_the_page_about_specs_names_every_key() -> None:
    page = (REPOSITORY / "docs" / "spec.md").read_text(encoding="utf-8")
    found = schema()
    objects = {"": found, **found["$defs"]}

    keys = {key for each in objects.values() for key in each.get("properties", {})}
    assert sorted(key for key in keys if f"`{key}`" not in page) == []


def test_the_faults_that_the_page_shows_are_said_like_this(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "spec.md").read_text(encoding="utf-8")
    (tmp_path / "limiter.yaml").write_text("variants: {a: x}\n\ndirty: snapshots\n")

    with pytest.raises(SpecError) as caught:
        load(tmp_path / "limiter.yaml")

    assert str(caught.value).removeprefix(f"{tmp_path}/") in page


def test_the_examples_of_the_page_are_valid(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "spec.md").read_text(encoding="utf-8")
    whole, matrix, gates = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "spec.yaml").write_text(whole + matrix + gates + "metrics: {coverage: {command: echo 1}}\n")

    read = load(tmp_path / "spec.yaml")
    assert len(read.gates) == 3
    assert [trial.id for trial in expand(read, {})] == [
        "functional--small",
        "functional--large--high",
        "oop--large--high",
    ]
