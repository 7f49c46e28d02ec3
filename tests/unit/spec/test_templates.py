"""Templates: filled in per trial, checked before there are any."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_parex.errors import SetupError
from pytest_parex.model import RunnerChoice
from pytest_parex.spec import Facts, check_template, render, render_options

NAMES: dict[str, Any] = {
    "variant": Facts("oop", {"name": "oop", "prompt": "Use classes"}),
    "case": Facts("stp-1", {"name": "stp-1", "title": "A plan", "items": [1, 2]}),
    "matrix": Facts("", {"model": "s", "flag": True, "nothing": None, "n": 1.5}),
    "repeat": 2,
    "trial": "oop--stp-1--r2",
    "experiment": "limiter",
}
KNOWN = {"variant": ["name"], "matrix": ["model"], "repeat": None, "trial": None}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain { text } # %", "plain { text } # %"),
        ("{{ variant }}/{{ case }}#{{ repeat }}", "oop/stp-1#2"),
        ("{{ case.title }}: {{ case.items | join(',') }}", "A plan: 1,2"),
        ("{{ matrix.model }}{{ matrix['n'] }}", "s1.5"),
        ("{{ matrix.flag }} {{ matrix.nothing }}", "true null"),
        ("{% if variant == 'oop' %}yes{% else %}no{% endif %}", "yes"),
        ("{% for axis in matrix %}{{ axis }},{% endfor %}", "model,flag,nothing,n,"),
        ("{{ case.missing | default('-') }}", "-"),
        ("{% if case.missing is defined %}x{% endif %}.", "."),
        ("keeps the last line\n{# note #}\n", "keeps the last line\n\n"),
        ("{{ trial.upper() }}", "OOP--STP-1--R2"),
        ("{{ '<&>' }}", "<&>"),
    ],
)
def test_a_template_is_filled_in(template: str, text: str) -> None:
    assert render(template, NAMES) == text


def test_lists_and_mappings_are_filled_in_to_any_depth() -> None:
    value = {"model": "{{ matrix.model }}", "steps": ["{{ repeat }}", {"n": 3, "on": True}], "none": None}

    assert render(value, NAMES) == {"model": "s", "steps": ["2", {"n": 3, "on": True}], "none": None}
    assert value["model"] == "{{ matrix.model }}"


@pytest.mark.parametrize(
    "template",
    [
        "{{ nobody }}",
        "{{ matrix.nobody }}",
        "{{ case['nobody'] }}",
        "{{ 1 / 0 }}",
        "{{ variant.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ case._facts.clear() }}",
        "{{ case.items.append(3) }}",
        "{{ range(10000000) }}",
        "{{ 'x' + 1 }}",
        "{% include 'x' %}",
    ],
)
def test_what_cannot_be_filled_in_ends_the_attempt_before_the_work(template: str) -> None:
    with pytest.raises(SetupError, match="cannot be filled in"):
        render(template, NAMES)


@pytest.mark.parametrize(
    "template",
    [
        "no template",
        "{{ variant }} {{ variant.name }} {{ matrix['model'] }}",
        "{{ case | default('none') }}",
        "{% if matrix.more is defined %}{{ matrix.more }}{% endif %}",
        "{% set x = 1 %}{{ x }}{% for y in [1] %}{{ y }}{{ loop.index }}{% endfor %}",
        "{{ range(3) | list }} {{ trial.upper() }}",
        "}} %}",
    ],
)
def test_a_template_with_known_names_is_right(template: str) -> None:
    assert check_template(template, KNOWN) == []


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ varaint }}", ["`varaint`", "known here: variant, matrix, repeat, trial", "`variant`?"]),
        ("{{ matrix.modle }}", ["`matrix.modle`", "did you mean `model`?", "known here: matrix.model"]),
        ("{{ matrix['modle'] }}", ["`matrix.modle`"]),
        ("a\n{{ b\n", ["not a template", "in line"]),
        ("{{ variant | nofilter }}", ["nofilter"]),
        ("{% import 'x' as y %}", ["{% import %}", "stands alone"]),
        ("{{ " + "(" * 5000 + ")" * 5000 + " }}", ["not a template"]),
    ],
)
def test_what_is_wrong_with_a_template_is_said(template: str, words: list[str]) -> None:
    (fault,) = check_template(template, KNOWN)

    assert [word for word in words if word not in fault] == [], fault


def test_commands_are_no_templates() -> None:
    command = "docker ps --format '{{.Names}}'"

    assert render_options(RunnerChoice(name="shell", options=command), NAMES) == command
    assert render_options(RunnerChoice(name="claude", options={"model": "{{ matrix.model }}"}), NAMES) == {"model": "s"}


def test_facts_of_a_name_are_not_mixed_up_with_methods() -> None:
    facts = Facts("x", {"keys": 1, "name": "x"})

    assert (str(facts), facts["keys"], list(facts), len(facts), "keys" in facts) == ("x", 1, ["keys", "name"], 2, True)
    assert facts == "x"
    assert facts != "y"
    assert facts != 3
    assert {facts, Facts("x", {})} == {facts}
    assert render("{{ case.keys }}", {"case": facts}) == "1"
