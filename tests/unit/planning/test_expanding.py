"""Trials of an experiment, and their ids."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_parex.model import Experiment, Trial
from pytest_parex.planning import expand, template_names
from pytest_parex.spec import render


def trials(**given: Any) -> tuple[Trial, ...]:
    return expand(Experiment.model_validate({"experiment": "x", "variants": {"a": "p"}, **given}), {})


def ids(**given: Any) -> list[str]:
    return [trial.id for trial in trials(**given)]


def test_parts_without_a_name_are_left_out_of_an_id() -> None:
    assert ids() == ["a"]
    assert ids(repeats=2) == ["a--r1", "a--r2"]
    assert ids(cases={"stp-1": "x"}) == ["a--stp-1"]
    assert ids(matrix={"model": ["s", "o"]}) == ["a--s", "a--o"]


def test_an_id_names_variant_case_axis_values_and_repeat_in_this_order() -> None:
    found = trials(
        variants={"oop": "x", "fun": "y"}, cases={"c1": "x", "c2": "y"}, matrix={"m": ["s"], "n": [3]}, repeats=2
    )

    assert [trial.id for trial in found] == [
        "oop--c1--s--3--r1", "oop--c1--s--3--r2", "oop--c2--s--3--r1", "oop--c2--s--3--r2",
        "fun--c1--s--3--r1", "fun--c1--s--3--r2", "fun--c2--s--3--r1", "fun--c2--s--3--r2",
    ]  # fmt: skip
    assert (found[1].variant, found[1].case, found[1].matrix, found[1].repeat) == ("oop", "c1", {"m": "s", "n": 3}, 2)


def test_adaptive_repeats_are_planned_to_their_end() -> None:
    assert ids(repeats={"min": 2, "max": 3}) == ["a--r1", "a--r2", "a--r3"]
    assert ids(repeats={"min": 1, "max": 1}) == ["a"]


def test_a_trial_knows_the_line_of_its_variant() -> None:
    experiment = Experiment.model_validate({"experiment": "x", "variants": {"a": "p", "generated": "q"}})

    assert [trial.line for trial in expand(experiment, {"a": 7})] == [7, 1]


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("openai/gpt 5", "openai-gpt-5"),
        ("a--b", "a-b"),
        ("-x-", "x"),
        ("Müller", "Muller"),
        (3, "3"),
        (3.10, "3.1"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_values_become_slugs(value: Any, part: str) -> None:
    assert ids(matrix={"m": [value]}) == [f"a--{part}"]


def test_values_that_would_look_the_same_get_a_hash() -> None:
    plain, slashed, other = ids(matrix={"m": ["a-b", "a/b", "c"]})

    assert (plain, other) == ("a--a-b", "a--c")
    assert re.fullmatch(r"a--a-b-[0-9a-f]{8}", slashed)


def test_hashes_do_not_depend_on_the_order_of_the_spec() -> None:
    values = ["a/b", "a:b", "A-B", 1, "1", True, "true", ""]

    assert sorted(ids(matrix={"m": values})) == sorted(ids(matrix={"m": values[::-1]}))


def test_more_variants_cases_and_values_leave_ids_alone() -> None:
    before = ids(cases={"c": "x"}, matrix={"m": ["a/b"]})

    after = ids(variants={"z": "q", "a": "p"}, cases={"d": "x", "c": "x"}, matrix={"m": ["other", "a/b"]})

    assert set(before) <= set(after)


def test_a_value_of_which_nothing_is_left_is_a_hash() -> None:
    (found,) = ids(matrix={"m": ["日本"]})

    assert re.fullmatch(r"a--[0-9a-f]{8}", found)


def test_points_with_different_axes_do_not_share_an_id() -> None:
    found = ids(matrix={"m": ["s"], "include": [{"m": "t", "x": "1"}, {"m": "t", "y": "1"}]})

    assert found[0] == "a--s"
    assert len(set(found)) == 3
    assert all(re.fullmatch(r"a--t--1-[0-9a-f]{8}", each) for each in found[1:])


def test_a_long_id_is_shortened_and_keeps_its_repeat() -> None:
    found = ids(cases={"c" * 60: "x"}, matrix={"m": ["v" * 60, "v" * 61]}, repeats=2)

    assert len(set(found)) == 4
    assert all(len(each) <= 104 and each.endswith(("--r1", "--r2")) for each in found)


def test_generated_variants_may_have_any_names() -> None:
    found = ids(variants={"a b": "x", "a/b": "y", "A B": "z"})

    assert len({each.casefold() for each in found}) == 3
    assert all(re.fullmatch(r"[\w.-]+", each) for each in found)


def test_excluded_trials_are_not_there() -> None:
    found = ids(
        variants={"a": "x", "b": "y"},
        cases={"c": "x", "d": "y"},
        matrix={"m": [1, 2], "exclude": [{"variant": "a", "case": "c"}, {"variant": "b", "m": 2}]},
    )

    assert found == ["a--d--1", "a--d--2", "b--c--1", "b--d--1"]


@given(
    st.lists(st.text(max_size=4), min_size=1, max_size=6, unique=True),
    st.lists(
        st.one_of(st.text(max_size=4), st.integers(-2, 2), st.booleans(), st.none()),
        min_size=1,
        max_size=6,
        unique_by=repr,
    ),
    st.integers(1, 2),
)
@settings(deadline=None, max_examples=60)
def test_ids_are_unique_names_of_files_whatever_the_values(names: list[str], values: list[Any], repeats: int) -> None:
    found = ids(variants=dict.fromkeys(names, "p"), matrix={"m": values}, repeats=repeats)

    assert len({each.casefold() for each in found}) == len(names) * len(values) * repeats
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", each, re.ASCII) and len(each) <= 104 for each in found)


def test_templates_know_the_facts_of_a_trial() -> None:
    experiment = Experiment.model_validate(
        {
            "experiment": "limiter",
            "variants": {"oop": {"prompt": "Use classes"}},
            "cases": {"c": {"file": "c.md", "area": "x"}},
            "matrix": {"model": ["s"], "on": [True]},
            "repeats": 2,
        }
    )
    trial = expand(experiment, {})[1]
    template = (
        "{{ experiment }} {{ trial }} {{ variant }} {{ variant.prompt }} {{ case }} {{ case.file }} {{ case.area }} "
        "{{ matrix.model }} {{ matrix.on }} {{ repeat }} {{ matrix }}"
    )

    assert render(template, template_names(experiment, trial)) == (
        "limiter oop--c--s--true--r2 oop Use classes c c.md x s true 2 model=s, on=True"
    )


def test_without_cases_templates_know_no_case() -> None:
    experiment = Experiment.model_validate({"experiment": "x", "variants": {"a": "p"}})

    assert "case" not in template_names(experiment, expand(experiment, {})[0])
