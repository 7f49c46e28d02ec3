"""Whatever a spec file holds: an experiment or a SpecError comes of it, never anything else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_parex.errors import Fault, SpecError
from pytest_parex.model import Experiment
from pytest_parex.planning import expand
from pytest_parex.spec import load

VALID: dict[str, Any] = {
    "experiment": "x",
    "task": "do {{ this }}",
    "variants": {"a": "{{ matrix.m }}", "b": {"env": {"A": 1}, "files": {"x": "."}, "timeout": "3m"}},
    "matrix": {"m": [1, "two"], "include": [{"m": 1, "n": 2}], "exclude": [{"variant": "a", "m": 1}]},
    "cases": {"c": {"text": "t", "area": "z"}},
    "repeats": {"min": 1, "max": 2},
    "workspace": {"kind": "clone", "ports": ["P"], "branch": "x/{{ trial }}"},
    "setup": ["auto", {"command": "x", "timeout": 3}, {"verify": "y"}],
    "runner": {"claude": {"model": "{{ matrix.m }}", "steps": ["a", "b"]}},
    "checks": {"t": "make", "u": {"python": "a:b", "required": False}},
    "metrics": {"m": {"json": "x.json", "path": "a.b", "better": "lower"}, "s": {"junit": "r.xml"}},
    "compare": {"baseline": "a", "rank": ["m", "s.passed"], "margin": {"m": 0.5}},
    "gates": [{"metric": "m", "variant": "a", "vs": "b", "at_most": 3}],
    "budget": {"usd": 3, "trial_usd": 1},
}
WORDS = sorted(
    {
        *Experiment.model_fields,
        "a",
        "b",
        "none",
        "auto",
        "prompt",
        "command",
        "json",
        "min",
        "..",
        "/",
        "{{ x }}",
        "",
        "🙂",
    }
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(WORDS),
    st.just(10**400),
    st.just("\x00"),
    st.just("{{ matrix"),
)
KEYS = st.one_of(st.sampled_from(WORDS), st.text(max_size=5))
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
FORGIVING = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])


def comes_to_an_end(content: bytes, name: str = "spec.yaml", overrides: tuple[str, ...] = ()) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_bytes(content)
        try:
            experiment = load(file, overrides)
        except SpecError as error:
            assert_readable(error.faults)
        else:
            ids = [trial.id for trial in expand(experiment, {})]
            assert len({each.casefold() for each in ids}) == len(ids) > 0
            assert Experiment.model_validate_json(experiment.model_dump_json()) == experiment


def assert_readable(faults: list[Fault]) -> None:
    assert faults
    for fault in faults:
        assert fault.line >= 1
        assert fault.column >= 1
        assert fault.message
        assert "Input should" not in fault.message
        assert "Value error" not in fault.message
        str(fault).encode("utf-8")


def as_yaml(data: Any) -> bytes:
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


def as_json(data: Any) -> bytes:
    return json.dumps(data).encode()


def spots(data: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [way, *(spot for key, value in inner for spot in spots(value, (*way, key)))]


def replaced(data: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[way[0]] = replaced(copy[way[0]], way[1:], value)
    return copy


def renamed(data: Any, way: tuple[Any, ...], key: str) -> Any:
    if len(way) == 1 and isinstance(data, dict):
        return {key if old == way[0] else old: value for old, value in data.items()}
    return replaced(data, way[:1], renamed(data[way[0]], way[1:], key)) if len(way) > 1 else data


def test_the_spec_that_is_changed_below_is_valid() -> None:
    comes_to_an_end(as_yaml(VALID))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "spec.json").write_bytes(as_json(VALID))
        assert load(Path(folder, "spec.json")).experiment == "x"


@given(st.binary(max_size=60))
@FORGIVING
def test_bytes(content: bytes) -> None:
    comes_to_an_end(content)


@given(st.text(alphabet="abA1 \n\t:-[]{}&*!|>'\"%@`,#?<=~.\\ux0$é\u2028\ufeff", max_size=60))
@FORGIVING
def test_text_of_the_signs_that_yaml_uses(text: str) -> None:
    comes_to_an_end(text.encode())
    comes_to_an_end(text.encode(), "spec.json")


PIECES = [
    *("variants:", " a:", " &x", " *x", " <<:", "\n", "  ", "- ", "{", "}", "[", "]", ",", "? ", ": ", "!!int ", "!t "),
    *("|\n", "'", '"', "\\U99999999", "%YAML 9.9\n", "---\n", "...\n", "matrix:", "1"),
]


@given(st.lists(st.sampled_from(PIECES)))
@FORGIVING
def test_pieces_of_yaml(pieces: list[str]) -> None:
    comes_to_an_end("".join(pieces).encode())


@given(DATA)
@FORGIVING
def test_any_structure(data: Any) -> None:
    comes_to_an_end(as_yaml(data))
    comes_to_an_end(as_json(data), "spec.json")


@given(st.dictionaries(st.sampled_from(sorted(Experiment.model_fields)), DATA, max_size=6))
@FORGIVING
def test_known_keys_with_any_values(data: Any) -> None:
    comes_to_an_end(as_yaml({"variants": {"a": "x"}, **data}))


@given(st.sampled_from([spot for spot in spots(VALID) if spot]), DATA)
@FORGIVING
def test_a_valid_spec_with_one_value_changed(way: tuple[Any, ...], value: Any) -> None:
    comes_to_an_end(as_yaml(replaced(VALID, way, value)))


@given(st.sampled_from([spot for spot in spots(VALID) if spot and isinstance(spot[-1], str)]), KEYS)
@FORGIVING
def test_a_valid_spec_with_one_key_changed(way: tuple[Any, ...], key: str) -> None:
    comes_to_an_end(as_json(renamed(VALID, way, key)), "spec.json")


@given(st.data())
@FORGIVING
def test_a_valid_spec_with_a_piece_cut_out_or_doubled(data: st.DataObject) -> None:
    text = as_yaml(VALID).decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))

    comes_to_an_end((text[:start] + text[end:]).encode())
    comes_to_an_end((text[:end] + text[start:]).encode())


@given(st.lists(st.one_of(st.text(max_size=20), st.builds("{}={}".format, KEYS, st.text(max_size=9))), max_size=3))
@FORGIVING
def test_any_overrides(overrides: list[str]) -> None:
    comes_to_an_end(as_yaml(VALID), overrides=tuple(overrides))
