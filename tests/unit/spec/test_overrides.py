"""`--parex-set KEY=VALUE` replaces any value before the spec is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_parex.errors import SpecError
from pytest_parex.model import Experiment
from pytest_parex.spec import load

SPEC = """\
variants:
  a: x
  v2.1: {prompt: y, env: {N: 1}}
matrix: {model: [s, o]}
repeats: 2
runner: {claude: {model: s}}
checks: {t: make}
cases: {c: {text: x}}
holdout: .
gates:
  - {metric: cost_usd, at_most: 1}
"""


def changed(folder: Path, *overrides: str, text: str = SPEC) -> Experiment:
    (folder / "spec.yaml").write_text(text)
    return load(folder / "spec.yaml", overrides)


@pytest.mark.parametrize(
    ("override", "data"),
    [
        ("repeats=3", {"repeats": {"min": 3, "max": 3}}),
        ("repeats.max=5", {"repeats": {"min": 2, "max": 5}}),
        ("timeout=90s", {"timeout": 90.0}),
        ("task=Fix: this # all", {"task": "Fix: this # all"}),
        ("task = a = b ", {"task": "a = b"}),
        ("task='12'", {"task": "12"}),
        ("runner.claude.model=o", {"runner": {"claude": {"model": "o"}}}),
        ("runner.claude.max_turns=4", {"runner": {"claude": {"model": "s", "max_turns": 4}}}),
        ("runner=none", {"runner": {"none": None}}),
        ("matrix.model=[x, 1]", {"matrix": {"include": (), "exclude": (), "model": ("x", 1)}}),
        ("holdout=", {"holdout": None}),
        ("workspace.keep=none", {"workspace.keep": "none"}),
        ("gates.0.at_most=2.5", {"gates.0.at_most": 2.5}),
        ("variants.v2.1.prompt=z", {"variants.v2.1.prompt": "z"}),
        ("variants.v2.1.env.N=3.10", {"variants.v2.1.env": {"N": "3.10"}}),
        ("variants.a.timeout=5", {"variants.a.prompt": "x", "variants.a.timeout": 5.0}),
        ("variants.new=w", {"variants.new.prompt": "w"}),
        ("checks.t.required=false", {"checks.t.command": "make", "checks.t.required": False}),
        ("cases={d: {text: y, k: 1}}", {"cases.d.k": 1}),
    ],
)
def test_a_value_is_replaced(tmp_path: Path, override: str, data: dict[str, Any]) -> None:
    dumped = changed(tmp_path, override).model_dump()

    assert {key: reach(dumped, key) for key in data} == data


def reach(data: Any, key: str) -> Any:
    parts = key.replace("v2.1", "v2·1").split(".")
    for part in parts:
        data = data[int(part)] if part.isdecimal() else data[part.replace("·", ".")]
    return data


def test_later_overrides_see_earlier_ones(tmp_path: Path) -> None:
    found = changed(
        tmp_path, "runner=claude", "runner.claude.model=x", "cases=", "metrics.m.command=c", "metrics.m.unit=ms"
    )

    assert found.model_dump()["runner"] == {"claude": {"model": "x"}}
    assert found.cases == {}
    assert (found.metrics["m"].command, found.metrics["m"].unit) == ("c", "ms")


@pytest.mark.parametrize(
    ("override", "place", "words"),
    [
        ("repeats", "1:1", "expected KEY=VALUE"),
        ("=3", "1:1", "expected KEY=VALUE"),
        ("cases=\0*", "1:1", "characters that no file can hold"),
        ("task=\udcff", "1:1", "characters that no file can hold"),
        ("a..b=3", "1:1", "a part of the key is empty"),
        ("repeats=0", "5:10", "found 0; allowed: 1 or more"),
        ("repeets=2", "1:1", "did you mean `repeats`?"),
        ("variants.a.timeout=soon", "2:6", "`variants.a.timeout`: found 'soon'"),
        ("variants.v2.1.promt=z", "3:9", "did you mean `prompt`?"),
        ("matrix.model=[a, b", "1:1", "not valid YAML"),
        ("matrix.model={a: 1, a: 2}", "1:1", "`a` is given twice"),
        ("matrix.model.x.y=1", "1:1", "`matrix.model` is a list of 2, counted from 0; found 'x'"),
        ("matrix.model.7=1", "1:1", "`matrix.model` is a list of 2"),
        ("matrix.model.0.x=1", "1:1", "`matrix.model.0` is no mapping"),
        ("holdout.x=1", "1:1", "`holdout` is no mapping"),
        ("gates.0.metric=cost", "11:14", "no metric 'cost'"),
        ("gates.0.variant=nobody", "11:5", "no variant 'nobody'"),
        ("task_file=gone.md", "1:1", "no file 'gone.md'"),
        ("retries=.nan", "1:1", "finite number"),
    ],
)
def test_a_fault_in_an_override_names_the_option(tmp_path: Path, override: str, place: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        changed(tmp_path, override)

    (fault,) = caught.value.faults
    assert (f"{fault.line}:{fault.column}", override.partition("=")[0] in fault.message) == (place, True), fault
    assert fault.message.startswith("--parex-set ")
    assert words in fault.message


def test_faults_of_the_file_do_not_name_an_option(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        changed(tmp_path, "retries=x", text=SPEC + "timeout: soon\n")

    assert [fault.message.startswith("--parex-set retries=x: ") for fault in caught.value.faults] == [True, False]


def test_an_override_can_mend_the_file(tmp_path: Path) -> None:
    assert changed(tmp_path, "timeout=3", text=SPEC + "timeout: soon\n").timeout == 3
