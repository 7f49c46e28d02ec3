"""Which session or script a request is played."""

from __future__ import annotations

import pytest
import yaml

from pytest_parex.model import Scalar
from pytest_parex.rehearsal import environment
from pytest_parex.testing import ScriptedModel

from .client import ask, result, said, user

SUBAGENT = {"x-claude-code-agent-id": "a1"}


@pytest.mark.parametrize(
    ("facts", "turn"),
    [
        ({"variant": "oop", "case": "a"}, "oop and a"),
        ({"variant": "oop", "case": "b"}, "oop"),
        ({"variant": "functional"}, "functional or reactive"),
        ({"variant": "reactive", "repeat": "2"}, "functional or reactive"),
        ({"variant": "new", "version": 3.1, "fast": True}, "fast 3.1"),
        ({"variant": "new", "version": "3.1", "fast": "true"}, "fast 3.1"),
        ({"variant": "new", "repeat": 2, "case": None}, "second without a case"),
        ({"variant": "new", "repeat": 2, "case": "a"}, "everybody else"),
        ({}, "everybody else"),
    ],
)
def test_the_first_session_that_fits_the_facts_is_played(facts: dict[str, Scalar], turn: str) -> None:
    sessions = [
        {"when": {"variant": "oop", "case": "a"}, "turns": ["oop and a"]},
        {"when": {"variant": "oop"}, "turns": ["oop"]},
        {"when": {"variant": ["functional", "reactive"]}, "turns": ["functional or reactive"]},
        {"when": {"version": 3.1, "fast": True}, "turns": ["fast 3.1"]},
        {"when": {"repeat": 2, "case": None}, "turns": ["second without a case"]},
        {"turns": ["everybody else"]},
    ]
    with ScriptedModel({"sessions": sessions}) as model:
        assert ask(model, facts=facts).text == turn


@pytest.mark.parametrize(
    "facts",
    [
        {"variant": "ä b: c\n%41", "workspace": "/tmp/Ü ß/=?&"},
        {"Model": "Opus", "model": "sonnet", "MODEL": "haiku"},
        {"größe": "1", "a b": "2", "a_b": "3", "a%20b": "4", "x-parex-variant": "5", "matrix-a": "6"},
        {"case": " leading and trailing ", "trial": "a--b--r2", "step": "3"},
    ],
)
def test_facts_arrive_as_they_were_given(facts: dict[str, str]) -> None:
    with ScriptedModel({}) as model:
        ask(model, facts=facts)

        assert model.requests[0].facts == facts


def test_a_fact_of_the_trial_is_stronger_than_an_axis_that_is_called_alike() -> None:
    with ScriptedModel({}) as model:
        ask(model, headers={"X-Parex-Variant": "oop", "x-parex-matrix-variant": "other"})

        assert model.requests[0].facts == {"variant": "oop"}


def test_workers_make_the_environment_from_the_url_alone() -> None:
    with ScriptedModel({}) as model:
        facts = {"variant": "oop"}

        assert environment(model.url, facts) == model.environment(facts)
        assert model.environment()["ANTHROPIC_BASE_URL"] == model.url


def test_a_trial_for_which_nothing_is_scripted_is_told_how_to_script_it() -> None:
    facts = {"variant": "oop", "case": "stp 1: a", "workspace": "/somewhere", "trial": "oop--stp-1"}
    with ScriptedModel({"sessions": [{"when": {"varient": "oop"}, "turns": ["never"]}]}) as model:
        text = ask(model, facts=facts).text

        assert text.startswith("Nothing is scripted for this trial: variant oop, case stp 1: a.\n")
        assert "`when` names `varient`; did you mean `variant`?" in text
        advice = yaml.safe_load(text[text.index("sessions:") :])
        assert ask(model, said("x"), user("y"), facts=facts).text == text

    with ScriptedModel(advice) as model:
        assert ask(model, facts=facts).text == "…"


def test_a_marker_in_a_prompt_chooses_a_script_from_there_on() -> None:
    script = {"sessions": [{"turns": ["1", "2"]}], "scripts": {"a": ["a1", "a2"], "b": ["b1"]}}
    begun = [user("Begin."), said("1"), user("Do [[script:a]]")]
    with ScriptedModel(script) as model:
        assert ask(model, *begun).text == "a1"
        assert ask(model, *begun, said("a1"), user("and?")).text == "a2"
        assert ask(model, *begun, said("a1"), user("[[script:a]] no, [[script:b]]")).text == "b1"
        assert ask(model, *begun, said("a1"), user("and?"), said("a2"), user("?")).text == "Done."


def test_a_marker_in_the_result_of_a_tool_chooses_nothing() -> None:
    script = {"sessions": [{"turns": [{"calls": [{"Bash": {}}]}, "2"]}], "scripts": {"a": ["never"]}}
    with ScriptedModel(script) as model:
        assert ask(model, user("Begin."), said(calls=1), result("[[script:a]]")).text == "2"


def test_a_script_that_does_not_exist_is_said_with_those_that_do() -> None:
    with ScriptedModel({"scripts": {"write": ["x"], "read": ["y"]}}) as model:
        assert (
            ask(model, user("[[script:wirte]]")).text
            == "There is no script `wirte`; the file has scripts: write, read."
        )
    with ScriptedModel({"sessions": [{"turns": ["x"]}]}) as model:
        assert ask(model, user("[[script:write]]")).text == "There is no script `write`; the file has no `scripts`."


def test_subagents_do_not_take_the_turns_of_the_agent_that_calls_them() -> None:
    with ScriptedModel({"sessions": [{"turns": ["for the agent"]}], "scripts": {"sub": ["for the subagent"]}}) as model:
        assert ask(model, headers=SUBAGENT).text == "Done."
        assert ask(model, user("[[script:sub]]"), headers=SUBAGENT).text == "for the subagent"


def test_the_answer_after_the_last_turn_is_given_again_and_again() -> None:
    again = {"text": "Again.", "calls": [{"Bash": {"command": "true"}}]}
    with ScriptedModel({"sessions": [{"turns": ["1"], "after": again}]}) as model:
        history = [user("Begin."), said("1"), user("?")]
        for _ in range(3):
            assert ask(model, *history).text == "Again."
            history += [said("Again.", calls=1), result()]

        assert [request.turn for request in model.requests] == [2, 3, 4]
